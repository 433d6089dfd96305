"""Can this project sign the tokens that it is configured to sign?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.observations import Walk


def refused(walk: Walk) -> Iterator[Finding]:
    """Report what the settings and the key store say; the documents alone cannot tell."""
    for fault in walk.signing:
        yield finding("jwks-cannot-sign", walk.url, fault.seen, fix=fault.fix)


RULES = (refused,)
