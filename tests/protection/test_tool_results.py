"""`tool_result_challenge`: the result of a tool that ChatGPT turns into its button to sign in."""

from __future__ import annotations

import json

import pytest

from mcp_oauth_discovery.challenge import tool_result_challenge
from mcp_oauth_discovery.standards.www_authenticate import parse
from tests import ORIGIN, PRM


def read(result):
    assert json.loads(json.dumps(result)) == result
    [header] = result["_meta"]["mcp/www_authenticate"]
    [challenge] = parse(header)
    return dict(challenge.parameters)


@pytest.fixture
def anonymous(rf):
    return rf.post("/mcp", headers={"host": "app.example.com"}, secure=True)


@pytest.fixture
def signed_in(rf):
    headers = {"host": "app.example.com", "authorization": "Bearer x"}
    return rf.post("/mcp", headers=headers, secure=True)


def test_request_without_a_token_asks_to_sign_in(anonymous):
    result = tool_result_challenge(anonymous, "mcp")
    assert read(result) == {
        "resource_metadata": f"{ORIGIN}{PRM}/mcp",
        "scope": "mcp",
        "error": "invalid_token",
        "error_description": "Sign in to use this tool",
    }
    assert result["isError"] is True
    assert result["content"] == [{"type": "text", "text": "Sign in to use this tool"}]


def test_request_with_a_token_asks_for_more_access(signed_in):
    result = tool_result_challenge(signed_in, ["write"], granted="mcp", resource="/mcp")
    assert read(result)["error"] == "insufficient_scope"
    assert read(result)["scope"] == "write mcp"


def test_error_and_description_are_those_of_the_tool(signed_in):
    result = tool_result_challenge(
        signed_in, error="invalid_token", error_description="Sign in again"
    )
    assert read(result)["error"] == "invalid_token"
    assert result["content"][0]["text"] == "Sign in again"


@pytest.mark.parametrize("arguments", [{"scope": "offline_access"}, {"error_description": 'a"b'}])
def test_value_that_a_challenge_cannot_have_is_refused(signed_in, arguments):
    with pytest.raises(ValueError, match=r"^(scope|error_description): "):
        tool_result_challenge(signed_in, **arguments)
