from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from mcp_oauth_discovery.contrib import oauth_toolkit
from mcp_oauth_discovery.contrib.oauth_toolkit import (
    authorization_server_metadata,
    oauth2_provider_settings,
)
from tests import ASM, ORIGIN

SCOPES = {"mcp": "Use the MCP server", "admin": "Do everything"}


def test_functions_load_before_the_settings():
    code = (
        "import sys\n"
        "from mcp_oauth_discovery.contrib.oauth_toolkit import oauth2_provider_settings\n"
        "oauth2_provider_settings({'mcp': 'Use it'})\n"
        "print('oauth2_provider' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("name", oauth_toolkit.__all__)
def test_face_has_each_public_name(name):
    assert import_string(f"{oauth_toolkit.__name__}.{name}") is getattr(oauth_toolkit, name)
    assert name in dir(oauth_toolkit)


def test_face_has_no_other_names():
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        oauth_toolkit.Nonsense  # noqa: B018


URLS = f"{oauth_toolkit.__name__}.urls"


def test_urls_without_the_app_say_what_to_write(settings, monkeypatch):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "oauth2_provider"]
    forget(monkeypatch, URLS)
    with pytest.raises(ImproperlyConfigured, match=r'\[\*INSTALLED_APPS, "oauth2_provider"\]'):
        import_module(URLS)
    with pytest.raises(ImproperlyConfigured, match="oauth2_provider"):
        oauth_toolkit.verify_token  # noqa: B018


def test_urls_without_the_package_say_what_to_type(monkeypatch):
    forget(monkeypatch, URLS)
    monkeypatch.setattr(oauth_toolkit, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match="Type: python -m pip install"):
        import_module(URLS)


def forget(monkeypatch, module):
    """Let a module, and the names of the face, load again."""
    monkeypatch.delitem(sys.modules, module, raising=False)
    for name in oauth_toolkit.__all__:
        if name in vars(oauth_toolkit) and not name.startswith(("oauth2_", "authorization_")):
            monkeypatch.delattr(oauth_toolkit, name)


def test_override_replaces_a_member():
    assert oauth2_provider_settings(SCOPES, PKCE_REQUIRED=False)["PKCE_REQUIRED"] is False


def test_change_of_a_list_stays_in_the_settings_of_the_project():
    oauth2_provider_settings(SCOPES)["ALLOWED_REDIRECT_URI_SCHEMES"].append("vscode")
    assert "vscode" not in oauth2_provider_settings(SCOPES)["ALLOWED_REDIRECT_URI_SCHEMES"]


def test_client_without_a_scope_gets_the_first_one():
    assert oauth2_provider_settings(SCOPES)["DEFAULT_SCOPES"] == ["mcp"]


@pytest.mark.parametrize("scopes", [{}, ["mcp"], "mcp"], ids=["none", "list", "text"])
def test_scopes_without_descriptions_are_refused(scopes):
    with pytest.raises(ImproperlyConfigured, match="Write scopes="):
        oauth2_provider_settings(scopes)


def test_metadata_lists_the_scopes():
    metadata = authorization_server_metadata(oauth2_provider_settings(SCOPES))
    assert metadata["scopes_supported"] == ["mcp", "admin"]


def test_metadata_says_what_is_switched_off():
    provider = oauth2_provider_settings(SCOPES, DCR_ENABLED=False, CIMD_ENABLED=False)
    metadata = authorization_server_metadata(provider, scopes_supported=["mcp"])
    assert metadata["registration_endpoint"] is None
    assert metadata["client_id_metadata_document_supported"] is False
    assert metadata["scopes_supported"] == ["mcp"]


def test_document_has_the_urls_of_the_preset(visitor):
    document = visitor.get(ASM).json()
    endpoints = {
        name: document[f"{name}_endpoint"].removeprefix(ORIGIN)
        for name in ("authorization", "token", "registration", "revocation")
    }
    assert endpoints == {
        "authorization": "/oauth/mcp/authorize",
        "token": "/oauth/mcp/token",
        "registration": "/oauth/mcp/register",
        "revocation": "/oauth/mcp/revoke",
    }
