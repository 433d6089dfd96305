"""Does the MCP endpoint ask for a token, and for nothing else first?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.walk.observations import Walk, all_answered
from mcp_oauth_discovery.doctor.walk.reading import gist, is_html

# What servers say of a host that they do not know.
_BAD_REQUEST = (400, 421)
# What servers say of an empty body, of its type, of Accept, and of the version.
OF_THE_REQUEST = (400, 406, 411, 412, 413, 415, 422)

ENDPOINT_NOT_FOUND = Entry(
    code="endpoint-not-found",
    severity=Severity.ERROR,
    seen="There is no MCP endpoint at this URL.",
    expected="401 to a POST without a token",
    section="MCP authorization, token handling",
    clients=EVERY,
    fix=("Correct the URL, or route it. Mind the final slash: /mcp and /mcp/ are two URLs."),
)
ENDPOINT_NOT_ROUTED = Entry(
    code="endpoint-not-routed",
    severity=Severity.INFO,
    seen="The URLconf has no MCP endpoint at this path.",
    expected="a route, or an MCP server beside Django",
    section="MCP transports, Streamable HTTP",
    fix=(
        "If something else serves the path, run the check again with the URL. If the server "
        "mounts Django below a prefix, set FORCE_SCRIPT_NAME. Otherwise route the path, or "
        "correct MCP_RESOURCE."
    ),
)
ENDPOINT_OPEN = Entry(
    code="endpoint-open",
    severity=Severity.WARNING,
    seen="The endpoint answers a POST without a token.",
    expected="401, which is what makes a client sign in",
    section="MCP authorization, token handling",
    fix=(
        "If the endpoint is to be protected, refuse requests without a token before anything else."
    ),
)
ENDPOINT_PARSES_FIRST = Entry(
    code="endpoint-parses-first",
    severity=Severity.WARNING,
    seen="The empty POST is refused for what it is, not for the token that it lacks.",
    expected="401 before the body is looked at",
    section="RFC 6750 §3.1",
    fix="Check the token before the body, the method and the headers.",
)
ENDPOINT_FORBIDDEN = Entry(
    code="endpoint-forbidden",
    severity=Severity.ERROR,
    seen="A POST without a token is answered with 403.",
    expected="401 with a challenge; no client starts a sign-in from 403 without one",
    section="RFC 6750 §3.1, RFC 9110 §15.5.2",
    clients=EVERY,
    fix=(
        "Answer 401 with a challenge where there is no token; 403 is for tokens that do not reach."
    ),
    django_fix=(
        "With Django REST framework, put the bearer authentication first in "
        "authentication_classes: the first one decides between 401 and 403."
    ),
)
ENDPOINT_CSRF = Entry(
    code="endpoint-csrf",
    severity=Severity.ERROR,
    seen="CSRF protection refuses the POST.",
    expected="401 with a challenge",
    section="RFC 6750 §3.1",
    clients=EVERY,
    fix="Except the endpoint from it: MCP clients have a token, not a cookie.",
    django_fix="Mark the endpoint csrf_exempt: MCP clients have a token, not a cookie.",
)
ENDPOINT_METHOD = Entry(
    code="endpoint-method",
    severity=Severity.ERROR,
    seen="The endpoint does not take POST.",
    expected="POST, with 401 if there is no token",
    section="MCP transports, Streamable HTTP",
    clients=EVERY,
    fix="Give clients the URL of the endpoint itself, and allow POST there.",
)
ENDPOINT_HTML = Entry(
    code="endpoint-html",
    severity=Severity.ERROR,
    seen="The endpoint answers with an HTML page.",
    expected="401 with a challenge",
    section="MCP authorization, token handling",
    clients=EVERY,
    fix="Another route comes first, often that of a single-page app or a login page.",
)
ENDPOINT_GET = Entry(
    code="endpoint-get",
    severity=Severity.WARNING,
    seen="GET at the endpoint is answered unlike POST.",
    expected="401 or 405 to GET without a token",
    section="MCP transports, Streamable HTTP",
    fix="Protect GET as POST is: clients open a stream with it.",
)


def post(walk: Walk) -> Iterator[Finding]:
    """Report a POST without a token that is not answered with 401."""
    answer = walk.post.answer if walk.post and not walk.post.intermediary else None
    if answer is None:
        return
    status, page = answer.status, is_html(answer)
    seen = f"{status} to an empty POST without a token."
    if status in (404, 410):
        entry = ENDPOINT_NOT_ROUTED if walk.in_process else ENDPOINT_NOT_FOUND
        yield finding(entry, walk.url, seen)
    elif status == 403 and b"csrf" in answer.body.lower():
        yield finding(ENDPOINT_CSRF, walk.url, seen)
    elif status == 403:
        yield finding(ENDPOINT_FORBIDDEN, walk.url, f"{seen} The body: {gist(answer)}.")
    elif status == 405:
        yield finding(ENDPOINT_METHOD, walk.url, seen)
    elif 200 <= status < 300:
        yield finding(ENDPOINT_HTML if page else ENDPOINT_OPEN, walk.url, seen)
    elif status in OF_THE_REQUEST and not _refuses_everything(walk):
        yield from _judged_first(walk, seen)


def _refuses_everything(walk: Walk) -> bool:
    """Say whether documents are bad requests as well, as under a host that is not allowed."""
    return any(one.exchange.status in _BAD_REQUEST for one in walk.asked)


def _judged_first(walk: Walk, seen: str) -> Iterator[Finding]:
    """Tell an endpoint that looks at the request first from one that wants no token at all."""
    is_protected = walk.get is not None and walk.get.status == 401
    yield finding(ENDPOINT_PARSES_FIRST if is_protected else ENDPOINT_OPEN, walk.url, seen)


def get(walk: Walk) -> Iterator[Finding]:
    """Report a GET that is let through, or goes astray, where the POST is stopped."""
    is_protected = walk.post is not None and walk.post.status == 401
    if not is_protected or walk.get is None or walk.get.intermediary:
        return
    if walk.get.status in (200, 204, 403, 404):
        yield finding(ENDPOINT_GET, walk.url, f"401 to POST, {walk.get.status} to GET.")


def _has_seen(walk: Walk) -> bool:
    return walk.post is not None and walk.post.status == 401 and all_answered([walk.get])


STEP = Step(
    name="endpoint",
    title="MCP endpoint",
    holds="POST without a token is answered with 401, and GET does not contradict it",
    entries=(
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
    rules=(post, get),
    has_seen=_has_seen,
)
