"""Which clients may register: the same rules hold for metadata documents."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.contrib.oauth_toolkit import MetadataFetcher
from mcp_oauth_discovery.contrib.oauth_toolkit.clients import CIMDError, SafeMetadataFetcher

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
