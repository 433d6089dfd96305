"""A fault of the doctor itself ends one step. The report says so, and has the other steps."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest

from mcp_oauth_discovery.doctor import examination
from mcp_oauth_discovery.doctor.examination import Selection, examined
from mcp_oauth_discovery.doctor.findings import Severity
from mcp_oauth_discovery.doctor.mishaps import Noted
from mcp_oauth_discovery.doctor.steps import STEPS, check
from mcp_oauth_discovery.doctor.steps.documents import STEP as DOCUMENTS
from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble
from mcp_oauth_discovery.doctor.transport.network import HTTPTransport
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.walker import Walker
from tests.doctor.servers import answering, serving
from tests.doctor.world import ENDPOINT, JWKS, PAGE, PRM, World, diagnose

pytestmark = pytest.mark.doctor_fails


def test_step_that_raises_is_noted_logged_and_survived(caplog):
    mishaps: list[str] = []
    with Noted(mishaps, "a step"):
        raise ValueError("one\nERROR two")
    assert mishaps == ["a step: ValueError: one\\nERROR two"]
    [record] = caplog.records
    assert (record.event, record.levelno) == ("doctor.failed", logging.ERROR)
    assert record.getMessage().isprintable()


def test_mishap_is_translated_and_its_log_line_is_not(monkeypatch, caplog):
    german = {"the rules of %(name)s": "die Regeln von %(name)s"}
    monkeypatch.setattr("mcp_oauth_discovery.doctor.mishaps.gettext", german.get)
    mishaps: list[str] = []
    with Noted(mishaps, "the rules of %(name)s", "cors"):
        raise ValueError("a reason")
    assert mishaps == ["die Regeln von cors: ValueError: a reason"]
    assert "the rules of cors: ValueError: a reason" in caplog.text


def test_no_break_space_of_a_translation_is_printed():
    walk = Walk(ENDPOINT, PAGE, mishaps=["les règles de cors\xa0: ValueError: a\u202eb"])
    [result] = check.failed(walk)
    assert result.seen == "les règles de cors\xa0: ValueError: a\\u202eb"


def test_interrupt_is_not_caught():
    with pytest.raises(KeyboardInterrupt), Noted([], "a step"):
        raise KeyboardInterrupt


def failing_at(world: World, place: str):
    """Have the transport break its promise at a URL."""
    healthy = world.send

    def send(method, url, headers=(), body=b""):
        if url == place:
            raise LookupError("no such thing")
        return healthy(method, url, headers, body)

    world.send = send


def test_check_continues_after_a_step_that_failed():
    world = World()
    failing_at(world, JWKS)
    found = [one for one in diagnose(world) if one.severity is not Severity.PASS]
    assert "check-failed" in {one.code for one in found}
    assert all(one.subject == ENDPOINT for one in found if one.code == "check-failed")
    assert "the walk: LookupError: no such thing" in {one.seen for one in found}


def broken_rule(walk):
    raise IndexError("a fault of a rule")
    yield


@pytest.fixture
def set_rules(monkeypatch):
    """Return a function that gives a step other rules."""

    def set_rules(name, *rules):
        steps = (replace(step, rules=rules) if step.name == name else step for step in STEPS)
        monkeypatch.setattr(examination, "STEPS", tuple(steps))

    return set_rules


def test_rule_that_fails_leaves_the_others_and_passes_nothing(set_rules):
    set_rules("documents", broken_rule, *DOCUMENTS.rules)
    world = World()
    world.json(PRM, {**world.prm, "resource_name": ""})
    found = {one.code: one for one in diagnose(world)}
    assert {"document-empty", "check-failed"} <= set(found)
    assert found["check-failed"].seen == "the rules of documents: IndexError: a fault of a rule"
    assert "documents-ok" not in found
    assert "check-ok" not in found


def test_silent_rule_that_fails_passes_nothing(set_rules):
    set_rules("documents", broken_rule)
    codes = [one.code for one in diagnose(World())]
    assert "check-failed" in codes
    assert "documents-ok" not in codes


def test_failed_step_is_reported_whatever_is_selected(set_rules):
    set_rules("documents", broken_rule)
    walk = Walker(World(), page_origin=PAGE, probes=Selection().probes()).walk(ENDPOINT)
    findings = examined(walk, Selection(only=frozenset({"caching"}))).findings
    assert [one.code for one in findings] == ["caching-ok", "check-failed"]


def test_report_is_whole_where_a_rule_fails(set_rules, run):
    set_rules("endpoint", broken_rule)
    with serving(answering(b"HTTP/1.1 404 A\r\nContent-Length: 0\r\n\r\n")) as port:
        output, _ = run("check", f"http://127.0.0.1:{port}/mcp", "--json")
    [report] = json.loads(output)["reports"]
    assert report["findings"][-1]["code"] == "check-failed"


def test_transport_that_fails_gives_no_answer(monkeypatch):
    def resolver(host, port):
        return [("no", "address")]

    transport = HTTPTransport("http://a.example.com/", resolver=resolver)
    failure = transport.send("GET", "http://a.example.com/")
    assert isinstance(failure, Failure)
    assert failure.trouble is Trouble.BROKEN
    assert failure.reason.startswith("the transport: IndexError: ")


def test_healthy_check_has_come_to_its_end():
    assert diagnose(World())[-1].code == "check-ok"


def test_mishap_is_a_warning():
    world = World()
    walk = Walker(world, page_origin=PAGE, probes=Selection().probes()).walk(ENDPOINT)
    walk.mishaps.append("a step: ValueError: a reason")
    [one] = [
        one for one in examined(walk, Selection()).findings if one.severity is not Severity.PASS
    ]
    assert (one.code, one.severity, one.clients) == ("check-failed", Severity.WARNING, ())
