"""What the findings mean for each client, and how well that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcp_oauth_discovery.doctor.clients import READ, Client
from mcp_oauth_discovery.doctor.findings import Finding, Severity

_STOPS = (Severity.CRITICAL, Severity.ERROR)
_BY_SPECIFICATION = "the specification; its source is closed"


@dataclass(frozen=True)
class Verdict:
    """Whether something was found for a client: what stops it, what may, and by whose rules."""

    client: Client
    stopped_by: tuple[str, ...]
    hindered_by: tuple[str, ...]
    basis: str

    @property
    def outcome(self) -> str:
        """One of three words, for people and for `--json`."""
        if self.stopped_by:
            return "stops"
        return "may stumble" if self.hindered_by else "nothing found"


def verdicts(findings: Sequence[Finding]) -> list[Verdict]:
    """Return a verdict for each client that the doctor knows."""
    return [
        Verdict(
            client,
            _codes(findings, client, _STOPS),
            _codes(findings, client, (Severity.WARNING,)),
            READ.get(client, _BY_SPECIFICATION),
        )
        for client in Client
    ]


def _codes(
    findings: Sequence[Finding], client: Client, severities: Sequence[Severity]
) -> tuple[str, ...]:
    codes = [one.code for one in findings if client in one.clients and one.severity in severities]
    return tuple(dict.fromkeys(codes))
