from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import connection
from django.http import Http404
from django.test import Client, override_settings
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.signing.published import published_keys
from mcp_oauth_discovery.views import (
    AuthorizationServerMetadataView,
    DiscoveryView,
    JWKSView,
    ProtectedResourceMetadataView,
)
from tests import ASM, JWKS, ORIGIN, PRM
from tests.keys import (
    DAY,
    EC,
    ED,
    PRIVATE_MEMBERS,
    RSA,
    SECOND,
    VECTORS,
    as_file,
    broken_database,
    make_key,
    statements,
)

# The JWK Set and the AS metadata tell of the keys in the database.
pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parent.parent
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


# Caching


@pytest.mark.parametrize(
    ("pinned", "url", "caching"),
    [
        pytest.param({}, PRM, "no-store", id="nothing"),
        pytest.param({}, ASM, "no-store", id="nothing-server"),
        pytest.param({}, JWKS, "public, max-age=300", id="nothing-keys"),
        pytest.param({"MCP_ISSUER": ORIGIN}, PRM, "public, max-age=300", id="issuer"),
        pytest.param({"MCP_ISSUER": ORIGIN}, ASM, "public, max-age=300", id="issuer-server"),
        pytest.param({"MCP_ISSUER": lambda r: ORIGIN}, PRM, "no-store", id="callable-issuer"),
        pytest.param({"MCP_ISSUER": lambda r: ORIGIN}, ASM, "no-store", id="callable-server"),
        pytest.param(
            {"MCP_ISSUER": ORIGIN, "MCP_RESOURCE": lambda r: ORIGIN},
            PRM,
            "no-store",
            id="callable-resource",
        ),
        pytest.param(
            {"MCP_ISSUER": ORIGIN, "MCP_RESOURCE": lambda r: ORIGIN},
            ASM,
            "public, max-age=300",
            id="callable-resource-server",
        ),
        pytest.param({"MCP_RESOURCE": ORIGIN}, PRM, "no-store", id="resource-only"),
        pytest.param(
            {"MCP_RESOURCE": ORIGIN, "MCP_AUTHORIZATION_SERVERS": [ORIGIN]},
            PRM,
            "public, max-age=300",
            id="resource-and-servers",
        ),
        pytest.param(
            {"MCP_RESOURCE": ORIGIN, "MCP_AUTHORIZATION_SERVERS": [ORIGIN]},
            ASM,
            "no-store",
            id="resource-and-servers-server",
        ),
        pytest.param(
            {
                "MCP_RESOURCES": {f"{ORIGIN}/mcp": {"authorization_servers": [ORIGIN]}},
                "MCP_RESOURCE_METADATA": {"jwks_uri": "/keys"},
            },
            PRM,
            "no-store",
            id="keys-by-path",
        ),
        pytest.param(
            {"MCP_RESOURCES": {f"{ORIGIN}/mcp": {"authorization_servers": [ORIGIN]}}},
            PRM,
            "public, max-age=300",
            id="resource-with-servers",
        ),
        pytest.param(
            {"MCP_RESOURCES": {"/mcp": {}}, "MCP_AUTHORIZATION_SERVERS": [ORIGIN]},
            PRM,
            "no-store",
            id="path-as-key",
        ),
        pytest.param(
            {
                "MCP_ISSUER": ORIGIN,
                "MCP_RESOURCES": {f"{ORIGIN}/mcp": {}, "https://b.example.com/mcp": {}},
            },
            f"{PRM}/mcp",
            "no-store",
            id="host-decides",
        ),
        pytest.param(
            {
                "MCP_ISSUER": ORIGIN,
                "MCP_RESOURCES": {f"{ORIGIN}/mcp": {}, "https://b.example.com/x": {}},
            },
            f"{PRM}/mcp",
            "public, max-age=300",
            id="path-decides",
        ),
    ],
)
def test_no_cache_keeps_what_came_from_the_request(settings, fetch, pinned, url, caching):
    for name, value in pinned.items():
        setattr(settings, name, value)
    response = fetch(url)
    assert (response.status_code, response["Cache-Control"]) == (200, caching)


@DOCUMENTS
def test_etag_changes_with_the_document_only(settings, fetch, url):
    settings.MCP_ISSUER = "https://a.test"
    before = fetch(url)["ETag"]
    assert fetch(url)["ETag"] == before
    settings.MCP_ISSUER = "https://b.test"
    assert (fetch(url)["ETag"] == before) is (url == JWKS)


PINNED = {
    "MCP_ISSUER": ORIGIN,
    "MCP_RESOURCES": {"/b": {"y": {"q": 1, "p": ["b", "a"]}}, "/a": {"scopes_supported": ["m"]}},
    "MCP_RESOURCE_METADATA": {"x": {"b": 1, "a": 2}, "resource_name": "ü"},
    "MCP_AUTHORIZATION_SERVER_METADATA": {"token_endpoint": "page", "z": 1, "y": 2},
    "MCP_SIGNING_ALGORITHMS": ["ES256", "EdDSA"],
    "MCP_SIGNED_METADATA": True,
}
PRINT_ALL = f"""
import sys
import django
django.setup()
from django.apps import apps
from django.db import connection
from django.test import Client, override_settings
from mcp_oauth_discovery import rotation
from tests.keys import NOW, VECTORS, as_file
with connection.schema_editor() as editor:
    for model in apps.get_app_config("mcp_oauth_discovery").get_models():
        editor.create_model(model)
with override_settings(**{PINNED}):
    for name in sys.argv[1:]:
        rotation.import_key(as_file(VECTORS[name]), now=NOW)
    for url in {[f"{PRM}/a", f"{PRM}/b", ASM, JWKS]}:
        response = Client().get(url)
        print(response["ETag"], response.content)
"""


def test_every_process_sends_the_same_bytes():
    outputs = []
    for seed, keys in (("1", [RSA, EC, ED]), ("2", [ED, EC, RSA])):
        env = {**os.environ, "PYTHONHASHSEED": seed, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        # In memory, to be thrown away, whatever database the other tests have.
        env["MCP_TEST_DATABASE_URL"] = ""
        command = [sys.executable, "-c", PRINT_ALL, *keys]
        outputs.append(subprocess.check_output(command, env=env, cwd=ROOT))
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"\n") == 4
    assert outputs[0].count(b'"kid"') == outputs[0].count(b'"signed_metadata"') == 3


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


# Every answer


ANSWERS = {
    200: lambda fetch, settings: fetch(PRM),
    204: lambda fetch, settings: fetch(PRM, "OPTIONS"),
    304: lambda fetch, settings: fetch(PRM, headers={"if-none-match": "*"}),
    400: lambda fetch, settings: fetch(PRM, headers={"host": "evil.test"}),
    404: lambda fetch, settings: fetch(f"{PRM}/nobody"),
    405: lambda fetch, settings: fetch(PRM, "POST"),
    412: lambda fetch, settings: fetch(PRM, headers={"if-match": '"x"'}),
    500: lambda fetch, settings: setattr(settings, "MCP_ISSUER", "x") or fetch(PRM),
}


@pytest.fixture(params=ANSWERS)
def answer(request, fetch, settings):
    """An answer of each status; without the middleware that would refuse a host first."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Common" not in name]
    response = ANSWERS[request.param](fetch, settings)
    assert response.status_code == request.param
    return response


def test_every_answer_has_the_headers_of_all(answer):
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Access-Control-Allow-Methods"] == "GET, OPTIONS"
    assert "Access-Control-Allow-Credentials" not in answer
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies
    assert "cookie" not in answer.get("Vary", "").lower()


def test_every_body_is_a_json_object(answer):
    has_body = answer.status_code not in (204, 304)
    assert bool(answer.content) is has_body
    assert answer.get("Content-Type") == ("application/json" if has_body else None)
    assert not has_body or isinstance(answer.json(), dict)


@pytest.mark.parametrize("url", [PRM, f"{PRM}/mcp", ASM, JWKS, f"{PRM}/nobody"])
def test_preflight_is_answered_at_every_url(settings, fetch, url):
    settings.MIDDLEWARE = []
    headers = {
        "origin": "https://other.test",
        "access-control-request-method": "GET",
        "access-control-request-headers": "mcp-protocol-version, authorization",
    }
    response = fetch(url, "OPTIONS", headers=headers)
    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Headers"] == "*, Authorization"
    assert response["Access-Control-Max-Age"] == "86400"


def test_preflight_does_not_ask_the_settings(settings, fetch):
    settings.MCP_ISSUER = "nonsense"
    assert fetch(PRM, "OPTIONS").status_code == 204


@pytest.mark.parametrize("url", [PRM, f"{PRM}/mcp", ASM, JWKS, f"{PRM}/nobody", f"{ASM}/nobody"])
def test_head_is_get_without_the_body(fetch, url):
    get, head = fetch(url), fetch(url, "HEAD")
    assert head.content == b""
    assert head.status_code == get.status_code
    assert dict(head.items()) == dict(get.items())


@pytest.mark.parametrize("headers", [{"if-none-match": "*"}, {"if-match": '"x"'}], ids=str)
def test_precondition_does_not_hide_that_there_is_nothing(fetch, headers):
    assert fetch(f"{PRM}/nobody", headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("url", "method"),
    [
        *[(PRM, method) for method in ("POST", "PUT", "DELETE", "TRACE", "PROPFIND")],
        *[(url, "POST") for url in (f"{PRM}/nobody", ASM, JWKS)],
    ],
)
def test_other_methods_are_not_allowed(fetch, url, method):
    response = fetch(url, method, data=b'{"x": 1}', content_type="application/json")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert response.json() == {"error": "method_not_allowed"}


@DOCUMENTS
def test_post_is_refused_for_its_method_not_for_want_of_a_csrf_token(url):
    response = Client(enforce_csrf_checks=True).post(url, {"a": "b"})
    assert response.status_code == 405


@DOCUMENTS
def test_document_needs_no_login(settings, fetch, url):
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    assert fetch("/page/").status_code == 302
    assert fetch(url).status_code == 200


@DOCUMENTS
def test_session_of_the_visitor_leaves_no_trace(admin_client, url):
    response = admin_client.get(url)
    assert admin_client.cookies["sessionid"].value
    assert not response.cookies
    assert "cookie" not in response.get("Vary", "").lower()


# Subclasses


class WithIssuer:
    """Adds a member that comes from the site."""

    def get_document(self, request, **kwargs):
        return {**super().get_document(request, **kwargs), "x-issuer": self.site.issuer}


@pytest.mark.parametrize(
    "view", [ProtectedResourceMetadataView, AuthorizationServerMetadataView, JWKSView]
)
def test_subclass_adds_a_member(rf, view):
    mine = type("Mine", (WithIssuer, view), {})
    response = mine.as_view()(rf.get("/", secure=True))
    assert json.loads(response.content)["x-issuer"] == "https://testserver"
    assert response["Cache-Control"] == "no-store"


class Custom(DiscoveryView):
    """What a project may write."""

    document = None

    def get_document(self, request, **kwargs):
        if isinstance(self.document, Exception):
            raise self.document
        return {"x": self.document, **kwargs}


def test_view_of_a_new_document_needs_nothing_else(rf):
    response = Custom.as_view(document=[1])(rf.get("/"), tenant="7")
    assert json.loads(response.content) == {"x": [1], "tenant": "7"}
    assert response["Cache-Control"] == "public, max-age=300"


def test_view_may_say_how_long_its_document_keeps(rf):
    mine = type("Mine", (Custom,), {"get_max_age": lambda self: 7})
    assert mine.as_view()(rf.get("/"))["Cache-Control"] == "public, max-age=7"


def test_view_without_a_document_is_a_logged_error(rf, caplog):
    bare = type("Bare", (DiscoveryView,), {})
    response = bare.as_view()(rf.get("/"))
    assert (response.status_code, response.content) == (500, b'{"error": "server_error"}')
    assert "Bare must define get_document()" in caplog.text


@pytest.mark.parametrize(
    "document", [{1, 2}, float("nan"), "\ud800", RuntimeError("secret")], ids=repr
)
def test_document_that_cannot_be_made_is_a_logged_error(rf, caplog, document):
    request = rf.get("/")
    response = Custom.as_view(document=document)(request)
    assert (response.status_code, response.content) == (500, b'{"error": "server_error"}')
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("mcp_oauth_discovery", "ERROR")
    assert (record.status_code, record.request) == (500, request)
    assert record.exc_info


def test_suspicious_request_is_logged_where_django_logs_it(rf, caplog):
    response = Custom.as_view(document=SuspiciousOperation("secret"))(rf.get("/"))
    assert (response.status_code, response.content) == (400, b'{"error": "invalid_request"}')
    assert caplog.record_tuples == [("django.security.SuspiciousOperation", 40, "secret")]


# Keys


@pytest.fixture
def now():
    return timezone.now()


def test_keys_are_served_as_they_are_published(fetch):
    keys = sorted(
        [make_key(algorithm) for algorithm in ("RS256", "EdDSA", "ES256", "EdDSA")],
        key=lambda key: (key.algorithm, key.kid),
    )
    body = json.dumps({"keys": [key.published_jwk for key in keys]}).encode()
    assert fetch(JWKS).content == body


def test_order_of_the_keys_is_not_that_of_their_creation(fetch):
    for name in (RSA, ED, EC):
        rotation.import_key(as_file(VECTORS[name]))
    assert [key["alg"] for key in fetch(JWKS).json()["keys"]] == ["ES256", "EdDSA", "RS256"]


def test_no_private_member_is_served(fetch):
    for name in (RSA, ED, EC):
        rotation.import_key(as_file(VECTORS[name]))
    keys = fetch(JWKS).json()["keys"]
    assert len(keys) == 3
    assert all(PRIVATE_MEMBERS.isdisjoint(key) for key in keys)


def test_etag_changes_with_a_rotation(fetch):
    rotation.rotate("EdDSA")
    before = fetch(JWKS)["ETag"]
    assert fetch(JWKS, headers={"if-none-match": before}).status_code == 304
    rotation.rotate("EdDSA")
    response = fetch(JWKS, headers={"if-none-match": before})
    assert (response.status_code, len(response.json()["keys"])) == (200, 2)
    assert response["ETag"] != before


def test_keys_are_not_cached_past_the_end_of_one(fetch, now):
    make_key(activates_at=now, expires_at=now + 100 * SECOND)
    age = int(fetch(JWKS)["Cache-Control"].removeprefix("public, max-age="))
    assert 0 < age < 100


def test_keys_are_cached_for_as_long_as_the_setting_says(settings, fetch, now):
    settings.MCP_JWKS_MAX_AGE = 86400
    make_key(activates_at=now, expires_at=now + 3 * DAY)
    assert fetch(JWKS)["Cache-Control"] == "public, max-age=86400"


def test_warm_request_for_keys_asks_the_database_nothing(fetch, django_assert_num_queries):
    make_key()
    fetch(JWKS)
    with django_assert_num_queries(0):
        assert len(fetch(JWKS).json()["keys"]) == 1


def test_keys_are_served_while_the_database_is_down(fetch):
    make_key()
    before = fetch(JWKS).content
    with broken_database():
        assert fetch(JWKS).content == before


def test_keys_that_were_never_read_are_an_error(fetch, caplog):
    with broken_database():
        response = fetch(JWKS)
    assert (response.status_code, response.json()) == (500, {"error": "server_error"})
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("url", [PRM, ASM])
def test_metadata_survives_a_dead_database(fetch, url):
    before = fetch(url).content
    published_keys.__init__()
    with broken_database():
        response = fetch(url)
    assert (response.status_code, response.content) == (200, before)


@DOCUMENTS
def test_transaction_of_a_request_is_not_begun(fetch, monkeypatch, url):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    fetch(url)
    with statements() as seen:
        assert fetch(url).status_code == 200
    assert seen == []


def test_algorithm_of_a_published_key_is_advertised(settings, fetch, now):
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    make_key("ES256", activates_at=now, expires_at=now + DAY)
    advertised = fetch(ASM).json()["id_token_signing_alg_values_supported"]
    assert advertised == ["EdDSA", "ES256"]


@pytest.mark.parametrize("answer", [None, ["x"], "x"])
def test_document_that_is_no_dict_is_a_logged_server_error(rf, caplog, answer):
    class Odd(DiscoveryView):
        def get_document(self, request, **kwargs):
            return answer

    response = Odd.as_view()(rf.get("/", headers={"host": "app.example.com"}))
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (500, "*")
    assert "not a dict" in caplog.text
