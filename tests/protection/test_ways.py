"""Each way to protect an endpoint gives the same answers about operations."""

from __future__ import annotations

import pytest

from tests import ORIGIN, PRM
from tests.protection import ways
from tests.protection.conftest import call, challenge, message

pytestmark = pytest.mark.django_db

METADATA = f"{ORIGIN}{PRM}/mcp"
MCPZ = [way for way in ways.WAYS if "mcpz" in way]
OTHERS = [way for way in ways.WAYS if "mcpz" not in way]


def test_401_names_the_scopes_of_the_operation(post, way):
    status, parameters = challenge(post(call("wipe"), way=way))
    assert (status, parameters) == (
        401,
        {"resource_metadata": METADATA, "scope": "files-write admin"},
    )


def test_403_names_all_scopes_of_the_operation_and_no_others(post, way):
    status, parameters = challenge(post(call("wipe"), "mcp.files-write", way=way))
    assert status == 403
    assert parameters["error"] == "insufficient_scope"
    assert parameters["scope"] == "files-write admin"


def test_token_with_the_scopes_of_the_tool_is_admitted_without_others(post, way):
    assert post(call("write"), "files-write", way=way).status_code == 200


def test_other_operation_needs_the_other_scope(post, way):
    assert challenge(post(message("prompts/list"), "files-write", way=way))[1]["scope"] == "mcp"


def test_public_operation_needs_no_token(post, way):
    response = post(message("tools/list"), way=way)
    assert response.status_code == 200, response.content


@pytest.mark.parametrize("way", OTHERS)
def test_view_of_a_public_operation_gets_empty_claims_and_the_body(post, way):
    answered = post(message("tools/list"), way=way).json()
    assert answered["claims"] == {}
    assert answered["read"] > 50


@pytest.mark.parametrize("way", OTHERS)
def test_view_still_reads_the_body(post, way):
    answered = post(call("write"), "files-write", way=way).json()
    assert answered["claims"]["sub"] == "7"
    assert answered["read"] > 50


@pytest.mark.parametrize("way", MCPZ)
def test_server_still_reads_the_body(post, way):
    answered = post(call("write"), "files-write", way=way).json()
    assert answered["result"]["content"][0]["text"] == "written"


@pytest.mark.parametrize("body", [message("tools/list"), call("write")], ids=["public", "tool"])
def test_token_that_is_sent_is_verified_always(post, way, body):
    status, parameters = challenge(post(body, "wrong", way=way))
    assert (status, parameters["error"]) == (401, "invalid_token")


def test_token_with_a_proof_of_possession_never_passes_as_bearer(post, way):
    status, parameters = challenge(post(call("write"), "bound", way=way))
    assert (status, parameters["error"]) == (401, "invalid_token")
    assert "proof of possession" in parameters["error_description"]


def test_token_that_cannot_be_verified_now_is_a_503_without_a_challenge(post, way, caplog):
    response = post(call("write"), "unavailable", way=way)
    assert response.status_code == 503
    assert response["Retry-After"] == "7"
    assert response.json() == {"error": "temporarily_unavailable"}
    assert "WWW-Authenticate" not in response
    [record] = [record for record in caplog.records if record.name == "mcp_oauth_discovery"]
    assert (record.event, record.levelname, record.exc_info) == (
        "token.unverified",
        "WARNING",
        None,
    )
    assert record.getMessage().endswith("login.example.com does not answer")


def test_ambiguous_body_is_refused_as_json_rpc_servers_do(post, way):
    response = post(b'{"method": "tools/list", "method": "tools/call"}', way=way)
    assert response.status_code == 400
    assert response.json() == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {
            "code": -32700,
            "message": "The body of the request has a key twice in one object",
        },
    }


def test_form_does_not_smuggle_a_tool_past_its_scope(post, way):
    form = {"content-type": "application/x-www-form-urlencoded"}
    response = post(b"method=tools/call&params.name=wipe", "mcp", way=way, **form)
    assert (response.status_code, response.json()["error"]["code"]) == (400, -32700)


# django-mcpz alone checks the origin itself, and answers OPTIONS.
@pytest.mark.parametrize("way", [way for way in ways.WAYS if way != "django-mcpz"])
def test_foreign_origin_is_refused_before_anything_else(post, way, settings, caplog):
    settings.MCP_ALLOWED_ORIGINS = ["https://chat.example.com"]
    for token in (None, "wrong", "files-write"):
        response = post(call("write"), token, way=way, origin="https://evil.example.com")
        assert response.status_code == 403
        assert response.json()["error"] == "origin_not_allowed"
        assert "WWW-Authenticate" not in response
    assert [record.event for record in caplog.records if hasattr(record, "event")] == [
        "origin.refused"
    ] * 3


def test_listed_origin_is_let_in(post, way, settings):
    settings.MCP_ALLOWED_ORIGINS = ["https://app.example.com"]
    origin = "https://app.example.com"
    assert post(call("write"), "files-write", way=way, origin=origin).status_code == 200


@pytest.mark.parametrize("way", [way for way in ways.WAYS if way != "django-mcpz"])
def test_preflight_of_a_foreign_origin_is_refused(post, way, settings):
    settings.MCP_ALLOWED_ORIGINS = ["https://chat.example.com"]
    foreign = post(b"", way=way, method="options", origin="https://evil.example.com")
    listed = post(b"", way=way, method="options", origin="https://chat.example.com")
    assert (foreign.status_code, listed.status_code) == (403, 204)


def test_implied_scope_counts(post, way, settings):
    settings.MCP_IMPLIED_SCOPES = {"admin": ["files-write"], "files-write": ["mcp"]}
    assert post(call("wipe"), "admin", way=way).status_code == 200
    assert post(message("prompts/list"), "admin", way=way).status_code == 200
    assert challenge(post(call("wipe"), "files-write", way=way))[0] == 403
