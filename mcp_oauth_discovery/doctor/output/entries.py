"""The explanation of a code: its cause, an example, and the fix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mcp_oauth_discovery.doctor.examples import EXAMPLES
from mcp_oauth_discovery.doctor.findings import Entry, Step, affected, documentation
from mcp_oauth_discovery.doctor.output.text import Palette
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEP_OF

_WIDTH = len("Explained by:")


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return the document for `explain --json`."""
    return {
        "code": entry.code,
        "severity": entry.severity.value,
        "group": STEP_OF[entry.code].name,
        "cause": entry.seen,
        "example": EXAMPLES[entry.code]._asdict(),
        "fix": entry.fix,
        "django_fix": entry.django_fix,
        "expected": entry.expected,
        "section": entry.section,
        "clients": [client.value for client in entry.clients],
        "explains": list(entry.explains),
        "explained_by": _causes(entry),
        "documentation": documentation(entry.code),
    }


def entry_lines(entry: Entry, palette: Palette) -> Iterator[str]:
    """Yield the explanation of a code for people."""
    step = STEP_OF[entry.code]
    mark = palette[entry.severity.value](entry.severity.value)
    yield f"{palette['heading'](entry.code)}  {mark}  {step.title} (group {step.name})"
    example = EXAMPLES[entry.code]
    yield from _field("Cause", entry.seen)
    yield from _field("Example", example.broken)
    yield from _field("Instead", example.right)
    first, *rest = _field("Fix", entry.fix)
    yield from [palette["fix"](first), *rest]
    yield from _field("In Django", entry.django_fix)
    yield from _field("Expected", f"{entry.expected} ({entry.section})")
    yield from _field("Clients", affected(entry.clients, entry.severity))
    yield from _field("Explains", ", ".join(entry.explains))
    yield from _field("Explained by", ", ".join(_causes(entry)))
    yield from _field("Docs", documentation(entry.code))


def group_lines(steps: Sequence[Step], palette: Palette) -> Iterator[str]:
    """Yield a line for each code of some steps."""
    for step in steps:
        yield palette["heading"](f"{step.title} (group {step.name})")
        width = max(len(entry.code) for entry in step.entries)
        for entry in step.entries:
            mark = palette[entry.severity.value](f"{entry.severity.value:8}")
            yield f"  {mark}  {entry.code:{width}}  {entry.seen}"


def _causes(entry: Entry) -> list[str]:
    """Return the codes whose findings may explain one of this code."""
    names = {entry.code, STEP_OF[entry.code].name}
    return [
        other.code
        for other in ENTRIES.values()
        if other is not entry and names & set(other.explains)
    ]


def _field(name: str, text: str) -> Iterator[str]:
    """Yield a named text; nothing if it is empty."""
    for number, line in enumerate(text.split("\n") if text else []):
        yield f"  {'' if number else name + ':':{_WIDTH}} {line}"
