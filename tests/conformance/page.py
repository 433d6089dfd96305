"""Writes the tables of docs/conformance.md, between two pairs of markers."""

from __future__ import annotations

import re
from collections import Counter

from tests.conformance import suite
from tests.conformance.rows import DEPLOYER, INAPPLICABLE, MET, Row, Standard, all_rows, standards
from tests.markdown import CHECKOUT

PAGE = CHECKOUT / "docs" / "conformance.md"
ROWS = "<!-- Rows: written by the command. -->", "<!-- End of the rows. -->"
SUITE = "<!-- Suite: written by the command. -->", "<!-- End of the suite. -->"
# The code of a system check.
CODE = re.compile(r"\b[EW]\d{3}\b")
NAMES = {MET: "met", DEPLOYER: "your choice", INAPPLICABLE: "does not apply"}


def with_rows(text: str) -> str:
    """Return the text of the page with the rows of the data files."""
    return between(ROWS, text, "\n\n".join([summary(), *map(table, standards())]))


def with_suite(text: str) -> str:
    """Return the text of the page with what the official conformance suite reports."""
    return between(SUITE, text, suite.section())


def between(markers: tuple[str, str], text: str, tables: str) -> str:
    begin, end = markers
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{tables}\n\n{end}{after}"


def summary() -> str:
    counts = Counter(row.status for row in all_rows())
    items = [f"| {name} | {counts[status]} |" for status, name in NAMES.items()]
    return "\n".join(["| Status | Rows |", "|---|---|", *items])


def table(standard: Standard) -> str:
    lines = [
        f"### {standard.title}",
        "",
        "| Row | Requirement | Status | Proof |",
        "|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(line, standard.rows)])


def line(row: Row) -> str:
    tests = [f"`{test}`" for test in row.tests]
    why = CODE.sub(link, row.why)
    proof = "<br>".join(filter(None, [why, *tests]))
    anchor = f'<a id="{row.id}"></a>{row.id}'
    cells = (anchor, f"{row.level}: {row.requirement}", NAMES[row.status], proof)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def link(code: re.Match[str]) -> str:
    return f"[`{code[0]}`](checks.md#mcp_oauth_discovery{code[0].lower()})"
