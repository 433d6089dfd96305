"""Which finding explains which: causes come first, and their consequences beneath them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcp_oauth_discovery.doctor.clients import BROWSERS
from mcp_oauth_discovery.doctor.findings import Finding, Severity
from mcp_oauth_discovery.doctor.steps import STEP_OF
from mcp_oauth_discovery.standards.identifiers import origin

# The worst comes first.
_RANK = {severity: rank for rank, severity in enumerate(Severity)}

# What the findings of a block have in common: code, severity and fix.
Kind = tuple[str, Severity, str]
# Each finding that has a cause, with its cause.
Causes = Mapping[Finding, Finding]


@dataclass(frozen=True)
class Block:
    """Findings that are reported together: they have one code, severity and fix.

    `explained` has the blocks that are consequences of this one, directly or not.
    """

    findings: tuple[Finding, ...]
    explained: tuple[Block, ...] = ()

    @property
    def first(self) -> Finding:
        return self.findings[0]

    def everything(self) -> Iterator[Block]:
        """Yield this block, and all that it explains."""
        yield self
        yield from self.explained


def blocks(findings: Iterable[Finding]) -> list[Block]:
    """Return the problems and the information, in the order in which to read them.

    The worst comes first. Of those, causes of other findings come before single findings. Each
    finding is in one block: that of a cause, or one below it.
    """
    reported = dict.fromkeys(one for one in findings if one.severity is not Severity.PASS)
    causes = _causes(list(reported))
    roots: list[Finding] = []
    consequences: dict[Finding, list[Finding]] = defaultdict(list)
    for finding in reported:
        *_, root = _chain(finding, causes)
        if root is finding:
            roots.append(finding)
        else:
            consequences[root].append(finding)
    return _sorted(
        Block(group, tuple(_sorted(map(Block, _alike(_below(group, consequences))))))
        for group in _alike(roots)
    )


def merged(groups: Iterable[Iterable[Block]]) -> list[Block]:
    """Return the blocks of several endpoints as one list, with those of the same kind joined."""
    kinds: dict[Kind, list[Block]] = defaultdict(list)
    for group in groups:
        for block in group:
            kinds[kind(block.first)].append(block)
    return _sorted(
        Block(
            tuple(dict.fromkeys(finding for block in alike for finding in block.findings)),
            tuple(merged(block.explained for block in alike)),
        )
        for alike in kinds.values()
    )


def kind(finding: Finding) -> Kind:
    """Return what a finding has in common with the others of its block."""
    return finding.code, finding.severity, finding.fix


def explains(cause: Finding, finding: Finding) -> bool:
    """Return whether one finding is a consequence of another.

    A consequence takes one line beneath its cause. So information, which needs no fix, explains
    no problem, and what is critical is only explained by what is critical as well.
    """
    names = {finding.code, STEP_OF[finding.code].name}
    return (
        cause.code != finding.code
        and bool(names & set(cause.explains))
        and (cause.severity is not Severity.INFO or finding.severity is Severity.INFO)
        and (finding.severity is not Severity.CRITICAL or cause.severity is Severity.CRITICAL)
        and (not cause.at or origin(finding.subject) == cause.at)
    )


def _causes(findings: Sequence[Finding]) -> Causes:
    """Return the causes: the worst, of those the earliest, and never in a circle."""
    candidates = _candidates(findings)
    causes: dict[Finding, Finding] = {}
    # Of two findings that explain each other, the earlier is the cause. So it comes last here.
    for finding in reversed(findings):
        for cause in candidates:
            is_circle = any(link.code == finding.code for link in _chain(cause, causes))
            if not is_circle and explains(cause, finding):
                causes[finding] = cause
                break
    return causes


def _candidates(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that may explain others; of those that explain the same, the first."""
    first: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        if finding.explains:
            first.setdefault((kind(finding), finding.explains, finding.at), finding)
    return sorted(first.values(), key=lambda finding: _RANK[finding.severity])


def _chain(finding: Finding, causes: Causes) -> Iterator[Finding]:
    """Yield a finding, its cause, the cause of that, and so on."""
    link: Finding | None = finding
    while link is not None:
        yield link
        link = causes.get(link)


def _alike(findings: Iterable[Finding]) -> list[tuple[Finding, ...]]:
    """Return groups of findings of the same kind."""
    groups: dict[Kind, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[kind(finding)].append(finding)
    return [tuple(group) for group in groups.values()]


def _below(
    group: Iterable[Finding], consequences: Mapping[Finding, list[Finding]]
) -> list[Finding]:
    return [finding for cause in group for finding in consequences.get(cause, ())]


def _sorted(blocks: Iterable[Block]) -> list[Block]:
    """Return the worst first; of those, what stops more than web pages, and causes before others.

    Missing CORS explains many findings, and yet most clients do without it.
    """
    return sorted(
        blocks, key=lambda block: (_worst(block), _is_about_pages(block), not block.explained)
    )


def _is_about_pages(block: Block) -> bool:
    """Return whether a block stops clients in web pages alone, with all that it explains."""
    findings = (finding for part in block.everything() for finding in part.findings)
    clients = {client for finding in findings for client in finding.clients}
    return bool(clients) and clients <= {*BROWSERS}


def _worst(block: Block) -> int:
    return min(_RANK[part.first.severity] for part in block.everything())
