from __future__ import annotations

import json

import pytest

from mcp_oauth_discovery.doctor.clients import CLOSED, PUBLISHED, READ, Client, basis, named, source
from mcp_oauth_discovery.doctor.findings import Severity, affected, documentation
from mcp_oauth_discovery.doctor.output.structured import as_json
from mcp_oauth_discovery.doctor.report import Report, verdicts
from tests.doctor.world import ORIGIN, World, diagnose, report_on


def report(world: World) -> Report:
    return Report((report_on(world),))


def test_healthy_site_has_nothing_found_for_any_client():
    assert {one.outcome for one in verdicts(diagnose(World()))} == {"nothing found"}


def test_info_is_held_against_no_client():
    world = World()
    del world.document["Cache-Control"]
    assert {one.outcome for one in verdicts(diagnose(world))} == {"nothing found"}


def test_closed_clients_are_those_whose_source_nobody_read():
    assert set(CLOSED) == set(Client) - set(READ)
    without_pages = set(CLOSED) - set(PUBLISHED)
    assert {one.client for one in verdicts([]) if "closed" in one.basis} == without_pages


def test_basis_names_the_maker_and_the_day_of_reading():
    published = PUBLISHED[Client.CHATGPT]
    assert basis(Client.CHATGPT) == f"what OpenAI publishes; read {published.read}"
    assert source(Client.CHATGPT) == "what OpenAI publishes"


@pytest.mark.parametrize(
    ("clients", "text"),
    [
        (tuple(Client), "all clients"),
        ((Client.GO, Client.CLAUDE), "Go SDK, Claude"),
        ((), "no client by itself"),
    ],
)
def test_clients_are_named(clients, text):
    assert named(clients) == text


@pytest.mark.parametrize("severity", list(Severity))
def test_error_that_stops_no_client_says_why_it_is_one(severity):
    is_error = severity is Severity.ERROR
    told = "no known client; strict clients may stop"
    assert affected((), severity) == (told if is_error else "no client by itself")
    assert affected((Client.GO,), severity) == "Go SDK"


def test_json_has_what_the_lines_have():
    world = World()
    world.prm["resource"] = ORIGIN
    told = json.loads(json.dumps(as_json(report(world), ok=False)))["reports"][0]
    assert list(told) == ["url", "findings", "skipped", "clients"]
    [fault] = [one for one in told["findings"] if one["severity"] != "pass"]
    assert fault == {
        "code": "prm-resource-not-exact",
        "severity": "error",
        "group": "protected-resource",
        "subject": f"{ORIGIN}/.well-known/oauth-protected-resource/mcp",
        "seen": fault["seen"],
        "expected": "the URL of the endpoint, character by character",
        "section": "RFC 9728 §3.3",
        "clients": ["Claude", "Go SDK", "VS Code"],
        "fix": "Set resource to the URL of the endpoint, exactly as users type it.",
        "explained_by": "",
        "documentation": documentation("prm-resource-not-exact"),
    }
    assert told["findings"][0]["group"] == "reach"
    go = next(one for one in told["clients"] if one["name"] == "Go SDK")
    assert go == {
        "name": "Go SDK",
        "outcome": "stops",
        "stopped_by": ["prm-resource-not-exact"],
        "hindered_by": [],
        "judged_by": "its source of 2026",
    }
