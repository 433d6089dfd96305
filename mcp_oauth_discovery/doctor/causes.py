"""Which finding explains which: causes come first, and their consequences beneath them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcp_oauth_discovery.doctor.findings import Finding, Severity
from mcp_oauth_discovery.doctor.steps import STEP_OF
from mcp_oauth_discovery.standards.identifiers import origin

# The worst comes first.
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Block:
    """Findings that are told together: they have one code, severity and fix.

    `explained` has the blocks that are consequences of this one.
    """

    findings: tuple[Finding, ...]
    explained: tuple[Block, ...] = ()

    @property
    def first(self) -> Finding:
        return self.findings[0]

    def everything(self) -> Iterator[Block]:
        """Yield this block, and all that it explains."""
        yield self
        for block in self.explained:
            yield from block.everything()


def blocks(findings: Sequence[Finding]) -> list[Block]:
    """Return the problems and the information, in the order in which to read them.

    The worst comes first. Of those, causes of other findings come before single findings. Each
    finding is in one block: that of a cause, or one below it.
    """
    told = [finding for finding in findings if finding.severity is not Severity.PASS]
    causes = [finding for finding in told if finding.explains]
    consequences: dict[Finding | None, list[Finding]] = defaultdict(list)
    for finding in told:
        consequences[_cause(finding, causes)].append(finding)
    return _sorted(_joined(consequences[None], consequences))


def explains(cause: Finding, finding: Finding) -> bool:
    """Return whether one finding is a consequence of another."""
    names = {finding.code, STEP_OF[finding.code].name}
    is_near = not cause.at or origin(finding.subject) == cause.at
    return cause.code != finding.code and is_near and bool(names & set(cause.explains))


def _cause(finding: Finding, causes: Sequence[Finding]) -> Finding | None:
    """Return the first cause of a finding, one without a cause of its own if possible, or None."""
    fitting = [cause for cause in causes if explains(cause, finding)]
    roots = [cause for cause in fitting if not any(explains(other, cause) for other in causes)]
    return next(iter(roots or fitting), None)


def _joined(
    findings: Sequence[Finding], consequences: dict[Finding | None, list[Finding]]
) -> list[Block]:
    """Return blocks of findings with the same code, severity and fix."""
    alike: dict[tuple[str, Severity, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        alike[finding.code, finding.severity, finding.fix].append(finding)
    return [
        Block(
            tuple(group),
            tuple(
                _sorted(
                    _joined([one for cause in group for one in consequences[cause]], consequences)
                )
            ),
        )
        for group in alike.values()
    ]


def _sorted(blocks: Sequence[Block]) -> list[Block]:
    return sorted(blocks, key=lambda block: (_worst(block), not block.explained))


def _worst(block: Block) -> int:
    return min(_RANK[part.first.severity] for part in block.everything())
