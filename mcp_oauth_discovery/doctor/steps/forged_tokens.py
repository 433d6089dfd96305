"""Are the tokens refused that anyone can make up, and does the refusal tell clients what to do?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.clients import EVERY, Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.exchanges import plain
from mcp_oauth_discovery.doctor.steps.own_tokens import BAD, admission, listed
from mcp_oauth_discovery.doctor.steps.values import stated
from mcp_oauth_discovery.doctor.walk.busy import all_served, served
from mcp_oauth_discovery.doctor.walk.challenges import bearer_of
from mcp_oauth_discovery.doctor.walk.credentials import Token
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.tokens import OF_THE_REQUEST, is_let_in

# According to public reports, Claude needs the URL in the challenge, and ChatGPT a challenge.
_LED = (Client.CLAUDE, Client.CHATGPT)
_METADATA = "resource_metadata"
FORGED = (Token.MADE_UP, Token.UNSIGNED)

TOKEN_ACCEPTED = Entry(
    code="token-accepted",
    severity=Severity.CRITICAL,
    seen=_("A made-up token is let in."),
    expected=_("401 with error=invalid_token"),
    section="RFC 6750 §3.1",
    fix=_("Verify the signature, the issuer, the audience and the expiry of every token."),
    django_fix=_(
        "Protect the view of the endpoint with mcp_oauth_discovery.protection.bearer_required."
    ),
)
TOKEN_UNSIGNED_ACCEPTED = Entry(
    code="token-unsigned-accepted",
    severity=Severity.CRITICAL,
    seen=_("A JWT without a signature (alg none) is let in."),
    expected=_("401 with error=invalid_token"),
    section="RFC 8725 §3.1, §3.2, RFC 9068 §4",
    fix=_(
        "Verify the signature of every token, and accept only the algorithms of the published keys."
    ),
    django_fix=_(
        "Protect the view of the endpoint with mcp_oauth_discovery.protection.bearer_required."
    ),
)
TOKEN_QUERY_ACCEPTED = Entry(
    code="token-query-accepted",
    severity=Severity.ERROR,
    seen=_("A made-up token in the query (access_token=…) is let in."),
    expected=_("401, as without a token"),
    section="MCP authorization, access token usage; OAuth 2.1 §5.1",
    fix=_("Read the token from the Authorization header only, and verify it."),
)
TOKEN_QUERY_READ = Entry(
    code="token-query-read",
    severity=Severity.WARNING,
    seen=_("The endpoint reads the token in the query: only then the challenge has invalid_token."),
    expected=_("the same answer as without a token; logs and caches keep URLs"),
    section="MCP authorization, access token usage; OAuth 2.1 §5.1",
    fix=_("Read the token from the Authorization header only."),
)
TOKEN_SERVER_ERROR = Entry(
    code="token-server-error",
    severity=Severity.ERROR,
    seen=_("A bad token leads to a server error."),
    expected=_("401 with error=invalid_token"),
    section="RFC 6750 §3.1",
    clients=EVERY,
    fix=_(
        "Read the log of the site for the error of this request, and answer 401 to every token "
        "that cannot be read or verified. If the server asks another one about tokens, check that "
        "it can reach it."
    ),
)
TOKEN_REFUSAL_STATUS = Entry(
    code="token-refusal-status",
    severity=Severity.ERROR,
    seen=_("A bad token is not refused with 401."),
    expected=_("401 with error=invalid_token; clients refresh or sign in again only then"),
    section="RFC 6750 §3.1, MCP authorization, error handling",
    clients=EVERY,
    fix=_(
        "Answer 401 to a token that is invalid or expired; 403 is for a token with too little "
        "scope."
    ),
)
TOKEN_REFUSAL_CHALLENGE = Entry(
    code="token-refusal-challenge",
    severity=Severity.ERROR,
    seen=_("The 401 to a bad token has no Bearer challenge; the 401 without a token has one."),
    expected=_('WWW-Authenticate: Bearer error="invalid_token", resource_metadata="…"'),
    section="RFC 9110 §11.6.1, RFC 6750 §3",
    clients=_LED,
    fix=_("Send the challenge with every 401. A client whose token has expired needs it too."),
    django_fix=_(
        "Answer every 401 with mcp_oauth_discovery.challenge.unauthorized(request). A client "
        "whose token has expired needs the challenge too."
    ),
)
TOKEN_REFUSAL_METADATA = Entry(
    code="token-refusal-metadata",
    severity=Severity.WARNING,
    seen=_("The challenge to a bad token does not lead to the metadata."),
    expected=_("the same resource_metadata as without a token"),
    section="RFC 9728 §5.1",
    clients=(Client.CLAUDE,),
    fix=_("Send resource_metadata with every 401. A client whose token has expired needs it too."),
    django_fix=_(
        "Answer every 401 with mcp_oauth_discovery.challenge.unauthorized(request). A client "
        "whose token has expired needs resource_metadata too."
    ),
)
TOKEN_REFUSAL_ERROR = Entry(
    code="token-refusal-error",
    severity=Severity.WARNING,
    seen=_("The challenge to a bad token has another error than invalid_token."),
    expected=_("error=invalid_token"),
    section="RFC 6750 §3.1",
    fix=_('Write error="invalid_token" into the challenge to a token that is not valid.'),
)
TOKEN_REFUSAL_BARE = Entry(
    code="token-refusal-bare",
    severity=Severity.INFO,
    seen=_("The challenge to a bad token has no error."),
    expected=_("error=invalid_token, so that a client knows that its token is the reason"),
    section="RFC 6750 §3",
    fix=_('If you can, add error="invalid_token" to the challenge when a token was sent.'),
)
ENTRIES = (
    TOKEN_ACCEPTED,
    TOKEN_UNSIGNED_ACCEPTED,
    TOKEN_QUERY_ACCEPTED,
    TOKEN_QUERY_READ,
    TOKEN_SERVER_ERROR,
    TOKEN_REFUSAL_STATUS,
    TOKEN_REFUSAL_CHALLENGE,
    TOKEN_REFUSAL_METADATA,
    TOKEN_REFUSAL_ERROR,
    TOKEN_REFUSAL_BARE,
)

_SEEMS_ACCEPTED = _("A made-up token seems to be let in.")
# The application may never see the token.
_OF_LOST_HEADER = _(
    "If valid tokens get 401 too, look for what removes the Authorization header in front of the "
    "application. With Apache and mod_wsgi, write WSGIPassAuthorization On. Otherwise you may add "
    'error="invalid_token" to the challenge when a token was sent.'
)


def forged(walk: Walk) -> Iterator[Finding]:
    """Report a forged token that is let in, or that is not refused with 401."""
    for kind, entry in (
        (Token.MADE_UP, TOKEN_ACCEPTED),
        (Token.IN_QUERY, TOKEN_QUERY_ACCEPTED),
        (Token.UNSIGNED, TOKEN_UNSIGNED_ACCEPTED),
    ):
        exchange = walk.tokens.get(kind)
        if exchange and is_let_in(exchange):
            if kind is Token.MADE_UP and exchange.status in OF_THE_REQUEST:
                # Perhaps the endpoint reads the body before it verifies any token.
                observation = admission(_SEEMS_ACCEPTED, exchange)
                doubted = finding(entry, walk.url, observation)
                yield replace(doubted, severity=Severity.ERROR)
            else:
                yield finding(entry, walk.url, admission(entry.seen, exchange))
    refused = {kind: _judged_status(walk, kind) for kind in FORGED}
    wrong = {kind: status for kind, status in refused.items() if status not in (0, 401)}
    if wrong:
        yield finding(TOKEN_REFUSAL_STATUS, walk.url, listed(wrong))


def _judged_status(walk: Walk, kind: Token) -> int:
    """Return the status of a refusal, or 0 if there is none or another rule reports it."""
    exchange = walk.tokens.get(kind)
    if exchange is None or exchange.intermediary or is_let_in(exchange):
        return 0
    return 0 if exchange.status == 429 or exchange.status >= 500 else exchange.status


def server_errors(walk: Walk) -> Iterator[Finding]:
    """Report bad tokens that make the server fail."""
    own = walk.tokens.get(Token.OWN)
    # If other requests get these answers too, the token is not the reason.
    is_flaky = not all_served(plain(walk))
    kinds = [*FORGED, Token.IN_QUERY]
    # A view that fails on every empty body has let the token in.
    kinds += BAD if own is None or own.status < 500 else ()
    failed = {
        kind: exchange.status
        for kind in kinds
        if (exchange := walk.tokens.get(kind))
        and exchange.status >= 500
        and not (is_flaky and served(exchange) is None)
        and not exchange.intermediary
    }
    if failed:
        faults = [walk.tokens[kind].answer for kind in failed]
        reasons = {answer.fault.problem for answer in faults if answer and answer.fault}
        text = " ".join([listed(failed), *sorted(map(shown, reasons))])
        yield finding(TOKEN_SERVER_ERROR, walk.url, text)


def refusal(walk: Walk) -> Iterator[Finding]:
    """Report a 401 to a made-up token that tells clients less than the one without a token."""
    exchange = walk.tokens.get(Token.MADE_UP)
    if exchange is None or exchange.status != 401 or exchange.intermediary:
        return
    before, after = bearer_of(walk.post), bearer_of(exchange)
    if before is None:
        return
    if after is None:
        yield finding(TOKEN_REFUSAL_CHALLENGE, walk.url)
        return
    expected, received = before.parameters.get(_METADATA), after.parameters.get(_METADATA)
    if expected is not None and received != expected:
        text = gettext("It names %(received)s; without a token, it names %(expected)s.")
        observation = text % {"received": shown(received), "expected": shown(expected)}
        yield finding(TOKEN_REFUSAL_METADATA, walk.url, "" if received is None else observation)
    error = after.parameters.get("error")
    if error is None and after == before and not walk.in_process:
        observation = gettext(
            "The challenge to a bad token is the same as the one without a token."
        )
        yield finding(TOKEN_REFUSAL_BARE, walk.url, observation, fix=gettext(_OF_LOST_HEADER))
    elif error is None:
        yield finding(TOKEN_REFUSAL_BARE, walk.url)
    elif error != "invalid_token":
        observation = stated("error", error)
        yield finding(TOKEN_REFUSAL_ERROR, walk.url, observation)


def query(walk: Walk) -> Iterator[Finding]:
    """Report an endpoint that judges a token in the query."""
    before, after = bearer_of(walk.post), bearer_of(walk.tokens.get(Token.IN_QUERY))
    errors = [challenge.parameters.get("error") for challenge in (before, after) if challenge]
    if errors == [None, "invalid_token"]:
        yield finding(TOKEN_QUERY_READ, walk.url)
