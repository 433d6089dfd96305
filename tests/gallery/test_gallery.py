"""The doctor names what is wrong with each exhibit and nothing else, and is silent at the rest."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mcp_oauth_discovery.doctor.steps import STEP_OF, STEPS
from tests.gallery.exhibits import EXHIBITS, Exhibit

pytestmark = pytest.mark.clients

# That of a fault of the doctor itself.
ELSEWHERE = {"check"}

BROKEN = {name: one for name, one in EXHIBITS.items() if one.codes}
# The first code is that of the cause.
CONSEQUENTIAL = {name: one for name, one in BROKEN.items() if len(one.codes) > 1}
HEALTHY = {name: one for name, one in EXHIBITS.items() if not one.codes}

# How quick the machine of the tests is says nothing about the exhibits.
OPTIONS = ("--skip", "answer-slow")


def check(url: str, *options: str) -> tuple[list[dict[str, Any]], bool]:
    """Return what the command finds at a URL, but for the passes, and whether it ends well."""
    told, is_well = StringIO(), True
    options = (*OPTIONS, *options)
    try:
        call_command("mcp_discovery", "check", url, "--json", *options, stdout=told)
    except CommandError:
        is_well = False
    [report] = json.loads(told.getvalue())["reports"]
    return [one for one in report["findings"] if one["severity"] != "pass"], is_well


def lines(findings: list[dict[str, Any]]) -> str:
    return "\n".join(f"{one['code']} {one['subject']}\n    {one['seen']}" for one in findings)


@pytest.mark.parametrize("exhibit", BROKEN.values(), ids=BROKEN)
def test_fault_is_named_and_nothing_else(exhibit: Exhibit, visited):
    findings, is_well = check(visited(exhibit), *exhibit.options)
    assert {one["code"] for one in findings} == {*exhibit.codes, *exhibit.remarks}, lines(findings)
    assert is_well is not any(one["severity"] in ("critical", "error") for one in findings)
    for words in exhibit.says:
        assert any(words in f"{one['seen']}\n{one['fix']}" for one in findings), lines(findings)


@pytest.mark.parametrize("exhibit", CONSEQUENTIAL.values(), ids=CONSEQUENTIAL)
def test_cause_is_read_first(exhibit: Exhibit, visited):
    url = visited(exhibit)
    with pytest.raises(CommandError) as failure:
        call_command("mcp_discovery", "check", url, "--strict", *OPTIONS, stdout=StringIO())
    assert str(failure.value).endswith(f" Start with {exhibit.codes[0]}.")


@pytest.mark.parametrize("exhibit", HEALTHY.values(), ids=HEALTHY)
def test_doctor_is_silent_where_nothing_is_wrong(exhibit: Exhibit, visited):
    findings, is_well = check(visited(exhibit), "--strict", *exhibit.options)
    assert is_well, lines(findings)
    assert {one["code"] for one in findings} == set(exhibit.remarks), lines(findings)


def test_every_step_has_an_exhibit():
    """Each code has a fault in `tests/doctor/`; here is what a real server makes of some."""
    shown = {STEP_OF[code].name for exhibit in EXHIBITS.values() for code in exhibit.codes}
    assert shown == {step.name for step in STEPS} - ELSEWHERE
