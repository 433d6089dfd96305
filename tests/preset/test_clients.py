"""Which clients may register: the same rules hold for metadata documents."""

from __future__ import annotations

import pytest
from oauth2_provider.models import AccessToken, Application

from mcp_oauth_discovery.contrib.oauth_toolkit import MetadataFetcher
from mcp_oauth_discovery.contrib.oauth_toolkit.clients import CIMDError, SafeMetadataFetcher
from tests.preset.conftest import CALLBACK

REFUSED = {
    "plain-http": {"redirect_uris": ["http://client.example/callback"]},
    "grant": {"grant_types": ["client_credentials"]},
    "nul": {"client_name": "a\0b"},
    "user-name-in-url": {"redirect_uris": ["https://client.example@evil.example/"]},
}


def fetch(monkeypatch, **members):
    # The rest of the fetcher needs a host in the internet.
    document = {"redirect_uris": ["https://client.example/callback"], **members}
    monkeypatch.setattr(SafeMetadataFetcher, "fetch", lambda self, client_id: (document, 300))
    return MetadataFetcher().fetch("https://client.example/client.json")


def test_document_of_a_client_is_accepted(monkeypatch):
    document, max_age = fetch(monkeypatch, grant_types=["authorization_code"])
    assert (document["grant_types"], max_age) == (["authorization_code"], 300)


@pytest.mark.parametrize("members", REFUSED.values(), ids=REFUSED)
def test_document_is_refused_as_a_registration_is(monkeypatch, visitor, members):
    with pytest.raises(CIMDError):
        fetch(monkeypatch, **members)
    registration = {"redirect_uris": ["https://client.example/callback"], **members}
    response = visitor.post("/oauth/mcp/register", registration, "application/json")
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client_metadata"


def test_registration_may_be_as_long_as_a_document(visitor):
    def register(number):
        members = {"redirect_uris": [CALLBACK] * number}
        return visitor.post("/oauth/mcp/register", members, "application/json")

    assert register(300).status_code == 201
    response = register(1000)
    assert response.status_code == 400
    assert "at most 16384 bytes" in response.json()["error_description"]


def test_client_has_no_owner_even_if_a_user_is_signed_in(browser):
    # A page of another site may send this request with the cookies of the user.
    members = {"redirect_uris": [CALLBACK]}
    assert browser.post("/oauth/mcp/register", members, "application/json").status_code == 201
    assert not Application.objects.filter(user__isnull=False).exists()
    assert not AccessToken.objects.filter(user__isnull=False).exists()
