"""The origins whose pages may read an answer."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.transport.messages import Answer

_ALLOWED = "access-control-allow-origin"


def allows(answer: Answer, page: str) -> bool:
    """Return whether pages of an origin may read an answer."""
    return answer.header(_ALLOWED) in ("*", page)


def origin_line(answer: Answer) -> str:
    """Return a sentence about the origins that an answer allows."""
    allowed = answer.header(_ALLOWED)
    if allowed is None:
        return gettext("There is no Access-Control-Allow-Origin.")
    return f"Access-Control-Allow-Origin: {shown(allowed)}."
