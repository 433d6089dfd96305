"""What an examination found: the findings about each endpoint, and what they mean for clients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcp_oauth_discovery.doctor.causes import Block, blocks
from mcp_oauth_discovery.doctor.clients import Client, basis
from mcp_oauth_discovery.doctor.findings import Finding, Severity, Skipped

FAILURES = (Severity.CRITICAL, Severity.ERROR)
PROBLEMS = (*FAILURES, Severity.WARNING)


@dataclass(frozen=True)
class Verdict:
    """What the findings mean for a client: what stops it, what may, and by whose rules."""

    client: Client
    stopped_by: tuple[str, ...]
    hindered_by: tuple[str, ...]
    basis: str
    # A run that skipped steps says nothing about any client.
    is_judged: bool = True

    @property
    def outcome(self) -> str:
        """One of the values in `--json`."""
        if not self.is_judged:
            return "not judged"
        if self.stopped_by:
            return "stops"
        return "may stumble" if self.hindered_by else "nothing found"


@dataclass(frozen=True)
class EndpointReport:
    """The findings about one MCP endpoint, in the order of the steps, and the skipped steps."""

    url: str
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def verdicts(self) -> list[Verdict]:
        """A verdict for each client; without a judgement if a step was skipped."""
        if self.skipped:
            return [Verdict(client, (), (), basis(client), False) for client in Client]
        return verdicts(self.findings)

    @property
    def blocks(self) -> list[Block]:
        """The findings in the order in which to read them, without the passes."""
        return blocks(self.findings)

    @property
    def counts(self) -> Counter[Severity]:
        """How many findings of each severity there are."""
        return Counter(finding.severity for finding in self.findings)


@dataclass(frozen=True)
class Report:
    """The result of an examination: one report for each MCP endpoint."""

    reports: tuple[EndpointReport, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the endpoints and the steps, with the passes."""
        return tuple(finding for report in self.reports for finding in report.findings)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that need a fix: critical ones, errors and warnings."""
        return tuple(finding for finding in self.findings if finding.severity in PROBLEMS)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The steps that were not reached."""
        return tuple(skipped for report in self.reports for skipped in report.skipped)

    @property
    def counts(self) -> Counter[Severity]:
        """How many findings of each severity there are."""
        return Counter(finding.severity for finding in self.findings)

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings and skipped steps are no errors."""
        return not any(self.counts[severity] for severity in FAILURES)

    def __str__(self) -> str:
        """Return the report as `mcp_discovery check` prints it, without colours."""
        # The printing needs the classes above.
        from mcp_oauth_discovery.doctor.output import text

        return "\n".join([*text.lines(self, text.PLAIN), text.summary(self)])


def verdicts(findings: Sequence[Finding]) -> list[Verdict]:
    """Return a verdict for each client that the doctor knows."""
    return [
        Verdict(
            client,
            _codes(findings, client, FAILURES),
            _codes(findings, client, (Severity.WARNING,)),
            basis(client),
        )
        for client in Client
    ]


def _codes(
    findings: Sequence[Finding], client: Client, severities: Sequence[Severity]
) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_affecting(findings, client, severities)))


def _affecting(
    findings: Sequence[Finding], client: Client, severities: Sequence[Severity]
) -> Iterator[str]:
    for finding in findings:
        if client in finding.clients and finding.severity in severities:
            yield finding.code
