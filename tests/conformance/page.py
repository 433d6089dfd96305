"""Writes the tables of docs/conformance.md, between two markers."""

from __future__ import annotations

from collections import Counter

from tests.conformance.rows import DEPLOYER, INAPPLICABLE, MET, Row, Standard, all_rows, standards
from tests.markdown import CHECKOUT

PAGE = CHECKOUT / "docs" / "conformance.md"
BEGIN, END = "<!-- Rows: written by the command. -->", "<!-- End of the rows. -->"
NAMES = {MET: "met", DEPLOYER: "your choice", INAPPLICABLE: "does not apply"}


def with_rows(text: str) -> str:
    """Return the text of the page with the rows of the data files."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = "\n\n".join([summary(), *map(table, standards())])
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def summary() -> str:
    counts = Counter(row.status for row in all_rows())
    items = [f"| {name} | {counts[status]} |" for status, name in NAMES.items()]
    return "\n".join(["| Status | Rows |", "|---|---|", *items])


def table(standard: Standard) -> str:
    lines = [
        f"## {standard.title}",
        "",
        "| Row | Requirement | Status | Proof |",
        "|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(line, standard.rows)])


def line(row: Row) -> str:
    tests = [f"`{test}`" for test in row.tests]
    proof = " ".join(filter(None, [row.why, *tests]))
    cells = (row.id, f"{row.level}: {row.requirement}", NAMES[row.status], proof)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
