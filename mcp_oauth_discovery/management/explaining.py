"""`mcp_discovery explain`: what a code of the doctor means, or a group of codes."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from mcp_oauth_discovery.checks import ERROR_IDS, RULES, TAG
from mcp_oauth_discovery.doctor.findings import Entry, Step, documentation
from mcp_oauth_discovery.doctor.output.entries import entry_json, entry_lines, group_lines
from mcp_oauth_discovery.doctor.output.text import Palette
from mcp_oauth_discovery.doctor.output.words import labelled
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEPS


class Explanation(NamedTuple):
    """One document for programs, and lines for people."""

    document: dict[str, Any]
    lines: Iterator[str]


def explanation(name: str | None, palette: Palette) -> Explanation:
    """Return the explanation of a code, a group, the ID of a system check, or of all codes."""
    if name is None:
        return _of_steps(STEPS, palette)
    if entry := ENTRIES.get(name.lower()):
        return Explanation(entry_json(entry), entry_lines(entry, palette))
    if groups := tuple(step for step in STEPS if step.name == name.lower()):
        return _of_steps(groups, palette)
    number = name.removeprefix(f"{TAG}.").upper()
    if number in (*ERROR_IDS, *RULES):
        return _of_check(f"{TAG}.{number}")
    raise CommandError(_unknown(name))


def _of_steps(steps: tuple[Step, ...], palette: Palette) -> Explanation:
    entries: list[Entry] = [entry for step in steps for entry in step.entries]
    return Explanation({"codes": list(map(entry_json, entries))}, group_lines(steps, palette))


def _of_check(identifier: str) -> Explanation:
    # The heading is the ID. Its address on the page has no full stop.
    address = documentation(identifier.lower().replace(".", ""), "checks")
    document = {"id": identifier, "documentation": address}
    text = _("%(id)s is a system check. manage.py check prints the cause and the fix.")
    label = labelled(_("Docs"))
    lines = [text % {"id": identifier}, f"{label} {address}"]
    return Explanation(document, iter(lines))


def _unknown(name: str) -> str:
    """Return a message about a name, with the names that are like it."""
    known = [*ENTRIES, *(step.name for step in STEPS)]
    part = name.lower()
    near = [code for code in known if part and part in code] or get_close_matches(part, known)
    sentences = [_("Unknown code: %(name)s.") % {"name": visible(name)}]
    if near:
        # Translators: between names, of which one may be meant.
        names = _(" or ").join(near[:3])
        sentences.append(_("Did you mean %(names)s?") % {"names": names})
    return " ".join([*sentences, _("mcp_discovery explain lists all codes.")])
