"""Does the MCP endpoint require a token before anything else?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.steps import did_you_mean
from mcp_oauth_discovery.doctor.walk.alternatives import ask_alternatives
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.reading import gist, is_html
from mcp_oauth_discovery.doctor.walk.tokens import OF_THE_REQUEST

# The statuses for an unknown host.
_BAD_REQUEST = (400, 421)

ENDPOINT_NOT_FOUND = Entry(
    code="endpoint-not-found",
    severity=Severity.ERROR,
    seen=_("There is no MCP endpoint at this URL."),
    expected=_("401 to a POST without a token"),
    section="MCP authorization, token handling",
    clients=EVERY,
    fix=_(
        "Correct the URL of the MCP endpoint, or route it. Note that /mcp and /mcp/ are two URLs."
    ),
    explains=(
        "challenge",
        "prm-not-found",
        "prm-path-not-found",
        "prm-differs",
        "prm-resource-mismatch",
        "prm-resource-not-exact",
        "prm-resource-scheme",
        "cors-endpoint",
        "cors-endpoint-preflight",
        "cors-endpoint-headers",
    ),
)
ENDPOINT_NOT_ROUTED = Entry(
    code="endpoint-not-routed",
    severity=Severity.INFO,
    seen=_("The URLconf has no MCP endpoint at this path."),
    expected=_("a route, or an MCP server that runs beside Django"),
    section="MCP transports, Streamable HTTP",
    fix=_(
        "If something else serves the path, run the check again with the URL. If the server "
        "mounts Django below a prefix, set FORCE_SCRIPT_NAME. Otherwise route the path, or "
        "correct MCP_ISSUER or MCP_RESOURCE."
    ),
)
ENDPOINT_OPEN = Entry(
    code="endpoint-open",
    severity=Severity.WARNING,
    seen=_("The endpoint answers a POST without a token."),
    expected=_("401, which makes a client sign in"),
    section="MCP authorization, token handling",
    fix=_(
        "If the endpoint must be protected, refuse requests without a token before anything else."
    ),
    django_fix=_(
        "If the endpoint must be protected, decorate its view with "
        "mcp_oauth_discovery.protection.bearer_required."
    ),
    explains=("token-unsent",),
)
ENDPOINT_PARSES_FIRST = Entry(
    code="endpoint-parses-first",
    severity=Severity.WARNING,
    seen=_("The empty POST is refused for its form, not for the missing token."),
    expected=_("401 before the body is read"),
    section="RFC 6750 §3.1",
    fix=_("Have the endpoint check the token before the body, the method and the other headers."),
)
ENDPOINT_FORBIDDEN = Entry(
    code="endpoint-forbidden",
    severity=Severity.ERROR,
    seen=_("A POST without a token is answered with 403."),
    expected=_("401 with a challenge; no client signs in after a 403 without one"),
    section="RFC 6750 §3.1, RFC 9110 §15.5.2",
    clients=EVERY,
    fix=_(
        "Answer 401 with a challenge if there is no token; 403 is for tokens with too little scope."
    ),
    django_fix=_(
        "With Django REST framework, put the bearer authentication first in "
        "authentication_classes: the first one decides between 401 and 403."
    ),
    explains=("challenge", "endpoint-get", "cors-exposed"),
)
ENDPOINT_CSRF = Entry(
    code="endpoint-csrf",
    severity=Severity.ERROR,
    seen=_("CSRF protection refuses the POST."),
    expected=_("401 with a challenge"),
    section="RFC 6750 §3.1",
    clients=EVERY,
    fix=_("Exempt the endpoint from CSRF protection: MCP clients send a token, not a cookie."),
    django_fix=_("Mark the endpoint csrf_exempt: MCP clients send a token, not a cookie."),
    explains=("challenge", "endpoint-get", "cors-exposed"),
)
ENDPOINT_METHOD = Entry(
    code="endpoint-method",
    severity=Severity.ERROR,
    seen=_("The endpoint does not accept POST."),
    expected=_("POST, with 401 if there is no token"),
    section="MCP transports, Streamable HTTP",
    clients=EVERY,
    fix=_("Give clients the URL of the endpoint itself, and allow POST there."),
)
ENDPOINT_HTML = Entry(
    code="endpoint-html",
    severity=Severity.ERROR,
    seen=_("The endpoint answers with an HTML page."),
    expected=_("401 with a challenge"),
    section="MCP authorization, token handling",
    clients=EVERY,
    fix=_(
        "Route the endpoint before the route that answers now, often that of a single-page app or "
        "of a login page."
    ),
    explains=(
        "document-html",
        "suffix-html",
        "oauth-endpoint-html",
        "cors-endpoint",
        "cors-exposed",
    ),
)
ENDPOINT_GET = Entry(
    code="endpoint-get",
    severity=Severity.WARNING,
    seen=_("GET at the endpoint is answered differently from POST."),
    expected=_("401 or 405 to GET without a token"),
    section="MCP transports, Streamable HTTP",
    fix=_("Protect GET at the endpoint like POST: clients open a stream with it."),
)


def post(walk: Walk) -> Iterator[Finding]:
    """Report a POST without a token that is not answered with 401."""
    answer = walk.post.answer if walk.post and not walk.post.intermediary else None
    if answer is None:
        return
    status = answer.status
    observation = gettext("%(status)d to an empty POST without a token.") % {"status": status}
    is_get_protected = walk.get is not None and walk.get.status == 401
    # The documents are bad requests as well, for example if the host is not allowed.
    is_host_refused = any(place.exchange.status in _BAD_REQUEST for place in walk.tried)
    if status in (404, 410):
        entry = ENDPOINT_NOT_ROUTED if walk.in_process else ENDPOINT_NOT_FOUND
        yield finding(entry, walk.url, observation)
    elif status == 403 and b"csrf" in answer.body.lower():
        yield finding(ENDPOINT_CSRF, walk.url, observation)
    elif status == 403:
        body = gettext("The body: %(body)s.") % {"body": gist(answer)}
        yield finding(ENDPOINT_FORBIDDEN, walk.url, f"{observation} {body}")
    elif status == 405:
        yield finding(ENDPOINT_METHOD, walk.url, observation)
    elif 200 <= status < 300:
        yield finding(ENDPOINT_HTML if is_html(answer) else ENDPOINT_OPEN, walk.url, observation)
    elif status in OF_THE_REQUEST and not is_host_refused:
        # An endpoint that protects GET needs a token; it only judges the request first.
        entry = ENDPOINT_PARSES_FIRST if is_get_protected else ENDPOINT_OPEN
        yield finding(entry, walk.url, observation)


def get(walk: Walk) -> Iterator[Finding]:
    """Report a GET that is allowed or fails although the POST needs a token."""
    is_protected = walk.post is not None and walk.post.status == 401
    if not is_protected or walk.get is None or walk.get.intermediary:
        return
    if walk.get.status in (200, 204, 403, 404):
        text = gettext("401 to POST, %(status)d to GET.")
        yield finding(ENDPOINT_GET, walk.url, text % {"status": walk.get.status})


def can_pass(walk: Walk) -> bool:
    """Return whether the endpoint itself refused both; a rate limit says nothing about it."""
    post, get = walk.post, walk.get
    if not post or not get or post.intermediary or get.intermediary:
        return False
    return post.status == 401 and 400 <= get.status < 500 and get.status != 429


STEP = Step(
    name="endpoint",
    title=_("MCP endpoint"),
    holds=_("POST without a token is answered with 401, and GET is refused too"),
    entries=(
        *did_you_mean.ENTRIES,
        ENDPOINT_NOT_FOUND,
        ENDPOINT_NOT_ROUTED,
        ENDPOINT_OPEN,
        ENDPOINT_PARSES_FIRST,
        ENDPOINT_FORBIDDEN,
        ENDPOINT_CSRF,
        ENDPOINT_METHOD,
        ENDPOINT_HTML,
        ENDPOINT_GET,
    ),
    rules=(*did_you_mean.RULES, post, get),
    can_pass=can_pass,
    probes=(ask_alternatives,),
)
