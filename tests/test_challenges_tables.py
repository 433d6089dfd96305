"""The tables of `docs/challenges.md` about refused bodies and about the exceptions of verifiers."""

from __future__ import annotations

import json
import re

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404

from mcp_oauth_discovery.protection import BearerProtection, InvalidToken, NotMine, Unavailable
from mcp_oauth_discovery.protection.bodies import DEEPEST_BODY, MOST_CONTAINERS
from mcp_oauth_discovery.protection.operations import LONGEST_BATCH
from tests import ORIGIN
from tests.markdown import read, section

PAGE = read("docs/challenges.md")
CALL = '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "a"}}'
LONG = "a" * 1500
TOKEN = {"authorization": "Bearer token"}

# What stands for each row of the table: a body, and headers.
BODIES: list[tuple[bytes, dict[str, str]]] = [
    (b" " * (2 * 1024 * 1024 + 600_000), {}),
    (b'{"method": "ping", "method": "tools/call"}', {}),
    (b"[" * (DEEPEST_BODY + 2) + b"]" * (DEEPEST_BODY + 2), {}),
    (b"[%s]" % b",".join([b"{}"] * MOST_CONTAINERS), {}),
    (b'{"id": 01, "method": "tools/call"}', {}),
    (b'"&method=tools/call&"', {"Content-Type": "application/x-www-form-urlencoded"}),
    ("\ufeff{}".encode(), {}),
    (json.dumps([{"method": "ping"}] * (LONGEST_BATCH + 1)).encode(), {}),
    (CALL.encode(), {"Mcp-Method": "tools/list"}),
]
EXCEPTIONS = {
    "InvalidToken": InvalidToken("No"),
    "NotMine": NotMine(),
    "Unavailable": Unavailable(),
    "Http404": Http404(),
    "SuspiciousOperation": SuspiciousOperation(),
    "BadRequest": BadRequest(),
    "any other": ZeroDivisionError(),
}


def rows(heading: str) -> list[list[str]]:
    lines = re.findall(r"^\| (.+) \|$", section(PAGE, heading), re.M)
    return [line.split(" | ") for line in lines if not line.startswith("---")]


@pytest.fixture(autouse=True)
def _site(settings):
    settings.MCP_ISSUER = ORIGIN


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_body_gets_the_answer_in_its_row(rf, number):
    header, *table = rows("The body")
    assert header == ["The body", "Status", "Code"]
    assert len(table) == len(BODIES)
    (_, status, code), (body, headers) = table[number], BODIES[number]
    protection = BearerProtection("/mcp", scope=lambda operation: "mcp")
    kind = headers.get("Content-Type", "application/json")
    response = protection(rf.post("/mcp", body, kind, headers=headers))
    answer = json.loads(response.content)
    assert (response.status_code, answer["error"]["code"]) == (int(status), int(code))
    assert (answer["jsonrpc"], answer["id"]) == ("2.0", None)


def test_batch_that_needs_too_many_scopes_is_refused_too(rf):
    batch = json.dumps([{"method": "a"}, {"method": "b"}])
    protection = BearerProtection("/mcp", scope=lambda operation: LONG + operation.method)
    response = protection(rf.post("/mcp", batch, "application/json"))
    assert (response.status_code, json.loads(response.content)["error"]["code"]) == (400, -32600)


def test_limits_are_those_of_the_code():
    text = section(PAGE, "The body")
    assert f"deeper than {DEEPEST_BODY} levels" in text
    assert f"more than {MOST_CONTAINERS:,} objects" in text
    assert f"more than {LONGEST_BATCH} messages" in text


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_exception_of_a_verifier_gets_the_answer_in_its_row(rf, name):
    def verify(request, token, resource):
        raise EXCEPTIONS[name]

    answers = {row[0]: row[1] for row in rows("Tokens from elsewhere")}
    [shown] = [answer for names, answer in answers.items() if name in names]
    response = BearerProtection("/mcp", verify=verify)(rf.post("/mcp", headers=TOKEN))
    assert str(response.status_code) in re.findall(r"\b[45]\d\d\b", shown)
    assert ("Retry-After" in response) == ("Retry-After" in shown)


def test_permission_of_a_verifier_is_left_to_django(rf):
    def verify(request, token, resource):
        raise PermissionDenied

    with pytest.raises(PermissionDenied):
        BearerProtection("/mcp", verify=verify)(rf.post("/mcp", headers=TOKEN))
