from __future__ import annotations

import json
import unicodedata

import pytest
from django.http import Http404
from django.test import override_settings

from mcp_oauth_discovery.views import (
    DiscoveryView,
)
from tests import ASM, JWKS, ORIGIN, PRM

# The JWK Set and the AS metadata tell of the keys in the database.
pytestmark = pytest.mark.django_db

DOCUMENTS = pytest.mark.parametrize("url", [PRM, ASM, JWKS], ids=["resource", "server", "keys"])

# The documents of a site that configures nothing, as the design gives them.
DEFAULTS = {
    PRM: """
        {"resource": "https://app.example.com/mcp",
         "authorization_servers": ["https://app.example.com"],
         "bearer_methods_supported": ["header"]}
    """,
    ASM: """
        {"issuer": "https://app.example.com",
         "authorization_endpoint": "https://app.example.com/oauth/mcp/authorize",
         "token_endpoint": "https://app.example.com/oauth/mcp/token",
         "registration_endpoint": "https://app.example.com/oauth/mcp/register",
         "jwks_uri": "https://app.example.com/.well-known/jwks.json",
         "response_types_supported": ["code"],
         "grant_types_supported": ["authorization_code", "refresh_token"],
         "code_challenge_methods_supported": ["S256"],
         "token_endpoint_auth_methods_supported":
             ["none", "client_secret_basic", "client_secret_post"],
         "id_token_signing_alg_values_supported": ["RS256", "EdDSA"],
         "resource_parameter_supported": true}
    """,
    JWKS: '{"keys": []}',
}


@DOCUMENTS
def test_default_document(fetch, url):
    assert fetch(url).json() == json.loads(DEFAULTS[url])


@DOCUMENTS
def test_order_of_the_default_document(fetch, url):
    assert list(fetch(url).json()) == list(json.loads(DEFAULTS[url]))


@DOCUMENTS
def test_document_is_json_for_everybody(fetch, url):
    response = fetch(url)
    assert response["Content-Type"] == "application/json"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response.content.startswith(b"{")


def test_name_beyond_ascii_is_sent_as_utf8(settings, fetch):
    settings.MCP_RESOURCE_METADATA = {"resource_name": "Bücherei 図書館"}
    assert '"resource_name": "Bücherei 図書館"'.encode() in fetch(PRM).content


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_text_is_sent_in_its_own_unicode_form(settings, fetch, form):
    name = unicodedata.normalize(form, "Bücherei")
    settings.MCP_RESOURCE_METADATA = {"resource_name": name, name: name}
    document = fetch(PRM).json()
    assert (document["resource_name"], document[name]) == (name, name)


# Settings, read on every request


@pytest.mark.parametrize(
    ("setting", "value", "url", "read", "expected"),
    [
        ("MCP_ISSUER", "https://b.test", ASM, lambda r: r.json()["issuer"], "https://b.test"),
        ("MCP_RESOURCE", "https://b.test", PRM, lambda r: r.json()["resource"], "https://b.test"),
        ("MCP_RESOURCES", {"/b": {}}, PRM, lambda r: r.json()["resource"], f"{ORIGIN}/b"),
        ("MCP_RESOURCE_METADATA", {"x": 1}, PRM, lambda r: r.json().get("x"), 1),
        (
            "MCP_AUTHORIZATION_SERVERS",
            ["https://b.test"],
            PRM,
            lambda r: r.json()["authorization_servers"],
            ["https://b.test"],
        ),
        ("MCP_AUTHORIZATION_SERVER_METADATA", {"x": 1}, ASM, lambda r: r.json().get("x"), 1),
        (
            "MCP_SIGNING_ALGORITHMS",
            ["ES256"],
            ASM,
            lambda r: r.json()["id_token_signing_alg_values_supported"],
            ["ES256"],
        ),
        ("MCP_METADATA_MAX_AGE", 7, PRM, lambda r: r["Cache-Control"], "public, max-age=7"),
        ("MCP_METADATA_MAX_AGE", 8, ASM, lambda r: r["Cache-Control"], "public, max-age=8"),
        ("MCP_JWKS_MAX_AGE", 9, JWKS, lambda r: r["Cache-Control"], "public, max-age=9"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isupper() else "",
)
def test_setting_takes_effect_on_the_next_request(
    settings, fetch, setting, value, url, read, expected
):
    settings.MCP_ISSUER = ORIGIN
    before = read(fetch(url))
    with override_settings(**{setting: value}):
        assert read(fetch(url)) == expected
    assert read(fetch(url)) == before != expected


def test_callable_issuer_may_tell_tenants_apart(settings, fetch):
    settings.MCP_ISSUER = lambda request: f"https://{request.get_host()}/t1"
    assert fetch(f"https://a.example.com{ASM}").json()["issuer"] == "https://a.example.com/t1"
    assert fetch(f"https://b.example.com{ASM}/t1").json()["issuer"] == "https://b.example.com/t1"


@pytest.mark.parametrize("setting", ["MCP_ISSUER", "MCP_RESOURCE"])
def test_callable_that_knows_no_such_tenant_is_not_found(settings, fetch, caplog, setting):
    def identify(request):
        raise Http404("no tenant with this secret name")

    setattr(settings, setting, identify)
    response = fetch(PRM)
    assert (response.status_code, response.content) == (404, b'{"error": "not_found"}')
    assert "mcp_oauth_discovery" not in {record.name for record in caplog.records}


@pytest.mark.parametrize(
    "identify",
    [
        pytest.param(lambda request: 1 / 0, id="raises"),
        pytest.param(lambda request: "app.example.com", id="relative"),
        pytest.param(lambda request: None, id="none"),
        pytest.param(lambda: ORIGIN, id="no-argument"),
    ],
)
@pytest.mark.parametrize("setting", ["MCP_ISSUER", "MCP_RESOURCE"])
def test_callable_that_goes_wrong_is_an_error_of_its_setting(
    settings, fetch, caplog, setting, identify
):
    setattr(settings, setting, identify)
    response = fetch(PRM)
    assert (response.status_code, response.content) == (500, b'{"error": "server_error"}')
    (message,) = [r.getMessage() for r in caplog.records if r.name == "mcp_oauth_discovery"]
    assert f"{setting} is " in message
    assert f'{setting} = "https://app.example.com' in message


# Who we are never comes from an attacker


@pytest.mark.parametrize("url", [PRM, ASM])
@pytest.mark.parametrize(
    "headers",
    [
        {"host": "other.example.com"},
        {"host": "localhost:8000"},
        {"x-forwarded-host": "evil.test", "x-forwarded-proto": "http", "x-forwarded-port": "1"},
        {"forwarded": "host=evil.test;proto=http"},
        {"authorization": "Bearer x", "cookie": f"sessionid={'x' * 32}"},
        {"origin": "https://evil.test", "referer": "https://evil.test/"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_pinned_document_is_the_same_for_every_request(settings, fetch, url, headers):
    settings.MCP_ISSUER = ORIGIN
    plain, forged = fetch(url), fetch(url, headers=headers)
    assert forged.content == plain.content
    assert dict(forged.items()) == dict(plain.items())


@pytest.mark.parametrize(
    ("host", "method"),
    [
        *[("evil.test", method) for method in ("GET", "HEAD", "OPTIONS", "POST")],
        *[(host, "GET") for host in ("app.example.com.evil.test", "a b", "h/../x", "h@x")],
    ],
)
def test_host_that_is_not_allowed_is_refused(settings, fetch, caplog, host, method):
    settings.MIDDLEWARE = []
    response = fetch(PRM, method, headers={"host": host})
    assert response.status_code == 400
    assert response.content == (b"" if method == "HEAD" else b'{"error": "invalid_request"}')
    assert "evil" not in str(response.headers)
    (record,) = [r for r in caplog.records if r.name == "django.security.DisallowedHost"]
    assert (record.levelname, record.status_code) == ("ERROR", 400)
    assert repr(host) in record.getMessage()


@pytest.mark.parametrize("answer", [None, ["x"], "x"])
def test_document_that_is_no_dict_is_a_logged_server_error(rf, caplog, answer):
    class Odd(DiscoveryView):
        def get_document(self, request, **kwargs):
            return answer

    response = Odd.as_view()(rf.get("/", headers={"host": "app.example.com"}))
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (500, "*")
    assert "not a dict" in caplog.text
