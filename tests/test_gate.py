"""`.ci/again.py`: the gate runs a failed test once more, alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.markdown import CHECKOUT

pytestmark = pytest.mark.clients

SETTINGS = """
[pytest]
addopts = -p pytest_cov -p xdist --cov=code_of_the_test --cov-report=term --cov-fail-under=100
"""
CODE = """
def name(number):
    if number == 1:
        return "one"
    return "many"
"""
# Each counts in a file how often it has run.
TESTS = """
import os
from pathlib import Path

import pytest

from code_of_the_test import name

def times(what):
    file = Path(f"{what}.count")
    before = len(file.read_text()) if file.exists() else 0
    file.write_text("x" * (before + 1))
    return before

@pytest.fixture
def late():
    assert times("late") > 0

@pytest.fixture
def broken():
    raise OSError
"""
PASSES = """
def test_passes():
    assert times("passes") == 0
    assert name(1) == "one"
"""
# What this covers is covered in its second run alone.
FLAKY = """
@pytest.mark.parametrize("number", [2])
def test_flaky(number):
    assert times("flaky") > 0
    assert name(number) == "many"
"""
LATE = """
def test_late(late): ...
"""
FAILS = """
def test_fails():
    times("fails")
    assert False
"""
BROKEN = """
def test_broken(broken): ...
"""
SKIPPED = """
def test_skipped():
    assert times("skipped") > 0
    pytest.skip("Not the second time.")
"""
CRASHES = """
def test_crashes():
    if times("crashes") == 0:
        os._exit(1)
"""


class Outcome(NamedTuple):
    status: int
    flaky: list[str]
    output: str

    @property
    def summary(self) -> str:
        """The closing line of the last pytest."""
        return self.output.strip().splitlines()[-1]


class Gate:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._flaky = directory / "flaky"
        # Of the run that this test is a part of.
        foreign = ("PYTEST", "COV", "DJANGO", "MCP")
        kept = {name: one for name, one in os.environ.items() if not name.startswith(foreign)}
        # Half of the time would go into plugins that these tests do not use, such as Django's.
        own = {"FLAKY_TESTS": str(self._flaky), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        self.environment = {**kept, **own}

    def write(self, *tests: str) -> None:
        for name, text in {
            "pytest.ini": SETTINGS,
            "code_of_the_test.py": CODE,
            "test_scratch.py": "".join([TESTS, *tests]),
        }.items():
            (self._directory / name).write_text(text)

    def run(self, *arguments: str) -> Outcome:
        return self._outcome([str(CHECKOUT / ".ci" / "again.py"), *arguments])

    def run_as_the_readme_does(self) -> Outcome:
        """Run pytest without the script, and the script after it, as `.ci/run` does."""
        given = "-o cache_dir=cache --junitxml=report.xml"
        first = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile"]
        environment = {**self.environment, "PYTEST_ADDOPTS": given}
        status = self._run(first, environment).returncode
        return self.run("--after", str(status), ".", "README")

    def count(self, name: str) -> int:
        return len((self._directory / f"{name}.count").read_text())

    def _outcome(self, command: list[str]) -> Outcome:
        done = self._run([sys.executable, *command], self.environment)
        flaky = self._flaky.read_text().splitlines() if self._flaky.exists() else []
        return Outcome(done.returncode, flaky, done.stdout)

    def _run(
        self, command: list[str], environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        where = {"cwd": self._directory, "env": environment}
        return subprocess.run(command, **where, capture_output=True, text=True, check=False)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def test_test_that_passes_alone_is_flaky(gate):
    gate.write(PASSES, FLAKY, LATE)
    outcome = gate.run_as_the_readme_does()
    assert outcome.status == 0, outcome.output
    assert outcome.flaky == [
        "test_scratch.py::test_flaky[2] (README)",
        "test_scratch.py::test_late (README)",
    ]
    # Nothing else was run again, and the gate closes with what it found in the end.
    assert gate.count("passes") == 1
    assert "2 passed" in outcome.summary
    assert "100%" in outcome.output


def test_test_that_fails_twice_fails_the_gate(gate):
    gate.write(PASSES, FLAKY, FAILS, BROKEN)
    options = ["--no-cov", "-n", "1", "--dist", "loadfile", "test_scratch.py"]
    outcome = gate.run("databases", *options)
    assert outcome.status == 1
    assert outcome.flaky == ["test_scratch.py::test_flaky[2] (databases)"]
    assert (gate.count("fails"), gate.count("passes")) == (2, 1)
    assert "1 failed, 1 passed, 1 deselected, 1 error" in outcome.summary


@pytest.mark.parametrize(
    ("tests", "flaky"),
    [([PASSES], []), ([PASSES, LATE], ["test_scratch.py::test_late (README)"])],
    ids=["first time", "second time"],
)
def test_code_that_no_test_covers_fails_the_gate(gate, tests, flaky):
    gate.write(*tests)
    outcome = gate.run("README")
    assert (outcome.status, outcome.flaky, gate.count("passes")) == (1, flaky, 1)


def test_test_that_is_skipped_the_second_time_has_not_passed(gate):
    gate.write(PASSES, SKIPPED)
    outcome = gate.run("tox", "--no-cov")
    assert (outcome.status, outcome.flaky) == (1, [])


def test_process_that_crashes_fails_the_gate(gate):
    gate.write(CRASHES, FLAKY)
    outcome = gate.run("README", "-n", "1", "--no-cov")
    assert (outcome.status, outcome.flaky, gate.count("crashes")) == (1, [], 1)


def test_module_that_cannot_be_collected_fails_the_gate(gate):
    gate.write(PASSES, "import not_there")
    outcome = gate.run("README", "-n", "1", "--no-cov")
    assert (outcome.status > 0, outcome.flaky) == (True, [])
    assert "once more" not in outcome.output


def test_wrong_option_fails_the_gate(gate):
    gate.write(PASSES)
    assert gate.run("README", "--no-such-option").status == 4


def test_nothing_is_run_again_outside_of_the_gate(gate):
    gate.write(FLAKY)
    del gate.environment["FLAKY_TESTS"]
    outcome = gate.run("tox", "--no-cov")
    assert (outcome.status, gate.count("flaky")) == (1, 1)
