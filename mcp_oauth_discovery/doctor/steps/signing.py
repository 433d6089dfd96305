"""Can this project sign the tokens that it is configured to sign?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.walk.observations import Walk


def refused(walk: Walk) -> Iterator[Finding]:
    """Report faults in the settings and the key store, which the documents do not show."""
    for fault in walk.signing:
        yield finding("jwks-cannot-sign", walk.url, fault.seen, fix=fault.fix)


RULES = (refused,)
