"""Which scopes an operation needs: by tool, by a callable, in a batch, and by implication."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.protection import BearerProtection, Operation, granted_scope, scope_by_tool
from mcp_oauth_discovery.protection.implied import with_implied
from tests.protection.conftest import call, challenge, message
from tests.protection.ways import verify

INVALID_NAMES = ["é", 'a"b', "a\\b", "\ud800", "", "x" * 5000]
BY_TOOL = scope_by_tool({"write": "files-write", "wipe": ["files-write", "admin"]}, otherwise="mcp")


@pytest.fixture
def ask(rf):
    """Return a function that asks a protection with some arguments about a message."""

    def ask(body, token=None, *, data=None, **arguments):
        headers = {"host": "app.example.com"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        kind = "application/json"
        data = body if data is None else data
        request = rf.post("/mcp", data=data, content_type=kind, headers=headers, secure=True)
        return BearerProtection(**{"resource": "/mcp", "verify": verify, **arguments})(request)

    return ask


@pytest.mark.parametrize(
    ("method", "name", "scopes"),
    [
        ("tools/call", "write", ("files-write",)),
        ("tools/call", "wipe", ("files-write", "admin")),
        ("tools/call", "read", ("mcp",)),
        ("tools/call", None, ("mcp",)),
        ("prompts/get", "write", ("mcp",)),
        (None, None, ("mcp",)),
    ],
)
def test_scope_by_tool_is_that_of_a_call(rf, method, name, scopes):
    assert BY_TOOL(Operation(rf.post("/mcp"), method, name)) == scopes


def test_scope_by_tool_knows_all_of_its_scopes():
    assert BY_TOOL.scopes == ("mcp", "files-write", "admin")
    assert scope_by_tool({}).scopes == ()


@pytest.mark.parametrize(
    ("scopes", "otherwise"),
    [({"write": "a  b"}, ""), ({"write": 'a"b'}, ""), ({}, "offline_access"), ({"write": [7]}, "")],
)
def test_invalid_scope_of_a_tool_is_refused_when_the_project_is_loaded(scopes, otherwise):
    with pytest.raises(ValueError, match=r"^scope: "):
        scope_by_tool(scopes, otherwise=otherwise)


def test_scopes_by_tool_must_be_a_dict():
    with pytest.raises(TypeError, match="expected a dict"):
        scope_by_tool("files-write")


def test_callable_decides_by_the_arguments(ask):
    def scope(operation):
        path = operation.params.get("arguments", {}).get("path", "")
        return "secrets" if path.startswith("/etc") else ["files"]

    assert ask(call("read", path="notes"), "files", scope=scope) is None
    refusal = ask(call("read", path="/etc/a"), "files", scope=scope)
    assert challenge(refusal)[1]["scope"] == "secrets"


@pytest.mark.parametrize("scope", [None, "", []])
def test_callable_may_need_no_scope(ask, scope):
    assert ask(call("read"), "other", scope=lambda operation: scope) is None


def test_static_scope_reads_no_body(ask):
    twice = b'{"method": "a", "method": "b"}'
    assert ask(twice, "mcp", scope="mcp") is None
    assert ask(twice, "mcp", scope=BY_TOOL).status_code == 400


def test_batch_needs_the_scopes_of_all_its_operations(ask):
    batch = [message("tools/list"), call("write"), call("wipe")]
    assert challenge(ask(batch, "files-write.admin", scope=BY_TOOL))[1]["scope"] == (
        "mcp files-write admin"
    )
    assert ask(batch, "files-write.admin.mcp", scope=BY_TOOL) is None


def test_batch_that_needs_more_scopes_than_a_challenge_can_name_is_refused(ask):
    def scope(operation):
        return f"{operation.name}{'x' * 100}"

    assert ask([call(f"{number}") for number in range(30)], scope=scope).status_code == 400
    assert ask([call(f"{number}") for number in range(10)], scope=scope).status_code == 401


@pytest.mark.parametrize("scope", ["offline_access", 'a"b', 7, "x" * 3000])
def test_invalid_scope_of_a_callable_is_a_logged_500(ask, caplog, scope):
    assert ask(call("read"), "mcp", scope=lambda operation: scope).status_code == 500
    assert [record.event for record in caplog.records] == ["endpoint.failed"]
    assert "scope" in caplog.text


def test_repeat_granted_names_the_scopes_of_the_token_too(ask):
    refusal = ask(call("write"), "mcp.other", scope=BY_TOOL, repeat_granted=True)
    assert challenge(refusal)[1]["scope"] == "files-write mcp other"


def test_repeat_granted_does_not_name_implied_scopes(ask, settings):
    settings.MCP_IMPLIED_SCOPES = {"mcp": ["tiny"]}
    refusal = ask(call("write"), "mcp", scope=BY_TOOL, repeat_granted=True)
    assert challenge(refusal)[1]["scope"] == "files-write mcp"


def test_implied_scopes_are_transitive(settings):
    settings.MCP_IMPLIED_SCOPES = {"a": ["b", "x"], "b": ["c"], "x": ["c"]}
    assert with_implied(["a", "z"]) == {"a", "b", "c", "x", "z"}
    assert with_implied(["c"]) == {"c"}


def test_granted_scopes_have_the_implied_ones_on_request(settings):
    settings.MCP_IMPLIED_SCOPES = {"a": ["b"]}
    assert granted_scope({"scope": "a"}) == {"a"}
    assert granted_scope({"scope": ["a", 7]}, implied=True) == {"a", "b"}


@pytest.mark.parametrize(
    ("value", "path", "problem"),
    [
        (["a"], "", "expected a dict, not list"),
        ({"a": "b"}, "['a']", "expected a list of scopes, not str"),
        ({"a b": []}, "", "is not one scope"),
        ({"a": ["b", 7]}, "['a'][1]", "is not one scope"),
        ({"a": ["a"]}, "", "'a' > 'a'"),
        ({"z": ["a"], "a": ["b"], "b": ["c", "a"], "c": []}, "", "'a' > 'b' > 'a'"),
    ],
)
def test_wrong_hierarchy_is_refused_with_its_place(settings, value, path, problem):
    settings.MCP_IMPLIED_SCOPES = value
    with pytest.raises(Misconfigured) as caught:
        with_implied(["a"])
    assert f"MCP_IMPLIED_SCOPES{path} is" in str(caught.value)
    assert problem in str(caught.value)


def test_diamond_is_no_cycle(settings):
    settings.MCP_IMPLIED_SCOPES = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": ["e"], "e": []}
    assert with_implied(["a"]) == {"a", "b", "c", "d", "e"}


def test_wrong_hierarchy_is_a_logged_500(ask, settings, caplog):
    settings.MCP_IMPLIED_SCOPES = {"a": ["a"]}
    assert ask(call("write"), "mcp", scope=BY_TOOL).status_code == 500
    assert "MCP_IMPLIED_SCOPES" in caplog.text


@pytest.mark.parametrize("name", INVALID_NAMES)
def test_name_that_cannot_be_part_of_a_scope_is_the_error_of_the_client(ask, name):
    refusal = ask(call(name), scope=lambda operation: ["mcp", f"{operation.name}"])
    assert (refusal.status_code, b"-32600" in refusal.content) == (400, True)


@pytest.mark.parametrize("scope", ["é", "x" * 5000])
@pytest.mark.parametrize("name", ["read", None])
def test_invalid_scope_of_a_callable_is_a_fault_of_the_site(ask, name, scope):
    assert ask(call(name), scope=lambda operation: scope).status_code == 500
