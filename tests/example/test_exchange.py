"""Clients known by the URL of their metadata, and what a code is exchanged for."""

from __future__ import annotations

import pytest
from oauth2_provider.models import Grant

from tests.example.walk import (
    CALLBACK,
    ELSEWHERE,
    MCP,
    REPORTS,
    refusal,
)

pytestmark = pytest.mark.usefixtures("example")


class Fetcher:
    """The document of one client, without the network that it would come from."""

    def fetch(self, client_id):
        document = {
            "client_id": client_id,
            "client_name": "By URL",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        }
        return document, 300


def test_client_may_be_the_url_of_its_metadata(walk, settings):
    fetcher = f"{__name__}.Fetcher"
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "CIMD_METADATA_FETCHER": fetcher}
    assert walk.metadata()["client_id_metadata_document_supported"] is True
    url = "https://client.example.com/client.json"
    code = walk.answer(walk.ask(client_id=url), allow="true")["code"]
    tokens = walk.exchange(code, client_id=url).json()
    assert walk.call(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"redirect_uri": f"{CALLBACK}/other"}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"resource": REPORTS}, "invalid_target"),
        ({"resource": "/mcp"}, "invalid_target"),
        ({"resource": [MCP, REPORTS]}, "invalid_target"),
    ],
)
def test_exchange_that_does_not_fit_is_refused(walk, parameters, error):
    response = walk.exchange(walk.code(), **parameters)
    assert refusal(response) == (400, error)


@pytest.mark.parametrize("asked", [ELSEWHERE, None])
def test_code_from_before_the_rules_gives_no_token_for_elsewhere(walk, asked):
    code = walk.code()
    Grant.objects.update(resource=[ELSEWHERE])
    response = walk.exchange(code, resource=asked)
    assert refusal(response) == (400, "invalid_target")
    assert response["content-type"] == "application/json"


def test_code_is_good_for_one_exchange(walk):
    code = walk.code()
    assert walk.exchange(code).status_code == 200
    assert walk.exchange(code).json()["error"] == "invalid_grant"
