"""Do the announced endpoints answer as endpoints do? Only those on the user's own origin."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import BROWSERS, EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.cors import is_closed, lacking, passing
from mcp_oauth_discovery.doctor.walk.fingerprint import is_django
from mcp_oauth_discovery.doctor.walk.observations import OAuthEndpoint, Walk, all_answered
from mcp_oauth_discovery.doctor.walk.reading import is_html
from mcp_oauth_discovery.doctor.walk.redirects import Cause, cause, target

OAUTH_ENDPOINT_NOT_FOUND = Entry(
    code="oauth-endpoint-not-found",
    severity=Severity.ERROR,
    seen="There is nothing at an announced endpoint.",
    expected="an endpoint; not 404",
    section="RFC 8414 §2",
    clients=EVERY,
    fix="Announce the URL at which the endpoint is.",
    django_fix=(
        "Name the endpoint by its URL pattern, such as 'oauth2_provider:token', in "
        "MCP_AUTHORIZATION_SERVER_METADATA, or route the path."
    ),
)
OAUTH_ENDPOINT_UNSEEN = Entry(
    code="oauth-endpoint-unseen",
    severity=Severity.WARNING,
    seen="GET finds nothing at an announced endpoint; perhaps it takes POST alone.",
    expected="an endpoint; 405 to a method that it does not take",
    section="RFC 9110 §15.5.6",
    clients=EVERY,
    fix="Post to it with curl: 400 or 401 is well, 404 means that the path is wrong.",
)
OAUTH_ENDPOINT_HTML = Entry(
    code="oauth-endpoint-html",
    severity=Severity.WARNING,
    seen="An HTML page is where an announced endpoint belongs.",
    expected="400, 401 or 405 to GET without parameters",
    section="RFC 6749 §5.2, RFC 7591 §3.2.2",
    clients=EVERY,
    fix="Have the catch-all route of a single-page app come after the endpoint.",
)
OAUTH_ENDPOINT_REDIRECT = Entry(
    code="oauth-endpoint-redirect",
    severity=Severity.ERROR,
    seen="An announced endpoint redirects.",
    expected="the URL of the endpoint itself; a POST does not survive a redirect",
    section="RFC 9110 §15.4",
    clients=EVERY,
    fix="Announce the URL that it redirects to, if that is the endpoint.",
    django_fix=(
        "Announce the URL with its final slash as routed; a URL pattern's name gets it right."
    ),
)
OAUTH_ENDPOINT_ERROR = Entry(
    code="oauth-endpoint-error",
    severity=Severity.ERROR,
    seen="An announced endpoint is a server error.",
    expected="400 to a request without parameters",
    section="RFC 6749 §5.2",
    clients=EVERY,
    fix="Read the log of the site.",
)
OAUTH_ENDPOINT_CORS = Entry(
    code="oauth-endpoint-cors",
    severity=Severity.WARNING,
    seen="A page may not post to the endpoint.",
    expected="a preflight that allows POST from any origin",
    section="Fetch, CORS-preflight fetch",
    clients=BROWSERS,
    fix="Answer the preflights of the token and registration endpoints.",
    django_fix="Cover the token and registration endpoints with django-cors-headers.",
)


def existence(walk: Walk) -> Iterator[Finding]:
    """Report endpoints that are not there; many frameworks know a route by its method."""
    for endpoint in walk.oauth_endpoints:
        if endpoint.get.intermediary:
            continue
        seen = f"{endpoint.get.status} to GET of the {endpoint.member}."
        is_page = endpoint.member == "authorization_endpoint"
        if endpoint.get.status in (404, 410):
            # Django finds a path first, and then looks at the method.
            if is_page or is_django(walk):
                yield finding(OAUTH_ENDPOINT_NOT_FOUND, endpoint.url, seen)
            elif not _takes_post(endpoint):
                yield finding(OAUTH_ENDPOINT_UNSEEN, endpoint.url, seen)
        elif endpoint.get.status >= 500:
            yield finding(OAUTH_ENDPOINT_ERROR, endpoint.url, seen)
        elif endpoint.get.status == 200 and not is_page and _is_html(endpoint):
            yield finding(OAUTH_ENDPOINT_HTML, endpoint.url, seen)


def _takes_post(endpoint: OAuthEndpoint) -> bool:
    """Say whether an endpoint has told so, or has a preflight where nobody else has one."""
    preflight, control = (
        one.answer if one else None for one in (endpoint.preflight, endpoint.control)
    )
    if preflight is None or not 200 <= preflight.status < 300:
        return False
    told = {one.strip().upper() for one in (preflight.header("allow") or "").split(",")}
    return "POST" in told or (control is not None and control.status in (404, 405, 410))


def _is_html(endpoint: OAuthEndpoint) -> bool:
    return endpoint.get.answer is not None and is_html(endpoint.get.answer)


def redirected(walk: Walk) -> Iterator[Finding]:
    """Report redirects, but for the one of the authorization endpoint to a login page."""
    for endpoint in walk.oauth_endpoints:
        answer = endpoint.get.answer
        to = target(answer) if answer else None
        if to is None:
            continue
        is_slash = cause(endpoint.url, to) is Cause.SLASH
        if is_slash or endpoint.member != "authorization_endpoint":
            seen = f"{endpoint.get.status} from the {endpoint.member} to {shown(to)}."
            yield finding(OAUTH_ENDPOINT_REDIRECT, endpoint.url, seen)


def pages(walk: Walk) -> Iterator[Finding]:
    """Report endpoints closed to pages that could use what the tokens are for."""
    if is_closed(walk):
        return
    for endpoint in walk.oauth_endpoints:
        # What is not there, fails or redirects has a finding already.
        status = endpoint.get.status
        is_there = 200 <= status < 300 or (400 <= status < 500 and status not in (404, 410))
        if endpoint.preflight is None or not is_there:
            continue
        if problem := lacking(endpoint.preflight, walk.page_origin, ("content-type",)):
            seen = f"{endpoint.member}: {problem}."
            fix = passing(endpoint.preflight.answer)
            yield finding(OAUTH_ENDPOINT_CORS, endpoint.url, seen, fix=fix)


def _has_seen(walk: Walk) -> bool:
    gets = [endpoint.get for endpoint in walk.oauth_endpoints]
    return bool(gets) and all_answered(gets)


STEP = Step(
    name="oauth-endpoints",
    title="OAuth endpoints",
    holds="those on this origin answer as endpoints do",
    entries=(
        OAUTH_ENDPOINT_NOT_FOUND,
        OAUTH_ENDPOINT_UNSEEN,
        OAUTH_ENDPOINT_HTML,
        OAUTH_ENDPOINT_REDIRECT,
        OAUTH_ENDPOINT_ERROR,
        OAUTH_ENDPOINT_CORS,
    ),
    rules=(existence, redirected, pages),
    has_seen=_has_seen,
)
