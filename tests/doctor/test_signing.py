"""A project that must sign tokens but cannot: only the project itself shows it."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing import sign_jwt

pytestmark = pytest.mark.django_db


@pytest.fixture
def empty(healthy):
    SigningKey.objects.all().delete()
    return healthy


@pytest.fixture
def signs_tokens(empty):
    empty.OAUTH2_PROVIDER = {
        "ACCESS_TOKEN_GENERATOR": "mcp_oauth_discovery.contrib.oauth_toolkit.access_token"
    }
    return empty


def found(run, *arguments, code="jwks-cannot-sign"):
    """Return the finding about signing, and the message that the command ends with."""
    output, message = run("check", "--json", *arguments)
    [report] = json.loads(output)["reports"]
    [finding] = [one for one in report["findings"] if one["code"] == code]
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


def test_keys_without_a_pinned_issuer_are_a_warning(healthy, run):
    healthy.MCP_ISSUER = None
    finding, _ = found(run, "--host", "app.example.com", code="as-issuer-unpinned")
    assert finding["severity"] == "warning"
    assert "MCP_ISSUER is None: this site has keys" in finding["seen"]


def test_check_that_the_project_silences_is_no_finding(healthy, codes):
    healthy.MCP_ISSUER = None
    healthy.SILENCED_SYSTEM_CHECKS = ["mcp_oauth_discovery.W048"]
    assert "as-issuer-unpinned" not in codes("--host", "app.example.com")


def test_empty_key_store_of_a_site_that_announces_signatures_is_an_error(empty, codes):
    assert codes() == ["jwks-empty"]


def test_empty_key_store_of_a_site_that_announces_nothing_is_a_warning(empty, codes):
    empty.MCP_AUTHORIZATION_SERVER_METADATA = {
        **getattr(empty, "MCP_AUTHORIZATION_SERVER_METADATA", {}),
        "id_token_signing_alg_values_supported": None,
    }
    assert codes() == ["jwks-no-keys"]


def test_site_that_announces_no_keys_needs_none(empty, codes, run):
    empty.MCP_AUTHORIZATION_SERVER_METADATA = {
        **getattr(empty, "MCP_AUTHORIZATION_SERVER_METADATA", {}),
        "id_token_signing_alg_values_supported": None,
        "jwks_uri": None,
    }
    assert codes() == []
    assert "none      Keys: no key for signatures is published" in run("check")[0]


def test_code_that_signs_without_a_key_is_an_error(empty, run, monkeypatch):
    module = ModuleType("shop.tokens")
    module.sign_jwt = sign_jwt
    monkeypatch.setitem(sys.modules, module.__name__, module)
    finding, message = found(run)
    assert "shop.tokens calls sign_jwt" in finding["seen"]
    assert message.startswith("1 error.")
