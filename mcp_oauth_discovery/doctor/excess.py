"""No more findings of one kind than anybody reads: what a crowded document adds is a number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.findings import Finding

MOST_ALIKE = 5


def abridged(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings; of one code at one URL the first few, and one that counts the rest."""
    alike: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for one in findings:
        alike[one.code, one.subject].append(one)
    kept: list[Finding] = []
    told: Counter[tuple[str, str]] = Counter()
    for one in findings:
        key = one.code, one.subject
        told[key] += 1
        if told[key] <= MOST_ALIKE:
            kept.append(one)
        elif told[key] == MOST_ALIKE + 1:
            kept.append(_counted(alike[key][MOST_ALIKE:]))
    return kept


def _counted(rest: Sequence[Finding]) -> Finding:
    """Return one finding for several: the verdict of a client is not lost with what is left out."""
    stumbling = {client for one in rest for client in one.clients}
    clients = tuple(client for client in Client if client in stumbling)
    return replace(rest[0], seen=f"… and {len(rest)} more.", clients=clients)
