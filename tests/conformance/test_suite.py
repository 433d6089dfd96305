"""The record of the official conformance suite is on the page, and agrees with itself."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.conformance.page import PAGE, with_suite
from tests.conformance.suite import DATA, LEFT_OUT, OUTCOMES, RUNS
from tests.markdown import CHECKOUT

PACKAGE = CHECKOUT / "tests" / "clients" / "conformance" / "package.json"


def test_page_has_the_record():
    text = PAGE.read_text(encoding="utf-8")
    assert with_suite(text) == text, "Run `python -m tests.conformance`"


def test_record_is_of_the_version_that_the_tests_install():
    assert json.loads(PACKAGE.read_text())["dependencies"][DATA["package"]] == DATA["version"]


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_scenarios_are_run_or_left_out(run):
    assert LEFT_OUT.isdisjoint(run.scenarios)


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_what_did_not_pass_has_an_answer(run):
    answered = Counter(outcome for _, _, outcome in run.remarks)
    assert answered == run.outcomes - Counter(passed=run.outcomes["passed"])
    assert {scenario for scenario, _, _ in run.remarks} <= set(run.scenarios)


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_outcomes_are_columns_of_the_table(run):
    assert set(run.outcomes) <= set(OUTCOMES)
    assert run.outcomes["failed"] == 0


def test_each_answer_belongs_to_a_run():
    named = {name for remark in DATA["remark"] for name in remark["runs"]}
    assert named <= set(RUNS)
    assert all(remark["answer"] for remark in DATA["remark"])
