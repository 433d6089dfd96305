"""The audience of a token when no setting says which resource this site is."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.protection import BearerProtection
from tests.outside.providers import MCP

OTHER = "https://other.example.org/mcp"


@pytest.fixture
def status(rf, settings, provider, remote):
    """Return the status for a token, sent with the host of another site that it is for."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.MCP_AUTHORIZATION_SERVERS = [provider.issuer]

    def status(token, verify=remote, host="other.example.org"):
        headers = {"authorization": f"Bearer {token}", "host": host}
        refusal = BearerProtection("/mcp", verify=verify)(
            rf.post("/mcp", headers=headers, secure=True)
        )
        return 200 if refusal is None else refusal.status_code

    return status


@pytest.mark.parametrize("resources", [{}, {"/mcp": {}}])
def test_host_of_another_site_does_not_make_its_token_valid(
    provider, settings, status, caplog, resources
):
    settings.MCP_RESOURCES = resources
    assert status(provider.token(aud=OTHER)) == 401
    [error] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert error.event == "tokens.unverifiable"
    assert 'MCP_RESOURCE = "https://app.example.com/mcp"' in error.getMessage()


@pytest.mark.parametrize(
    "values",
    [
        {"MCP_ISSUER": "https://app.example.com"},
        {"MCP_RESOURCE": MCP},
        {"MCP_RESOURCES": {MCP: {}}},
        {"MCP_RESOURCE": lambda request: MCP},
    ],
    ids=lambda values: next(iter(values)),
)
def test_resource_in_the_settings_is_the_audience_for_every_host(
    provider, settings, status, values
):
    for name, value in values.items():
        setattr(settings, name, value)
    assert status(provider.token(aud=MCP)) == 200
    assert status(provider.token(aud=OTHER)) == 401


def test_audience_of_the_argument_needs_no_setting(provider, status, make_issuer):
    assert status(provider.token(), make_issuer(audience=MCP)) == 200


def test_listed_host_is_trusted(provider, settings, status):
    settings.ALLOWED_HOSTS = ["app.example.com"]
    assert status(provider.token(aud=MCP), host="app.example.com") == 200
