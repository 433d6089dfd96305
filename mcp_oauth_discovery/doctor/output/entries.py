"""The explanation of a code: its cause, an example, and the fix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mcp_oauth_discovery.doctor.examples import EXAMPLES
from mcp_oauth_discovery.doctor.findings import Entry, Step, affected, documentation
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.output import words
from mcp_oauth_discovery.doctor.output.text import Palette
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEP_OF

_CAUSE = _("Cause")
_EXAMPLE = _("Example")
# Translators: the label of an answer as it should be, in the place of the one before.
_INSTEAD = _("Instead")
_IN_DJANGO = _("In Django")
_EXPLAINED_BY = _("Explained by")
_DOCS = _("Docs")
_LABELS = (
    _CAUSE,
    _EXAMPLE,
    _INSTEAD,
    words.FIX,
    _IN_DJANGO,
    words.EXPECTED,
    words.CLIENTS,
    words.EXPLAINS,
    _EXPLAINED_BY,
    _DOCS,
)


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return the document for `explain --json`, in English."""
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
    mark = palette[entry.severity.value](words.severity_word(entry.severity))
    yield f"{palette['heading'](entry.code)}  {mark}  {_heading(step)}"
    example = EXAMPLES[entry.code]
    yield from _field(_CAUSE, gettext(entry.seen))
    yield from _field(_EXAMPLE, example.broken)
    yield from _field(_INSTEAD, example.right)
    first, *rest = _field(words.FIX, gettext(entry.fix))
    yield from [palette["fix"](first), *rest]
    yield from _field(_IN_DJANGO, gettext(entry.django_fix))
    yield from _field(words.EXPECTED, f"{gettext(entry.expected)} ({entry.section})")
    yield from _field(words.CLIENTS, affected(entry.clients, entry.severity))
    yield from _field(words.EXPLAINS, ", ".join(entry.explains))
    yield from _field(_EXPLAINED_BY, ", ".join(_causes(entry)))
    yield from _field(_DOCS, documentation(entry.code))


def group_lines(steps: Sequence[Step], palette: Palette) -> Iterator[str]:
    """Yield a line for each code of some steps."""
    for step in steps:
        yield palette["heading"](_heading(step))
        width = max(len(entry.code) for entry in step.entries)
        for entry in step.entries:
            word = f"{words.severity_word(entry.severity):{words.mark_width()}}"
            mark = palette[entry.severity.value](word)
            yield f"  {mark}  {entry.code:{width}}  {gettext(entry.seen)}"


def _heading(step: Step) -> str:
    text = gettext("%(title)s (group %(name)s)")
    return text % {"title": gettext(step.title), "name": step.name}


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
    label, width = words.labelled(gettext(name)), words.label_width(_LABELS)
    for number, line in enumerate(text.split("\n") if text else []):
        yield f"  {'' if number else label:{width}} {line}"
