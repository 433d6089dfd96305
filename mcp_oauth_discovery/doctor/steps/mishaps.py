"""Has the doctor completed each step? This rule comes last, after those that may fail."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.walk.observations import Walk


def failed(walk: Walk) -> Iterator[Finding]:
    """Report each step that ended in an exception."""
    for mishap in walk.mishaps:
        yield finding("check-failed", walk.url, shown(mishap))


RULES = (failed,)
