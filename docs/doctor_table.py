"""Write the table of codes into docs/doctor.md: python docs/doctor_table.py [--check]."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from mcp_oauth_discovery.doctor.findings import Entry, affected
from mcp_oauth_discovery.doctor.steps import STEPS

PAGE = Path(__file__).parent / "doctor.md"
BEGIN = "<!-- Written by docs/doctor_table.py from mcp_oauth_discovery/doctor/steps: begin -->\n"
END = "<!-- end -->\n"


def table() -> str:
    """Return a section for each step, with a row for each of its codes."""
    return "\n".join(_lines()) + "\n"


def updated(page: str) -> str:
    """Return a page with the current table between the two markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def _lines() -> Iterator[str]:
    for step in STEPS:
        yield f"\n### {step.title}\n"
        yield f"Group `{step.name}`. Passes if: {step.holds}.\n"
        yield "| Code | Severity | Seen | Expected | Clients | Fix |"
        yield "|---|---|---|---|---|---|"
        for entry in step.entries:
            yield f"| {' | '.join(_cells(entry))} |"


def _cells(entry: Entry) -> list[str]:
    return [
        # The address that a report prints for the code, on GitHub as well as in a built page.
        f'<a id="{entry.code}"></a>`{entry.code}`',
        entry.severity.value,
        entry.seen,
        f"{entry.expected} ({entry.section})",
        affected(entry.clients, entry.severity),
        f"{entry.fix} In Django: {entry.django_fix}" if entry.django_fix else entry.fix,
    ]


def main(arguments: list[str]) -> str | None:
    """Write the table, or return what to do if `--check` finds another one."""
    page = PAGE.read_text(encoding="utf-8")
    if arguments == ["--check"]:
        is_current = page == updated(page)
        return None if is_current else "docs/doctor.md is out of date: python docs/doctor_table.py"
    PAGE.write_text(updated(page), encoding="utf-8")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
