"""Do the announced endpoints answer as endpoints do? Only those on the user's own origin."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.cors import is_closed, lacking, passing
from mcp_oauth_discovery.doctor.walk import redirects
from mcp_oauth_discovery.doctor.walk.fingerprint import is_django
from mcp_oauth_discovery.doctor.walk.observations import OAuthEndpoint, Walk
from mcp_oauth_discovery.doctor.walk.reading import is_html


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
                yield finding("oauth-endpoint-not-found", endpoint.url, seen)
            elif not _takes_post(endpoint):
                yield finding("oauth-endpoint-unseen", endpoint.url, seen)
        elif endpoint.get.status >= 500:
            yield finding("oauth-endpoint-error", endpoint.url, seen)
        elif endpoint.get.status == 200 and not is_page and _is_html(endpoint):
            yield finding("oauth-endpoint-html", endpoint.url, seen)


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
        to = redirects.target(answer) if answer else None
        if to is None:
            continue
        is_slash = redirects.cause(endpoint.url, to) == "redirect-slash"
        if is_slash or endpoint.member != "authorization_endpoint":
            seen = f"{endpoint.get.status} from the {endpoint.member} to {shown(to)}."
            yield finding("oauth-endpoint-redirect", endpoint.url, seen)


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
            yield finding("oauth-endpoint-cors", endpoint.url, seen, fix=fix)


RULES = (existence, redirected, pages)
