"""The members about DPoP are the same in every way in which a document is sent."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.discovery.kept import Place
from mcp_oauth_discovery.discovery.publication import present_publication
from mcp_oauth_discovery.standards.well_known import PROTECTED_RESOURCE
from tests import ORIGIN, PRM

ALGORITHMS = "dpop_signing_alg_values_supported"
REQUIRED = "dpop_bound_access_tokens_required"
URLS = "tests.publication.dpop_urls"


def test_members_are_sent_with_a_kept_document(ask, settings):
    settings.ROOT_URLCONF = URLS
    shown = ask(PRM)
    assert shown.members[ALGORITHMS] == ["ES256", "EdDSA", "RS256"]
    assert shown.members[REQUIRED] is True
    assert shown.headers["Cache-Control"] == "public, max-age=300"
    assert present_publication().answer(Place(PROTECTED_RESOURCE)) is not None


def test_another_urlconf_takes_effect(ask, settings):
    assert ALGORITHMS not in ask(PRM).members
    settings.ROOT_URLCONF = URLS
    assert ALGORITHMS in ask(PRM).members
    settings.ROOT_URLCONF = "tests.urls"
    assert ALGORITHMS not in ask(PRM).members


@pytest.mark.django_db
def test_members_are_exported(settings, tmp_path):
    settings.MCP_ISSUER, settings.ROOT_URLCONF = ORIGIN, URLS
    rotation.rotate("EdDSA")
    call_command("mcp_discovery", "export", str(tmp_path))
    exported = tmp_path / ".well-known" / "oauth-protected-resource" / "mcp"
    assert json.loads(exported.read_text())[REQUIRED] is True


@pytest.mark.django_db
def test_members_are_shown(settings, capsys):
    settings.MCP_ISSUER, settings.ROOT_URLCONF = ORIGIN, URLS
    call_command("mcp_discovery", "show", "--json")
    assert ALGORITHMS in capsys.readouterr().out


@pytest.mark.django_db
def test_members_are_signed(settings, client):
    settings.MCP_ISSUER, settings.ROOT_URLCONF = ORIGIN, URLS
    settings.MCP_SIGNED_METADATA = True
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA")
    members = client.get(PRM, secure=True, headers={"host": "app.example.com"}).json()
    assert members[REQUIRED] is True
    assert "signed_metadata" in members
