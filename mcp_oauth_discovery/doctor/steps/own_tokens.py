"""Does the endpoint judge the tokens that this project signs by every rule?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import phrase, shown
from mcp_oauth_discovery.doctor.walk.challenges import bearer_of
from mcp_oauth_discovery.doctor.walk.credentials import Token
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.tokens import (
    OF_THE_REQUEST,
    is_admitted,
    is_let_in,
    is_refused,
    needed_scopes,
)

BAD = (Token.OTHER_AUDIENCE, Token.EXPIRED, Token.OTHER_TYPE)

TOKEN_OWN_REFUSED = Entry(
    code="token-own-refused",
    severity=Severity.ERROR,
    seen=_("The endpoint refuses a valid token of this site: clients sign in, then get 401 again."),
    expected=_("a token for this resource is let in"),
    section="RFC 9068 §4",
    clients=EVERY,
    fix=_("Correct what the rules that refuse the token name."),
    django_fix=_(
        "Correct what the rules that refuse the token name. manage.py mcp_discovery token explains "
        "a token in full."
    ),
)
TOKEN_OWN_DOUBTED = Entry(
    code="token-own-doubted",
    severity=Severity.INFO,
    seen=_("The endpoint refuses a token that this site signed for it. The doctor cannot see why."),
    expected=_(
        "a token for this resource is let in, if this site issues the tokens of the endpoint"
    ),
    section="RFC 9068 §4",
    fix=_(
        "If the endpoint takes tokens of another kind, or only some users, this is right. "
        "Otherwise clients sign in, and then get the same answer: compare its rules with those of "
        "verify_jwt()."
    ),
)
TOKEN_AUDIENCE_UNCHECKED = Entry(
    code="token-audience-unchecked",
    severity=Severity.CRITICAL,
    seen=_("A token for another resource is let in."),
    expected=_("401: a token for one service must not open another"),
    section="RFC 9068 §4, MCP authorization, token handling",
    fix=_("Compare aud of every token with the identifier of the resource, and refuse all others."),
    django_fix=_(
        "Pass the identifier of the resource to verify_jwt(audience=…), or protect the view with "
        "bearer_required."
    ),
)
TOKEN_EXPIRY_UNCHECKED = Entry(
    code="token-expiry-unchecked",
    severity=Severity.CRITICAL,
    seen=_("A token that expired a month ago is let in."),
    expected=_("401: a stolen token must not stay valid forever"),
    section="RFC 9068 §4, RFC 7519 §4.1.4",
    fix=_("Refuse tokens whose exp is in the past."),
    django_fix=_("Verify tokens with verify_jwt(), or protect the view with bearer_required."),
)
TOKEN_TYPE_UNCHECKED = Entry(
    code="token-type-unchecked",
    severity=Severity.ERROR,
    seen=_("An ID token (typ JWT) is let in as an access token."),
    expected=_("401: only typ at+jwt is an access token of this site"),
    section="RFC 9068 §4, RFC 8725 §3.11",
    fix=_("Refuse tokens whose typ is not at+jwt."),
    django_fix=_("Verify tokens with verify_jwt(), or protect the view with bearer_required."),
)
TOKEN_SCOPE_UNCHECKED = Entry(
    code="token-scope-unchecked",
    severity=Severity.WARNING,
    seen=_("A token without any scope is let in, although the challenge names scopes."),
    expected=_("403 with error=insufficient_scope"),
    section="RFC 6750 §3.1",
    fix=_(
        "Refuse tokens without the scope that the challenge names. If only some operations need "
        "it, leave it out of the challenge to other requests."
    ),
)
TOKEN_SCOPE_REFUSAL = Entry(
    code="token-scope-refusal",
    severity=Severity.ERROR,
    seen=_("A token without the needed scope is not refused with 403 and insufficient_scope."),
    expected=_('403 with WWW-Authenticate: Bearer error="insufficient_scope", scope="…"'),
    section="RFC 6750 §3.1, MCP authorization, scope challenge handling",
    clients=EVERY,
    fix=_(
        "Answer 403 with insufficient_scope to a token without the needed scope. After a 401 the "
        "client signs in again and again, and a 403 without insufficient_scope is final."
    ),
    django_fix=_(
        "Answer with mcp_oauth_discovery.challenge.insufficient_scope(request, scope) to a token "
        "without the needed scope. After a 401 the client signs in again and again, and a 403 "
        "without a challenge is final."
    ),
)
TOKEN_SCOPE_UNNAMED = Entry(
    code="token-scope-unnamed",
    severity=Severity.WARNING,
    seen=_("The 403 for insufficient scope does not name the scope."),
    expected=_("scope, with all that the request needs"),
    section="RFC 6750 §3.1, MCP authorization, scope challenge handling",
    fix=_("Add scope to the challenge of the 403: clients request what it names."),
)
ENTRIES = (
    TOKEN_OWN_REFUSED,
    TOKEN_OWN_DOUBTED,
    TOKEN_AUDIENCE_UNCHECKED,
    TOKEN_EXPIRY_UNCHECKED,
    TOKEN_TYPE_UNCHECKED,
    TOKEN_SCOPE_UNCHECKED,
    TOKEN_SCOPE_REFUSAL,
    TOKEN_SCOPE_UNNAMED,
)


def own(walk: Walk) -> Iterator[Finding]:
    """Report a good token of this project that is refused, and bad ones that are let in."""
    good = walk.tokens.get(Token.OWN)
    if good is not None and is_refused(good):
        observation = listed({Token.OWN: good.status})
        explanation = walk.explanations.get(Token.OWN, ())
        rules = {refusal.rule for refusal in explanation}
        # Which users there are, and in which claim, is a matter of the project.
        refusals = [refusal for refusal in explanation if refusal.rule not in ("user", "verify")]
        if refusals:
            problems = [phrase(refusal.problem) for refusal in refusals]
            fixes = dict.fromkeys(refusal.fix for refusal in refusals if refusal.fix)
            text = "\n".join([observation, *problems])
            yield finding(TOKEN_OWN_REFUSED, walk.url, text, fix=" ".join(fixes))
        elif "verify" not in rules:
            # A verifier of the project may know the tokens that it issued, and accept no others.
            reason = (
                gettext("Its user is not found.")
                if explanation
                else gettext("The doctor cannot see why.")
            )
            yield finding(TOKEN_OWN_DOUBTED, walk.url, f"{observation} {reason}")
    entries = (TOKEN_AUDIENCE_UNCHECKED, TOKEN_EXPIRY_UNCHECKED, TOKEN_TYPE_UNCHECKED)
    for kind, entry in zip(BAD, entries, strict=True):
        exchange = walk.tokens.get(kind)
        if exchange and _passes(exchange, good):
            yield finding(entry, walk.url, admission(entry.seen, exchange))


def listed(statuses: dict[Token, int]) -> str:
    # Translators: a status, and the token that it answers, such as "a made-up token".
    text = gettext("%(status)d to %(token)s")
    values = ({"status": status, "token": gettext(kind.value)} for kind, status in statuses.items())
    return f"{', '.join(text % value for value in values)}."


def admission(seen: str, exchange: Exchange) -> str:
    """Return a marked text, translated, and how the answer shows that the token is let in."""
    if exchange.status in OF_THE_REQUEST:
        shows = gettext("The answer is %(status)d for the empty body, not 401 for the token.")
    elif is_let_in(exchange):
        shows = gettext("The answer is %(status)d, not 401.")
    else:
        shows = gettext("The answer is %(status)d, as to a valid token.")
    return f"{gettext(seen)} {shows % {'status': exchange.status}}"


def _passes(exchange: Exchange, good: Exchange | None) -> bool:
    """Return whether a token gets what a good one gets."""
    is_same = good is not None and is_admitted(good) and exchange.status == good.status
    return is_let_in(exchange) or is_same


def scope(walk: Walk) -> Iterator[Finding]:
    """Report what a token without the needed scope gets, if a good one is let in."""
    good, exchange = walk.tokens.get(Token.OWN), walk.tokens.get(Token.WITHOUT_SCOPE)
    if exchange is None or not is_admitted(good):
        return
    challenge = bearer_of(exchange)
    named = challenge.parameters if challenge else {}
    if _passes(exchange, good):
        observation = admission(TOKEN_SCOPE_UNCHECKED.seen, exchange)
        needed = gettext("The challenge names %(scope)s.")
        needed %= {"scope": shown(" ".join(needed_scopes(walk)))}
        yield finding(TOKEN_SCOPE_UNCHECKED, walk.url, f"{observation} {needed}")
    elif not is_refused(exchange):
        return
    elif exchange.status != 403 or named.get("error") != "insufficient_scope":
        text = (
            gettext("%(status)d to %(token)s, with error=%(error)s in a challenge.")
            if "error" in named
            else gettext("%(status)d to %(token)s, without an error in a challenge.")
        )
        values = {
            "status": exchange.status,
            "token": gettext(Token.WITHOUT_SCOPE.value),
            "error": shown(named.get("error")),
        }
        yield finding(TOKEN_SCOPE_REFUSAL, walk.url, text % values)
    elif not named.get("scope"):
        yield finding(TOKEN_SCOPE_UNNAMED, walk.url)
