"""Tables of the results, for the terminal and for Markdown."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.documents import BARE, RAW
from benchmarks.goals import BEARER, PYJWT, Outcome
from benchmarks.results import Row, base_of, find, ratio

TITLES = {"calls": "Protected calls", "proofs": "DPoP proofs"}
# What the ratios in a table refer to.
BASES = {
    "documents": (BARE, RAW),
    "tokens": (PYJWT,),
    "calls": (PYJWT,),
    "proofs": (BEARER,),
    "resources": ("1",),
    "startup": ("Django alone",),
}


class Table(NamedTuple):
    title: str
    head: list[str]
    lines: list[list[str]]


def tables(rows: list[Row]) -> list[Table]:
    """Return a table for each subject and group, with a column per case."""
    groups = dict.fromkeys((row.subject, row.group) for row in rows)
    return [_table(find(rows, subject=subject, group=group)) for subject, group in groups]


def goal_table(outcomes: list[Outcome]) -> Table:
    lines = [
        [
            outcome.goal,
            outcome.limit,
            f"{outcome.measured:.2f}",
            outcome.case,
            "met" if outcome.is_met else "missed",
        ]
        for outcome in outcomes
    ]
    return Table("Goals", ["Goal", "Limit", "Measured", "In the case", "Result"], lines)


def as_text(table: Table) -> str:
    widths = [max(map(len, column)) for column in zip(table.head, *table.lines, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (table.head, ["-" * width for width in widths], *table.lines)
    ]
    return "\n".join([table.title, "", *lines])


def as_markdown(table: Table) -> str:
    lines = [table.head, ["---"] * len(table.head), *table.lines]
    return "\n".join([f"{table.title}:", "", *(f"| {' | '.join(line)} |" for line in lines)])


def _table(rows: list[Row]) -> Table:
    cases = list(dict.fromkeys(row.case for row in rows))
    lines = []
    for contender in dict.fromkeys(row.contender for row in rows):
        own = {row.case: row for row in find(rows, contender=contender)}
        lines.append([contender, *(_cell(own.get(case), rows) for case in cases)])
    bases = "".join(f" · ratio to {base}" for base in BASES.get(rows[0].subject, ()))
    subject = TITLES.get(rows[0].subject, rows[0].subject.capitalize())
    title = f"{subject}, {rows[0].group} ({rows[0].unit}{bases})"
    return Table(title, ["", *cases], lines)


def _cell(row: Row | None, rows: list[Row]) -> str:
    if row is None:
        return "-"
    ratios = [
        f"{ratio(row, base):.2f}"
        for name in BASES.get(row.subject, ())
        if (base := base_of(row, name, rows))
    ]
    return " · ".join([number(row.value), *ratios])


def number(value: float) -> str:
    """Return a number with about three digits."""
    digits = 0 if value >= 100 or value.is_integer() else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"
