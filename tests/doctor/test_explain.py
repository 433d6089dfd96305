"""`mcp_discovery explain`: the cause, an example and the fix of each code."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mcp_oauth_discovery.checks import ERROR_IDS, RULES
from mcp_oauth_discovery.doctor.examples import EXAMPLES
from mcp_oauth_discovery.doctor.findings import documentation
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEP_OF
from tests.doctor.world import ENDPOINT, ORIGIN, World, faults
from tests.markdown import anchors, read


def members(text: str) -> dict[str, object]:
    """Return the members that an example has, none if it is no part of a JSON object."""
    try:
        return json.loads(f"{{{text}}}")
    except ValueError:
        return {}


def challenge(text: str) -> str:
    """Return the challenge that an example has, "" if it has none that is complete."""
    name, _, value = text.partition(": ")
    return value if name == "WWW-Authenticate" and not set(value) & set("…\n") else ""


# The document that has the members of a step's examples.
DOCUMENTS = {"protected-resource": "prm", "authorization-server": "server"}
PLANTABLE = sorted(
    code
    for code, example in EXAMPLES.items()
    if code in STEP_OF
    and ((STEP_OF[code].name in DOCUMENTS and members(example.broken)) or challenge(example.broken))
)


def planted(code: str, text: str) -> list[str]:
    """Return the codes that are found in a healthy world with an example."""
    world = World()
    changes = members(text)
    step = "protected-resource" if "authorization_servers" in changes else STEP_OF[code].name
    if changes:
        getattr(world, DOCUMENTS[step]).update(changes)
    world.challenge = challenge(text) or world.challenge
    return faults(world, in_process=code == "as-elsewhere")


def test_every_code_has_an_example():
    assert set(EXAMPLES) == set(ENTRIES)


def test_examples_show_a_difference():
    assert [code for code, one in EXAMPLES.items() if one.broken == one.right] == []


@pytest.mark.parametrize("code", PLANTABLE)
def test_broken_example_has_its_finding(code):
    assert code in planted(code, EXAMPLES[code].broken)


@pytest.mark.parametrize("code", PLANTABLE)
def test_right_example_does_not_have_the_finding(code):
    assert code not in planted(code, EXAMPLES[code].right)


def test_examples_of_metadata_and_challenges_are_tried():
    assert len(PLANTABLE) > 20
    assert (ENDPOINT, ORIGIN) == ("https://app.example.com/mcp", "https://app.example.com")


def test_code_is_explained_with_cause_example_fix_and_address(run):
    output, message = run("explain", "prm-resource-mismatch")
    assert message == ""
    assert output.startswith(
        "prm-resource-mismatch  error  Protected resource metadata (group protected-resource)\n"
        "  Cause:        resource is not this endpoint.\n"
        '  Example:      "resource": "https://app.example.com/api"\n'
        '  Instead:      "resource": "https://app.example.com/mcp"\n'
        "  Fix:          Set resource to the URL of the endpoint, exactly as users type it.\n"
        "  In Django:    Set MCP_RESOURCE to the URL of the endpoint, exactly as users type it.\n"
        "  Expected:     the URL of the endpoint (RFC 9728 §3.3)\n"
        "  Clients:      all clients\n"
    )
    assert output.endswith(f"\n  Docs:         {documentation('prm-resource-mismatch')}\n")


def test_lines_of_an_example_stand_below_each_other(run):
    output, _ = run("explain", "endpoint-html")
    assert (
        "  Example:      POST https://app.example.com/mcp\n"
        "                HTTP/1.1 200 OK\n"
        "                Content-Type: text/html\n"
    ) in output


def test_cause_of_other_findings_names_them_and_they_name_it(run, monkeypatch):
    cause = replace(ENTRIES["reach-refused"], explains=("endpoint", "prm-not-found"))
    monkeypatch.setitem(ENTRIES, "reach-refused", cause)
    output, _ = run("explain", "reach-refused")
    assert "  Explains:     endpoint, prm-not-found\n" in output
    for code in ("endpoint-html", "prm-not-found"):
        assert "  Explained by: " in run("explain", code)[0]
        assert "reach-refused" in json.loads(run("explain", code, "--json")[0])["explained_by"]


def test_json_of_a_code_is_one_object(run):
    document = json.loads(run("explain", "cors-document", "--json")[0])
    entry = ENTRIES["cors-document"]
    assert document == {
        "code": "cors-document",
        "severity": "error",
        "group": "cors",
        "cause": entry.seen,
        "example": EXAMPLES["cors-document"]._asdict(),
        "fix": entry.fix,
        "django_fix": entry.django_fix,
        "expected": entry.expected,
        "section": entry.section,
        "clients": ["Inspector"],
        "explains": list(entry.explains),
        "explained_by": document["explained_by"],
        "documentation": documentation("cors-document"),
    }


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_every_code_is_explained(run, code):
    output, message = run("explain", code)
    parts = ("Cause:", "Example:", "Instead:", "Fix:", f"#{code}")
    assert (message, [part for part in parts if part not in output]) == ("", [])


def test_group_is_explained_by_its_codes(run):
    output, _ = run("explain", "suffixes")
    assert output.startswith(
        "Unknown addresses (group suffixes)\n  error     suffix-echoed    The "
    )
    assert output.count("\n") == 4


def test_without_a_code_all_are_listed(run):
    document = json.loads(run("explain", "--json")[0])
    assert [one["code"] for one in document["codes"]] == list(ENTRIES)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("prm-resource-mismtch", "Did you mean prm-resource-mismatch or "),
        ("corsdocument", "Did you mean cors-document or "),
        ("unserved", "Did you mean jwks-unserved? "),
    ],
)
def test_unknown_code_gets_the_nearest_ones(run, name, advice):
    output, message = run("explain", name)
    assert output == ""
    assert message.startswith(f"Unknown code: {name}. {advice}")


def test_case_of_a_code_does_not_matter(run):
    assert run("explain", "CORS-Document") == run("explain", "cors-document")
    assert run("explain", "CORS") == run("explain", "cors")


@pytest.mark.parametrize("name", ["", "%%%\x1b"])
def test_name_that_is_like_no_code_gets_no_guess(run, name):
    shown = name.replace("\x1b", "\\x1b")
    message = f"Unknown code: {shown}. mcp_discovery explain lists all codes."
    assert run("explain", name) == ("", message)


@pytest.mark.parametrize("number", [ERROR_IDS[0], next(iter(RULES)), "W048"])
def test_system_check_leads_to_its_section(run, number):
    name = f"mcp_oauth_discovery.{number}"
    output, _ = run("explain", number.lower())
    assert output.startswith(f"{name} is a system check.")
    document = json.loads(run("explain", name, "--json")[0])
    page, _, anchor = document["documentation"].partition("#")
    assert (document["id"], page[-12:]) == (name, "/checks.html")
    assert anchor in anchors(read("docs/checks.md"))
    assert document["documentation"] in output
