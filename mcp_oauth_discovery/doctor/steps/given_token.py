"""Is the token of `--token-file` let in, and if not, which rules refuse it?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import phrase, shown
from mcp_oauth_discovery.doctor.steps.token_rules import refusals
from mcp_oauth_discovery.doctor.walk.challenges import bearer_of
from mcp_oauth_discovery.doctor.walk.credentials import Token
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.reading import gist
from mcp_oauth_discovery.doctor.walk.tokens import (
    BOUND,
    FOR_ANOTHER,
    is_let_in,
    is_protected,
    unsent_because,
)

TOKEN_LET_IN = Entry(
    code="token-let-in",
    severity=Severity.INFO,
    seen=_("The token of --token-file is let in."),
    expected=_("a valid token is let in"),
    section="RFC 6750 §2.1",
    fix=_("Nothing: this token works at this endpoint."),
)
TOKEN_REFUSED = Entry(
    code="token-refused",
    severity=Severity.ERROR,
    seen=_("The token of --token-file is not let in."),
    expected=_("a valid token for this resource is let in"),
    section="RFC 6750 §3.1",
    clients=EVERY,
    fix=_("Read the log of the endpoint: it may say why the token is refused."),
    django_fix=_("On this site, type manage.py mcp_discovery token FILE: it explains every rule."),
)
TOKEN_UNSENT = Entry(
    code="token-unsent",
    severity=Severity.INFO,
    seen=_("The token of --token-file was not sent."),
    expected=_("an endpoint that requires a token, over https"),
    section="RFC 6750 §5.3",
    fix=_("Run the check with the https URL of the endpoint that the token is for."),
)
_REQUIRES_NONE = _("The endpoint requires no token.")
_FIXES_OF_UNSENT = {
    BOUND: _("Nothing here: only the client that has the key can use the token."),
    FOR_ANOTHER: _("Nothing here: see what is reported about the endpoint that the token is for."),
    _REQUIRES_NONE: _(
        "Protect the endpoint, or run the check with the URL of the endpoint that the token is for."
    ),
}

ENTRIES = (TOKEN_LET_IN, TOKEN_REFUSED, TOKEN_UNSENT)


def given(walk: Walk) -> Iterator[Finding]:
    """Report what the endpoint does with the token of the user, and each rule that refuses it."""
    parts, exchange = walk.credentials.given, walk.tokens.get(Token.GIVEN)
    if parts is None:
        return
    if exchange is None:
        reason = unsent_because(walk) if is_protected(walk) else _REQUIRES_NONE
        unsent = gettext("It was not sent.")
        fix = gettext(_FIXES_OF_UNSENT.get(reason, ""))
        yield finding(TOKEN_UNSENT, walk.url, f"{unsent} {gettext(reason)}", fix=fix)
    elif is_let_in(exchange):
        text = gettext("%(status)d to the empty POST with it.")
        yield finding(TOKEN_LET_IN, walk.url, text % {"status": exchange.status})
    elif exchange.answer is not None:
        explanation = walk.explanations.get(Token.GIVEN)
        if explanation is None:
            explanation = tuple(refusals(walk, parts))
        hide = parts.without_secrets
        problems = [hide(phrase(refusal.problem)) for refusal in explanation]
        problems = problems or [_without_a_rule(exchange.status)]
        # The first rule is enough to act on: the token of the next attempt is another one.
        fixes = [hide(refusal.fix) for refusal in explanation if refusal.fix][:1]
        text = "\n".join([_answered(exchange), *problems])
        yield finding(TOKEN_REFUSED, walk.url, text, fix=" ".join(fixes))


def _without_a_rule(status: int) -> str:
    if status == 429:
        return gettext(
            "That is a limit of requests, and says nothing about the token. Check again later."
        )
    if status >= 500:
        return gettext("That is a failure of the server. The token itself may be good.")
    return gettext("No rule that the doctor knows refuses it.")


def _answered(exchange: Exchange) -> str:
    """Return the status of a refusal, and what the server says about it."""
    challenge = bearer_of(exchange)
    named = challenge.parameters if challenge else {}
    texts = [named[name] for name in ("error", "error_description") if name in named]
    if texts or not exchange.answer:
        text = gettext("%(status)d: %(content)s.")
        return text % {"status": exchange.status, "content": shown(": ".join(texts))}
    text = gettext("%(status)d: the body: %(text)s.")
    return text % {"status": exchange.status, "text": gist(exchange.answer)}
