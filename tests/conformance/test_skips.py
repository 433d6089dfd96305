"""A test that the page cites fails if it is skipped in the gate."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests import conftest
from tests.conformance import skips
from tests.deprecations import STRICT
from tests.markdown import CHECKOUT

CONFTEST = """
from tests.conformance import skips
from tests.conformance.skips import pytest_runtest_makereport

NAMES = ("passes", "marked", "called", "prepared", "one_case")
skips.cited = lambda: {f"test_tiny.py::test_{name}" for name in NAMES}
"""
TESTS = """
import pytest

def test_passes():
    pass

@pytest.mark.skip(reason="Missing.")
def test_marked():
    pass

def test_called():
    pytest.skip("Missing.")

@pytest.fixture
def missing():
    pytest.skip("Missing.")

def test_prepared(missing):
    pass

@pytest.mark.parametrize("case", [1, 2])
def test_one_case(case):
    if case == 2:
        pytest.skip("Missing.")

def test_not_cited():
    pytest.skip("Missing.")
"""
FAILURE = re.compile(r"^(?:FAILED|ERROR) test_tiny\.py::(\S+) - docs/conformance\.md cites", re.M)


@pytest.fixture
def failures(tmp_path):
    """Return a function that runs the tests above, and returns the names of those that failed."""

    def failures(**environment):
        (tmp_path / "conftest.py").write_text(CONFTEST)
        (tmp_path / "test_tiny.py").write_text(TESTS)
        own = {"PYTHONPATH": str(CHECKOUT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **STRICT}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **own, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        names = FAILURE.findall(done.stdout)
        assert done.returncode == bool(names), done.stdout + done.stderr
        return names

    return failures


def test_cited_tests_that_are_skipped_fail(failures):
    skipped = ["test_marked", "test_called", "test_prepared", "test_one_case[2]"]
    assert sorted(failures(MCP_REQUIRE_CLIENTS="1")) == sorted(skipped)


@pytest.mark.parametrize(
    "environment",
    [{}, {"MCP_REQUIRE_CLIENTS": "1", "MCP_TEST_DATABASE_URL": "postgresql://127.0.0.1/a"}],
    ids=["outside-of-the-gate", "on-another-database"],
)
def test_cited_tests_may_be_skipped(failures, environment):
    assert failures(**environment) == []


def test_these_tests_have_the_hook():
    assert conftest.pytest_runtest_makereport is skips.pytest_runtest_makereport
