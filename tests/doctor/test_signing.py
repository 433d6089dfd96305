"""A project that must sign tokens but cannot: only the project itself shows it."""

from __future__ import annotations

import json

import pytest

from mcp_oauth_discovery import rotation

pytestmark = pytest.mark.django_db


@pytest.fixture
def signs_tokens(healthy):
    healthy.OAUTH2_PROVIDER = {
        "ACCESS_TOKEN_GENERATOR": "mcp_oauth_discovery.contrib.oauth_toolkit.access_token"
    }
    return healthy


def found(run, *arguments):
    """Return the finding about signing, and the message that the command ends with."""
    output, message = run("check", "--json", *arguments)
    [report] = json.loads(output)["reports"]
    [finding] = [one for one in report["findings"] if one["code"] == "jwks-cannot-sign"]
    return finding, message


def test_empty_key_store_is_an_error(signs_tokens, run):
    finding, message = found(run)
    assert (finding["severity"], finding["subject"]) == ("error", "https://app.example.com/mcp")
    assert finding["seen"].startswith("No key for RS256, the first of MCP_SIGNING_ALGORITHMS")
    assert finding["fix"] == "Run 'manage.py mcp_keys rotate --algorithm RS256'."
    assert message.startswith("1 error")


def test_key_that_signs_is_healthy(signs_tokens, codes):
    for algorithm in ("RS256", "EdDSA"):
        rotation.rotate(algorithm)
    assert codes() == []


def test_issuer_of_the_request_is_an_error(signs_tokens, run):
    for algorithm in ("RS256", "EdDSA"):
        rotation.rotate(algorithm)
    signs_tokens.MCP_ISSUER = None
    finding, _ = found(run, "--host", "app.example.com")
    assert finding["seen"].startswith("MCP_ISSUER is None")
    assert 'MCP_ISSUER = "https://app.example.com"' in finding["fix"]


def test_keys_without_a_pinned_issuer_are_an_error(healthy, run):
    rotation.rotate("RS256")
    healthy.MCP_ISSUER = None
    finding, _ = found(run, "--host", "app.example.com")
    assert "is active, and sign_jwt refuses" in finding["seen"]
