"""The command: measures, prints tables and goals, and writes JSON or docs/performance.md."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import documents, startup, tokens
from benchmarks.goals import outcomes
from benchmarks.machine import describe
from benchmarks.page import write_page
from benchmarks.processes import Plan, measure_in, prepared
from benchmarks.results import Row
from benchmarks.tables import as_text, goal_table, tables

SUBJECTS: dict[str, Callable[[Plan], Iterator[Row]]] = {
    "documents": documents.measure,
    "tokens": tokens.measure,
    "calls": partial(measure_in, "calls"),
    "proofs": partial(measure_in, "proofs"),
    "resources": partial(measure_in, "resources"),
    "queries": partial(measure_in, "queries"),
    "startup": startup.measure,
    "memory": partial(measure_in, "memory", site="entry"),
}


def main(arguments: list[str]) -> None:
    options = parse(arguments)
    with prepared(keys=1) as directory:
        rows = list(measure(options.only or SUBJECTS, plan_for(options, directory)))
    about = describe(arguments)
    for table in tables(rows):
        print(as_text(table), end="\n\n")
    if judged := outcomes(rows):
        print(as_text(goal_table(judged)))
    if options.json:
        options.json.write_text(json.dumps(as_json(about, rows), indent=2) + "\n")
    if options.write_docs:
        write_page(about, rows)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=SUBJECTS, help="repeat for several")
    parser.add_argument("--server", action="append", choices=documents.SERVERS)
    parser.add_argument("--quick", action="store_true", help="one short round, for a first look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples to FILE")
    parser.add_argument("--write-docs", action="store_true", help="update docs/performance.md")
    return parser


def parse(arguments: list[str]) -> argparse.Namespace:
    options = parser().parse_args(arguments)
    if options.write_docs and (options.quick or options.only or options.server):
        parser().error("--write-docs needs a complete run, without --quick, --only and --server.")
    return options


def measure(subjects: Iterable[str], plan: Plan) -> Iterator[Row]:
    for subject in subjects:
        report(f"Measuring {subject} …")
        yield from SUBJECTS[subject](plan)


def plan_for(options: argparse.Namespace, directory: Path) -> Plan:
    servers = tuple(options.server or documents.SERVERS)
    rounds, seconds, requests = (1, 0.1, 20_000) if options.quick else (7, 0.7, 1_000_000)
    return Plan(directory, servers, rounds, seconds, requests, report)


def report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def as_json(about: dict[str, str], rows: list[Row]) -> dict[str, Any]:
    return {
        "about": about,
        "rows": [{**row._asdict(), "median": row.value} for row in rows],
        "goals": [outcome._asdict() for outcome in outcomes(rows)],
    }


if __name__ == "__main__":
    main(sys.argv[1:])
