"""What a token is not issued for: the rest is in the tests of the example."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404
from django.utils import timezone
from oauth2_provider.models import Application, Grant
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.contrib.oauth_toolkit import access_token, verify_token
from mcp_oauth_discovery.signing import InvalidToken, verify_jwt
from tests import ORIGIN

MCP = f"{ORIGIN}/mcp"
FILES = "https://files.example.com/mcp"
DISABLED = "https://disabled.example.com/mcp"

pytestmark = pytest.mark.django_db


def token_request(user=None, **form):
    request = Request("/o/token/", "POST", form)
    request.client = Application.objects.create(client_id="client")
    request.user = user
    return request


@pytest.mark.parametrize("form", [{}, {"resource": MCP}], ids=["no-resource", "resource"])
def test_token_for_no_user_is_no_jwt(rf, settings, form):
    settings.MCP_ISSUER = "https://app.example.com"
    token = access_token(token_request(grant_type="client_credentials", **form))
    assert "." not in token
    with pytest.raises(InvalidToken, match="malformed"):
        verify_token(rf.post("/mcp"), token, MCP)


def test_grant_without_a_consent_gives_no_resource():
    user = get_user_model()(pk=1)
    request = token_request(user, grant_type="authorization_code", code="no", resource=MCP)
    with pytest.raises(CustomOAuth2Error, match="not consented"):
        access_token(request)


@pytest.fixture
def pinned(settings):
    """A site with keys and with resources here and elsewhere."""
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_RESOURCES = {"/mcp": {}, FILES: {}, DISABLED: {"enabled": False}}
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA")
    return settings


def consented(*resources):
    """Return a token request with the code of a user who has consented to resources."""
    user = get_user_model().objects.create_user("ada")
    request = token_request(user, grant_type="authorization_code", code="code")
    request.scopes, request.expires_in = ["mcp"], 60
    Grant.objects.create(
        user=user,
        application=request.client,
        code="code",
        expires=timezone.now(),
        resource=list(resources),
    )
    return request


@pytest.mark.parametrize(
    "resource",
    [MCP, ORIGIN, f"{ORIGIN}/", f"{ORIGIN}/other", "https://APP.example.com:443/mcp", FILES],
)
@pytest.mark.usefixtures("pinned")
def test_token_is_for_a_resource_of_this_site_or_of_its_origin(resource):
    assert verify_jwt(access_token(consented(resource)), audience=resource)["aud"] == resource


@pytest.mark.parametrize(
    "resource",
    [
        "https://evil.example/mcp",
        "https://app.example.com.evil.example/mcp",
        "https://app.example.com@evil.example/mcp",
        "https://app.example.com:444/mcp",
        "http://app.example.com/mcp",
        "https://files.example.com/other",
        DISABLED,
        'https://a.example/%00"><x',
        f'{ORIGIN}/%00"><x',
        f"{ORIGIN}/mcp#fragment",
        f"{ORIGIN}/other/../mcp",
        "https://[app.example.com/mcp",
        "urn:example:mcp",
        "",
    ],
)
@pytest.mark.usefixtures("pinned")
def test_nothing_is_signed_for_a_resource_that_this_site_does_not_have(resource):
    with pytest.raises(CustomOAuth2Error, match="no such resource") as refused:
        access_token(consented(resource))
    assert json.loads(refused.value.json)["error"] == "invalid_target"
    assert refused.value.headers["Content-Type"] == "application/json"


def test_issuer_that_is_not_pinned_is_no_fault_of_the_client(pinned):
    request = consented(MCP)
    pinned.MCP_ISSUER = None
    with pytest.raises(ImproperlyConfigured, match="MCP_ISSUER"):
        access_token(request)


@pytest.mark.usefixtures("pinned")
def test_unknown_resource_beside_a_known_one_is_refused():
    with pytest.raises(CustomOAuth2Error, match="no such resource"):
        access_token(consented(MCP, "https://evil.example/mcp"))


def tenant(request):
    host = request.get_host()
    if host != "acme.example.com":
        raise Http404
    return f"https://{host}/mcp"


def test_token_may_be_for_a_tenant_that_a_callable_finds(pinned):
    pinned.MCP_RESOURCE = tenant
    acme = "https://acme.example.com/mcp"
    assert verify_jwt(access_token(consented(acme)), audience=acme)


def test_callable_sees_the_prefix_of_the_site_once(pinned):
    pinned.FORCE_SCRIPT_NAME = "/app"
    pinned.MCP_RESOURCE = lambda request: request.build_absolute_uri(request.path)
    acme = "https://acme.example.com/app/mcp"
    assert verify_jwt(access_token(consented(acme)), audience=acme)


def broken(request):
    return request.tenant.url


@pytest.mark.parametrize("find", [tenant, broken])
@pytest.mark.parametrize("host", ["globex.example.com", "evil.example"])
def test_tenant_that_a_callable_does_not_find_is_refused(pinned, find, host):
    pinned.MCP_RESOURCE = find
    with pytest.raises(CustomOAuth2Error, match="no such resource"):
        access_token(consented(f"https://{host}/mcp"))
