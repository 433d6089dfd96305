"""Does the MCP endpoint ask for a token, and for nothing else first?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.reading import gist, is_html

# What servers say of a host that they do not know.
_BAD_REQUEST = (400, 421)
# What servers say of an empty body, of its type, of Accept, and of the version.
OF_THE_REQUEST = (400, 406, 411, 412, 413, 415, 422)


def post(walk: Walk) -> Iterator[Finding]:
    """Report a POST without a token that is not answered with 401."""
    answer = walk.post.answer if walk.post and not walk.post.intermediary else None
    if answer is None:
        return
    status, page = answer.status, is_html(answer)
    seen = f"{status} to an empty POST without a token."
    if status in (404, 410):
        code = "endpoint-not-routed" if walk.in_process else "endpoint-not-found"
        yield finding(code, walk.url, seen)
    elif status == 403 and b"csrf" in answer.body.lower():
        yield finding("endpoint-csrf", walk.url, seen)
    elif status == 403:
        yield finding("endpoint-forbidden", walk.url, f"{seen} The body: {gist(answer)}.")
    elif status == 405:
        yield finding("endpoint-method", walk.url, seen)
    elif 200 <= status < 300:
        yield finding("endpoint-html" if page else "endpoint-open", walk.url, seen)
    elif status in OF_THE_REQUEST and not _refuses_everything(walk):
        yield from _judged_first(walk, seen)


def _refuses_everything(walk: Walk) -> bool:
    """Say whether documents are bad requests as well, as under a host that is not allowed."""
    return any(one.exchange.status in _BAD_REQUEST for one in walk.asked)


def _judged_first(walk: Walk, seen: str) -> Iterator[Finding]:
    """Tell an endpoint that looks at the request first from one that wants no token at all."""
    is_protected = walk.get is not None and walk.get.status == 401
    yield finding("endpoint-parses-first" if is_protected else "endpoint-open", walk.url, seen)


def get(walk: Walk) -> Iterator[Finding]:
    """Report a GET that is let through, or goes astray, where the POST is stopped."""
    is_protected = walk.post is not None and walk.post.status == 401
    if not is_protected or walk.get is None or walk.get.intermediary:
        return
    if walk.get.status in (200, 204, 403, 404):
        yield finding("endpoint-get", walk.url, f"401 to POST, {walk.get.status} to GET.")


RULES = (post, get)
