"""Writes the results into docs/performance.md, between two markers, and the chart beside it."""

from __future__ import annotations

from benchmarks.chart import draw
from benchmarks.goals import outcomes
from benchmarks.results import Row
from benchmarks.servers import CHECKOUT
from benchmarks.tables import as_markdown, goal_table, tables

PAGE = CHECKOUT / "docs" / "performance.md"
CHART = PAGE.with_suffix(".svg")
# Whatever else the run has written.
COMMAND = {"Command": "`python -m benchmarks --write-docs`"}
BEGIN, END = "<!-- Results: written by the command. -->", "<!-- End of the results. -->"


def write_page(about: dict[str, str], rows: list[Row]) -> None:
    CHART.write_text(draw(rows), encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_results(text, about, rows), encoding="utf-8")


def with_results(text: str, about: dict[str, str], rows: list[Row]) -> str:
    """Return the text of the page with other results."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{results(about, rows)}\n\n{END}{after}"


def results(about: dict[str, str], rows: list[Row]) -> str:
    chart = f"![Requests per second, relative to the bare Django view]({CHART.name})"
    note = "The chart has the slowest document of each. nginx is in the tables only."
    items = "\n".join(f"- {name}: {value}" for name, value in {**about, **COMMAND}.items())
    parts = [as_markdown(table) for table in (goal_table(outcomes(rows)), *tables(rows))]
    return "\n\n".join([items, chart, note, *parts])
