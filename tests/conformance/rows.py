"""The rows of the requirements, one file for each standard in `standards/`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DIRECTORY = Path(__file__).parent / "standards"

# In the order of the page.
STANDARDS = (
    "rfc9728",
    "rfc8414",
    "openid-discovery",
    "openid-core",
    "rfc7517",
    "rfc7518",
    "rfc7638",
    "rfc8037",
    "rfc9864",
    "rfc6750",
    "rfc9110",
    "rfc9111",
    "fetch",
    "rfc8707",
    "rfc9207",
    "rfc8615",
    "client-metadata",
    "rfc9068",
    "rfc8725",
    "rfc9700",
    "rfc8259",
    "mcp-2025-03-26",
    "mcp-2025-06-18",
    "mcp-2025-11-25",
    "mcp-2026-07-28",
    "mcp-draft",
    "mcp-seps",
    "sep-1932",
    "project",
)

MET, DEPLOYER, INAPPLICABLE = "met", "deployer", "inapplicable"
LEVELS = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "DEF")
AREAS = ("PRM", "ASM", "JWKS", "CHAL", "KEY", "DOCS", "ADJ", "CLI")


@dataclass(frozen=True)
class Row:
    """One requirement: what it asks, whether it is met, and which tests prove that."""

    id: str
    level: str
    area: str
    requirement: str
    status: str
    tests: tuple[str, ...] = ()
    why: str = ""

    @property
    def faults(self) -> list[str]:
        """Return what is wrong with this row, in words."""
        problems = {
            f"level is {self.level!r}": self.level not in LEVELS,
            f"area is {self.area!r}": not set(self.area.split("+")) <= set(AREAS),
            f"status is {self.status!r}": self.status not in (MET, DEPLOYER, INAPPLICABLE),
            "the requirement is empty": not self.requirement,
            "no test is cited": self.status in (MET, DEPLOYER) and not self.tests,
            "a test is cited twice": len(set(self.tests)) < len(self.tests),
            "tests are cited for what does not apply": self.status == INAPPLICABLE
            and bool(self.tests),
            "the reason is missing": self.status in (DEPLOYER, INAPPLICABLE) and not self.why,
        }
        return [problem for problem, is_there in problems.items() if is_there]


@dataclass(frozen=True)
class Standard:
    title: str
    rows: tuple[Row, ...]


@cache
def standards() -> tuple[Standard, ...]:
    """Return all standards, in the order of the page."""
    return tuple(map(read, STANDARDS))


def read(name: str) -> Standard:
    """Return the standard of one file."""
    data = tomllib.loads((DIRECTORY / f"{name}.toml").read_text(encoding="utf-8"))
    rows = (Row(**{**row, "tests": tuple(row.get("tests", ()))}) for row in data["row"])
    return Standard(data["title"], tuple(rows))


def all_rows() -> list[Row]:
    return [row for standard in standards() for row in standard.rows]


@cache
def cited() -> frozenset[str]:
    """Return the tests that the rows cite, as `tests/test_module.py::test_name`."""
    return frozenset(test for row in all_rows() for test in row.tests)
