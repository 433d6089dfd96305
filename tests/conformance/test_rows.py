"""Every row of docs/conformance.md has a status, and each test that it cites exists."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache

import pytest

from tests.conformance.page import PAGE, with_rows
from tests.conformance.rows import DIRECTORY, STANDARDS, Row, all_rows, cited
from tests.markdown import CHECKOUT

SKIPS = {"skip", "skipif", "xfail", "importorskip"}


def test_each_data_file_is_on_the_page():
    assert {path.stem for path in DIRECTORY.glob("*.toml")} == set(STANDARDS)


def test_ids_are_unique():
    assert [
        name for name, count in Counter(row.id for row in all_rows()).items() if count > 1
    ] == []


def test_rows_are_complete():
    assert {row.id: row.faults for row in all_rows() if row.faults} == {}


def test_cited_tests_exist_and_are_not_skipped():
    assert {test: fault for test in sorted(cited()) if (fault := fault_of(test))} == {}


def fault_of(test: str) -> str:
    path, _, name = test.partition("::")
    if not (CHECKOUT / path).is_file() or name not in names_in(path):
        return "does not exist"
    return "is skipped" if names_in(path)[name] & SKIPS else ""


@cache
def names_in(path: str) -> dict[str, set[str]]:
    """Return the tests of a module, each with the names that its decorators contain."""
    tree = ast.parse((CHECKOUT / path).read_text(encoding="utf-8"))
    functions = (
        node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {
        function.name: {
            node.attr
            for decorator in function.decorator_list
            for node in ast.walk(decorator)
            if isinstance(node, ast.Attribute)
        }
        for function in functions
        if function.name.startswith("test_")
    }


def test_page_has_the_rows():
    text = PAGE.read_text(encoding="utf-8")
    assert with_rows(text) == text, "Run `python -m tests.conformance`"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"status": "unknown"}, "status is 'unknown'"),
        ({"level": "OUGHT"}, "level is 'OUGHT'"),
        ({"area": "PRM+X"}, "area is 'PRM+X'"),
        ({"requirement": ""}, "the requirement is empty"),
        ({"tests": ()}, "no test is cited"),
        ({"tests": ("a", "a")}, "a test is cited twice"),
        ({"status": "deployer"}, "the reason is missing"),
        ({"status": "inapplicable", "why": "b"}, "tests are cited for what does not apply"),
    ],
)
def test_fault_of_a_row_is_named(changes, fault):
    row = {"id": "A-1", "level": "MUST", "area": "PRM", "requirement": "b", "status": "met"}
    assert Row(**{**row, "tests": ("a",), **changes}).faults == [fault]
