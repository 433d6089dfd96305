"""What a token is not issued for: the rest is in the tests of the example."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404
from django.utils import timezone
from oauth2_provider.models import Application, Grant, get_access_token_model
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.contrib import oauth_toolkit
from mcp_oauth_discovery.contrib.oauth_toolkit import access_token, resources, verify_token
from mcp_oauth_discovery.contrib.oauth_toolkit.requests import with_issuer
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


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("cursor:///x?code=1", "cursor:///x?code=1&iss=https%3A%2F%2Fa%2Ft"),
        ("https://c/?a&b=%7e&error=x", "https://c/?a&b=%7e&error=x&iss=https%3A%2F%2Fa%2Ft"),
        ("https://c/?iss=b&%69ss=c&code=1", "https://c/?code=1&iss=https%3A%2F%2Fa%2Ft"),
        ("https://c/#token=1&iss=b", "https://c/#token=1&iss=https%3A%2F%2Fa%2Ft"),
    ],
    ids=["scheme", "query", "other-iss", "fragment"],
)
def test_answer_to_a_client_has_one_iss_and_is_otherwise_unchanged(answer, expected):
    assert with_issuer(answer, "https://a/t") == expected


@pytest.mark.parametrize("form", [{}, {"resource": MCP}], ids=["no-resource", "resource"])
def test_token_for_no_user_is_no_jwt(rf, settings, form):
    settings.MCP_ISSUER = "https://app.example.com"
    token = access_token(token_request(grant_type="client_credentials", **form))
    assert "." not in token
    with pytest.raises(InvalidToken, match="malformed"):
        verify_token(rf.post("/mcp"), token, MCP)


@pytest.mark.parametrize("reason", ["revoked", "expired"])
@pytest.mark.usefixtures("pinned")
def test_refusal_of_a_jwt_without_a_valid_row_says_why(rf, reason):
    token = access_token(consented(MCP))
    if reason == "expired":
        # Within the leeway of `verify_jwt`.
        get_access_token_model().objects.create(token=token, expires=timezone.now())
    with pytest.raises(InvalidToken, match="revoked or has expired") as caught:
        verify_token(rf.post("/mcp"), token, MCP)
    assert caught.value.reason == reason


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


SPELLINGS = [
    MCP,
    f"{MCP}/",
    "https://APP.example.com/mcp",
    "HTTPS://app.example.com/mcp",
    "https://app.example.com:443/mcp",
    "https://app.example.com/%6Dcp",
    "https://APP.example.com:443/%6dcp/",
]


@pytest.mark.parametrize("consented_to", SPELLINGS)
@pytest.mark.usefixtures("pinned")
def test_token_is_for_the_configured_spelling_of_a_resource(consented_to):
    assert verify_jwt(access_token(consented(consented_to)), audience=MCP)["aud"] == MCP


@pytest.mark.parametrize("asked", SPELLINGS)
@pytest.mark.usefixtures("pinned")
def test_spelling_may_change_between_consent_and_token(asked):
    request = consented(f"{MCP}/", FILES)
    request.decoded_body = [("resource", asked)]
    assert verify_jwt(access_token(request), audience=MCP)["aud"] == MCP
    # What the toolkit compares with the grant.
    assert request.resource == [f"{MCP}/"]


@pytest.mark.parametrize(
    ("configured", "asked"),
    [
        (ORIGIN, f"{ORIGIN}/"),
        (f"{ORIGIN}/", ORIGIN),
        (f"{ORIGIN}/mcp/", MCP),
        ("https://App.example.com/mcp", MCP),
        ("https://app.example.com:443/mcp", MCP),
        (f"{ORIGIN}/a%2fb", f"{ORIGIN}/a%2Fb"),
        (f"{ORIGIN}/~a", f"{ORIGIN}/%7Ea"),
        (f"{ORIGIN}/mcp?team=%C3%A9", f"{ORIGIN}/mcp?team=%c3%a9"),
    ],
)
def test_configured_spelling_is_the_one_that_is_signed(pinned, configured, asked):
    pinned.MCP_RESOURCES, pinned.MCP_RESOURCE = {}, configured
    assert verify_jwt(access_token(consented(asked)), audience=configured)


def test_configured_resource_is_found_among_those_at_its_path_only(pinned, monkeypatch):
    calls = []
    normalized = resources._normalized  # noqa: SLF001
    monkeypatch.setattr(
        resources, "_normalized", lambda each: calls.append(each) or normalized(each)
    )
    pinned.MCP_RESOURCES = {f"/r{number}/mcp": {} for number in range(10_000)}
    assert resources.find(f"{ORIGIN}/%727/mcp/") == f"{ORIGIN}/r7/mcp"
    assert calls == [f"{ORIGIN}/%727/mcp/", f"{ORIGIN}/r7/mcp"]


def test_configured_resources_at_one_location_are_an_error(pinned):
    pinned.MCP_RESOURCES = {"/a": {}, f"{ORIGIN}/a/": {}}
    with pytest.raises(ImproperlyConfigured, match="share one metadata URL"):
        resources.find(f"{ORIGIN}/a")


@pytest.mark.usefixtures("pinned")
def test_token_may_be_for_a_resource_of_another_origin():
    assert verify_jwt(access_token(consented(FILES)), audience=FILES)


def test_two_spellings_of_one_resource_are_one(pinned):
    pinned.MCP_RESOURCES = {"/mcp": {}}
    assert verify_jwt(access_token(consented(MCP, f"{MCP}/")), audience=MCP)


@pytest.mark.usefixtures("pinned")
def test_token_for_two_resources_is_refused():
    with pytest.raises(CustomOAuth2Error, match="one resource") as refused:
        access_token(consented(MCP, FILES))
    assert json.loads(refused.value.json)["error"] == "invalid_target"


@pytest.mark.parametrize(
    "resource",
    [
        "https://evil.example/mcp",
        ORIGIN,
        f"{ORIGIN}/MCP",
        f"{MCP}//",
        f"{MCP}?x=1",
        f"{MCP}%2F",
        f"{ORIGIN}/%2Fmcp",
        "https://app.example.com@evil.example/mcp",
        "https://app.example.com:444/mcp",
        "http://app.example.com/mcp",
        DISABLED,
        'https://a.example/%00"><x',
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


def by_path(request):
    return f"https://{request.get_host()}{request.path}"


@pytest.mark.parametrize("path", ["/app/acme/mcp", "/acme/mcp"])
def test_callable_sees_a_path_below_the_script_name_as_from_a_server(pinned, path):
    pinned.FORCE_SCRIPT_NAME = path.removesuffix("/acme/mcp") or None
    pinned.MCP_RESOURCE = by_path
    acme = f"{ORIGIN}{path}"
    assert verify_jwt(access_token(consented(acme)), audience=acme)


def broken(request):
    return request.tenant.url


@pytest.mark.parametrize("find", [tenant, broken])
@pytest.mark.parametrize("host", ["globex.example.com", "evil.example"])
def test_tenant_that_a_callable_does_not_find_is_refused(pinned, find, host):
    pinned.MCP_RESOURCE = find
    with pytest.raises(CustomOAuth2Error, match="no such resource"):
        access_token(consented(f"https://{host}/mcp"))


def test_tenant_may_be_spelt_in_another_way(pinned):
    pinned.MCP_RESOURCE = tenant
    asked = "https://ACME.example.com:443/mcp/"
    assert verify_jwt(access_token(consented(asked)), audience="https://acme.example.com/mcp")


def test_resource_that_is_written_down_wrong_is_no_fault_of_the_client(pinned):
    request = consented(MCP)
    pinned.MCP_RESOURCE = "nonsense"
    with pytest.raises(ImproperlyConfigured, match="MCP_RESOURCE is 'nonsense'"):
        access_token(request)


@pytest.mark.parametrize("grant_type", ["password", "client_credentials"])
@pytest.mark.usefixtures("pinned")
def test_code_is_no_consent_in_another_grant(grant_type):
    request = consented(MCP)
    request.grant_type = grant_type
    request.code = "code"
    assert "." not in access_token(request)


# What the views of django-oauth-toolkit itself ask of `Validator`, or a project without the example


def test_form_that_is_not_complete_is_a_bad_request(rf):
    request = rf.post("/o/authorize/", {"client_id": "client"})
    request._dont_enforce_csrf_checks = True  # noqa: SLF001 - as the client of Django's tests
    request.user = get_user_model()(pk=1)
    response = oauth_toolkit.ConsentView.as_view()(request)
    assert (response.status_code, response.context_data["error"].error) == (400, "invalid_request")


@pytest.mark.parametrize("form", [{}, {"device_code": "unknown"}, {"device_code": ""}])
def test_device_is_refused_whatever_the_server_of_the_toolkit_can_do(rf, form):
    """The documented settings leave devices out, and the default of the toolkit does not."""
    grant_type = "urn:ietf:params:oauth:grant-type:device_code"
    request = rf.post("/o/token/", {"grant_type": grant_type, "client_id": "client", **form})
    response = oauth_toolkit.TokenView.as_view()(request)
    assert response.status_code == 400
    assert json.loads(response.content) == {"error": "unsupported_grant_type"}


def test_sign_in_is_not_asked_for_before_the_page_that_asks_for_it():
    assert oauth_toolkit.ConsentView.as_view().login_required is False


def test_validator_looks_for_nothing_that_no_database_stores():
    validator, request = oauth_toolkit.Validator(), Request("/o/token/", "POST")
    assert not validator.validate_client_id("a\0b", request)
    assert not validator.validate_code("client", "a\0b", None, request)


@pytest.mark.parametrize("resource", [None, MCP, "https://evil.example/mcp"])
def test_client_credentials_need_no_resource(settings, resource):
    settings.OAUTH2_PROVIDER = {"SCOPES": {"mcp": "MCP"}}
    request = token_request(grant_type="client_credentials", resource=resource)
    assert oauth_toolkit.Validator().validate_scopes("client", ["mcp"], request.client, request)
