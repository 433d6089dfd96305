"""What the official conformance suite reports about the example, and our answers."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = Path(__file__).with_name("suite.toml")
DATA: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
# In the order of the columns. Checks that only inform are not counted.
OUTCOMES = ("passed", "warning", "not testable", "skipped", "failed")


@dataclass(frozen=True)
class Run:
    """One run of the suite: which of its scenarios count, and how many checks had each outcome."""

    name: str
    title: str
    scenarios: tuple[str, ...]
    outcomes: Counter[str]

    @property
    def remarks(self) -> set[tuple[str, str, str]]:
        """Return scenario, check and outcome of what did not pass, as the answers list it."""
        return {
            (remark["scenario"], check, remark["outcome"])
            for remark in DATA["remark"]
            if self.name in remark["runs"]
            for check in remark["checks"]
        }


RUNS = {
    run["name"]: Run(run["name"], run["title"], tuple(run["scenarios"]), Counter(run["outcomes"]))
    for run in DATA["run"]
}
LEFT_OUT = {scenario for group in DATA["left_out"] for scenario in group["scenarios"]}


def section() -> str:
    """Return the tables of docs/conformance.md about the suite."""
    answers = "These are the checks that did not pass, with our answers:"
    return "\n\n".join([recorded(), counts(), answers, remarks(), left_out()])


def recorded() -> str:
    versions = ", ".join([f"`{DATA['package']}` {DATA['version']}", *DATA["versions"]])
    return f"Recorded on {DATA['date']} with {versions}."


def counts() -> str:
    heading = [f"| Run | {' | '.join(map(str.capitalize, OUTCOMES))} |", f"|---{'|---' * 5}|"]
    rows = [
        f"| {run.title} | {' | '.join(str(run.outcomes[outcome]) for outcome in OUTCOMES)} |"
        for run in RUNS.values()
    ]
    return "\n".join([*heading, *rows])


def remarks() -> str:
    return "\n".join(
        f"- {remark['outcome'].capitalize()}: {names(remark['checks'])}. {remark['answer']}"
        for remark in DATA["remark"]
    )


def left_out() -> str:
    groups = [f"- {group['reason']} {names(group['scenarios'])}." for group in DATA["left_out"]]
    return "\n".join(["The other scenarios are left out:", "", *groups])


def names(items: list[str]) -> str:
    return ", ".join(f"`{item}`" for item in items)
