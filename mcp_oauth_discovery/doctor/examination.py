"""From what was seen to what is said: the rules applied, the passes, the selection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mcp_oauth_discovery.doctor.catalogue import (
    ENTRIES,
    GROUP_OF,
    GROUPS,
    beside_django,
    passed,
)
from mcp_oauth_discovery.doctor.excess import abridged
from mcp_oauth_discovery.doctor.findings import Finding, Group, Severity
from mcp_oauth_discovery.doctor.mishaps import Noted
from mcp_oauth_discovery.doctor.passes import has_seen
from mcp_oauth_discovery.doctor.steps import RULES, mishaps
from mcp_oauth_discovery.doctor.steps.reach import unreachable
from mcp_oauth_discovery.doctor.walk.fingerprint import fits_django
from mcp_oauth_discovery.doctor.walk.observations import Walk

# The groups that are about answers, whatever is in them.
_OF_ANSWERS = ("reach", "answers", "documents")


@dataclass(frozen=True)
class Selection:
    """What is wanted, by codes and groups; without `only`, everything that is not skipped."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()

    def wants(self, code: str) -> bool:
        """Say whether the findings of a code are wanted."""
        names = {code, GROUP_OF[code].name}
        return not names & self.skip and (not self.only or bool(names & self.only))

    def wants_group(self, name: str) -> bool:
        """Say whether any finding of a group is wanted."""
        return any(self.wants(code) for code in _codes(name))

    def wants_all(self, name: str) -> bool:
        """Say whether every finding of a group is wanted."""
        return all(self.wants(code) for code in _codes(name))


def unknown(names: Iterable[str]) -> list[str]:
    """Return the names that are neither a code nor a group."""
    groups = {group.name for group in GROUPS}
    return sorted(name for name in names if name not in ENTRIES and name not in groups)


def examine(walk: Walk, selection: Selection) -> list[Finding]:
    """Return the findings in the order of the walk, a pass for each step without any."""
    # Report these whatever is selected: without the endpoint, no other step ran.
    lost = set(unreachable(walk))
    knows = fits_django(walk)
    findings: list[Finding] = []
    for group in GROUPS:
        before = len(walk.mishaps)
        results = _results(group, walk)
        is_silent = not results and len(walk.mishaps) == before
        lost.update(mishaps.failed(walk))
        wanted = [one for one in results if selection.wants(one.code) or one in lost]
        findings += abridged([one if knows(one.subject) else beside_django(one) for one in wanted])
        if is_silent and selection.wants_all(group.name) and has_seen(group.name, walk):
            findings.append(passed(group, walk.url))
    return findings


def _results(group: Group, walk: Walk) -> list[Finding]:
    """Return the findings of a group, each once; a rule that fails may leave some out."""
    results: list[Finding] = []
    for rule in RULES[group.name]:
        with Noted(walk.mishaps, f"the rules of {group.name}"):
            results += rule(walk)
    if group.name in _OF_ANSWERS:
        unused = walk.passed_by
        results = [_softened(item) if item.subject in unused else item for item in results]
    return list(dict.fromkeys(results))


def _softened(one: Finding) -> Finding:
    """Return a finding about an answer that no client gets: whatever it is, it is no error."""
    if one.severity is not Severity.ERROR:
        return one
    return replace(one, severity=Severity.INFO, clients=())


def _codes(name: str) -> list[str]:
    return [code for code, group in GROUP_OF.items() if group.name == name]
