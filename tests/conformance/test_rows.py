"""Every row of docs/conformance.md has a status, and each test that it cites exists."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from functools import cache

import pytest

from tests.conformance.page import PAGE, with_rows
from tests.conformance.rows import DIRECTORY, STANDARDS, Row, all_rows, cited
from tests.markdown import CHECKOUT

SKIPS = {"skip", "skipif", "xfail"}
# These skip a whole module, so the hook of skips.py sees none of its tests.
SKIPS_OF_MODULES = {"importorskip", "skip", "xfail"}
MODULES = {
    "alone.py": """
@pytest.mark.skipif(True, reason="Missing.")
def test_marked(): ...

@pytest.mark.parametrize("a", [1, pytest.param(2, marks=pytest.mark.xfail)])
def test_one_case(a): ...

def test_healthy():
    pytest.skip("The hook sees this.")
""",
    "import.py": "a = pytest.importorskip('a')\n\ndef test_a(): ...",
    "mark.py": "pytestmark = [pytest.mark.skip]\n\ndef test_a(): ...",
    "call.py": "if True:\n    pytest.skip('b', allow_module_level=True)\n\ndef test_a(): ...",
}
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
DEFINITIONS = FUNCTIONS | ast.ClassDef


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


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("none.py::test_a", "does not exist"),
        ("alone.py::test_none", "does not exist"),
        ("alone.py::test_marked", "is skipped"),
        ("alone.py::test_one_case", "is skipped"),
        ("alone.py::test_healthy", ""),
        ("import.py::test_a", "is skipped"),
        ("mark.py::test_a", "is skipped"),
        ("call.py::test_a", "is skipped"),
    ],
)
def test_fault_of_a_test_is_named(tmp_path, name, fault):
    for file, text in MODULES.items():
        (tmp_path / file).write_text(text)
    # An absolute path replaces the checkout.
    assert fault_of(f"{tmp_path}/{name}") == fault


def fault_of(test: str) -> str:
    path, _, name = test.partition("::")
    if not (CHECKOUT / path).is_file() or name not in functions_of(path):
        return "does not exist"
    is_skipped = functions_of(path)[name] & SKIPS or module_of(path) & SKIPS_OF_MODULES
    return "is skipped" if is_skipped else ""


@cache
def functions_of(path: str) -> dict[str, set[str]]:
    """Return the tests of a module, each with the names that its decorators contain."""
    return {
        node.name: attributes_in(node.decorator_list)
        for node in body_of(path)
        if isinstance(node, FUNCTIONS) and node.name.startswith("test_")
    }


@cache
def module_of(path: str) -> set[str]:
    """Return the names that a module contains outside of its functions and classes."""
    return attributes_in(node for node in body_of(path) if not isinstance(node, DEFINITIONS))


def body_of(path: str) -> list[ast.stmt]:
    return ast.parse((CHECKOUT / path).read_text(encoding="utf-8")).body


def attributes_in(nodes: Iterable[ast.AST]) -> set[str]:
    return {
        part.attr for node in nodes for part in ast.walk(node) if isinstance(part, ast.Attribute)
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
