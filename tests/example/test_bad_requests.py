"""Bad input to the example: the answer is an error in JSON or a page, never a 500."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest
from django.test import Client
from oauth2_provider.models import AccessToken, Application, Grant

from mcp_oauth_discovery.contrib.oauth_toolkit.clients import SafeMetadataFetcher
from tests.example.walk import CALLBACK, FORM, VERIFIER, Fields, Walk, refusal

pytestmark = pytest.mark.usefixtures("example")

NUL = "a\0b"


def invalid_request(response):
    assert refusal(response) == (400, "invalid_request"), response.content
    assert response["content-type"] == "application/json"
    assert response["cache-control"] == "no-store"
    assert response["access-control-allow-origin"] == "*"


@pytest.fixture
def http(walk):
    walk.http.defaults["HTTP_ORIGIN"] = "https://other.example.com"
    return walk.http


@pytest.mark.parametrize("path", ["/oauth/mcp/token", "/oauth/mcp/revoke", "/oauth/mcp/register"])
def test_endpoint_for_clients_wants_no_csrf_cookie_and_no_session(example, settings, path):
    login = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, login]
    client = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1:8000"})
    response = client.post(path, b"{", "application/json")
    assert response.status_code == 400
    assert response["content-type"] == "application/json"


def basic(credentials):
    return {"authorization": f"Basic {base64.b64encode(credentials).decode()}"}


@pytest.mark.parametrize("name", ["grant_type", "code", "client_id", "refresh_token", "unknown"])
def test_nul_in_a_parameter(http, walk, name):
    form = {"grant_type": "refresh_token", "client_id": walk.client_id, "code": "c"}
    form |= {"refresh_token": "r", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    invalid_request(walk.send_form("/oauth/mcp/token", {**form, name: NUL}))


@pytest.mark.parametrize("name", ["token", "client_id"])
def test_nul_in_a_parameter_of_a_revocation(http, walk, name):
    form = {"token": "t", "client_id": walk.client_id, name: NUL}
    invalid_request(walk.send_form("/oauth/mcp/revoke", form))


@pytest.mark.parametrize(
    "headers", [basic(b"\0:x"), basic(b"%00:x"), basic(b"x:\0"), {"authorization": "Basic é"}]
)
def test_credentials_that_are_no_text(http, headers):
    form = {"grant_type": "refresh_token", "refresh_token": "r", "token": "t"}
    invalid_request(http.post("/oauth/mcp/token", urlencode(form), FORM, headers=headers))


@pytest.mark.parametrize(
    "headers", [basic(b"\xff:x"), basic(b"no colon"), {"authorization": "Basic a"}]
)
def test_credentials_of_no_client(http, headers):
    form = {"grant_type": "refresh_token", "refresh_token": "r", "token": "t"}
    assert refusal(http.post("/oauth/mcp/token", urlencode(form), FORM, headers=headers)) == (
        401,
        "invalid_client",
    )


MANAGEMENT = "/oauth/mcp/register/x"


@pytest.mark.parametrize(
    ("path", "headers", "challenge"),
    [
        # RFC 6749 §5.2: the scheme that the client used.
        ("/oauth/mcp/token", basic(b"x:y"), 'Basic realm="mcp"'),
        ("/oauth/mcp/revoke", basic(b"x:y"), 'Basic realm="mcp"'),
        ("/oauth/mcp/token", {}, 'Bearer error="invalid_client"'),
        ("/oauth/mcp/revoke", {}, 'Bearer error="invalid_client"'),
        # RFC 6750 §3.1: no error if there is no token.
        (MANAGEMENT, {}, 'Bearer realm="mcp"'),
        (MANAGEMENT, basic(b"x:y"), 'Bearer realm="mcp"'),
        (MANAGEMENT, {"authorization": "Bearer x"}, 'Bearer error="invalid_token", '),
    ],
)
def test_every_401_of_an_endpoint_for_clients_has_a_challenge(http, path, headers, challenge):
    form = urlencode({"grant_type": "refresh_token", "refresh_token": "r", "token": "t"})
    method = "DELETE" if path == MANAGEMENT else "POST"
    response = http.generic(method, path, form, FORM, headers=headers)
    assert response.status_code == 401
    assert response["www-authenticate"].startswith(challenge)


MULTIPART = "multipart/form-data; boundary=b"
FIELD = b'--b\r\nContent-Disposition: form-data; name="code"\r\n\r\n\\ud800\r\n--b--\r\n'


# The next release of django-oauth-toolkit warns of other forms, and 4 refuses them.
@pytest.mark.filterwarnings("ignore:The OAuth 2.0 token:DeprecationWarning")
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        (f"{MULTIPART}; charset=unicode-escape", FIELD),
        (f"{MULTIPART}; charset=hex", FIELD),
        (f"{MULTIPART}; charset=idna", FIELD.replace(b"\\", b"\xff")),
        (f"{FORM}; charset=utf-16", b"code=x"),
        (f"{FORM}; charset=hex", b"code=x"),
        (FORM, b"&".join(1001 * [b"code=x"])),
        (FORM, b"code=" + 2_700_000 * b"x"),
        (FORM, b"code=x%00"),
        (FORM, b"code\0=x"),
    ],
)
def test_form_that_cannot_be_read(http, content_type, body):
    invalid_request(http.generic("POST", "/oauth/mcp/token", body, content_type))


def test_form_of_a_revocation_that_cannot_be_read(http):
    invalid_request(http.generic("POST", "/oauth/mcp/revoke", b"code=x%00", FORM))


@pytest.mark.parametrize("query", ["a=%zz", "a=%00", "a=1", "&".join(1001 * ["a=1"])])
def test_query_has_no_place_here(http, query):
    form = {"grant_type": "refresh_token", "refresh_token": "r", "token": "t"}
    invalid_request(http.post(f"/oauth/mcp/token?{query}", urlencode(form), FORM))


@pytest.mark.parametrize(
    ("path", "method"),
    [("/oauth/mcp/token", "GET"), ("/oauth/mcp/token", "PUT"), ("/oauth/mcp/revoke", "DELETE")],
)
def test_method_that_is_not_served(http, path, method):
    response = http.generic(method, path)
    assert refusal(response) == (405, "invalid_request")
    assert (response["content-type"], response["allow"]) == ("application/json", "POST, OPTIONS")


@pytest.mark.parametrize("grant_type", ["openid", "implicit", "x" * 5000])
def test_grant_type_that_is_not_served(http, walk, grant_type):
    response = walk.exchange(walk.code(), grant_type=grant_type)
    assert refusal(response) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    "name",
    ["client", "encoding", "extra_credentials", "refresh_token_instance", "scopes", "user"],
)
def test_attribute_of_oauthlib_as_a_parameter_is_ignored(walk, name):
    headers = basic(f"{walk.client_id}:".encode())
    first = walk.exchange(walk.code(), **{name: "hex"})
    assert first.status_code == 200
    again = walk.refresh(first.json()["refresh_token"], **{name: "hex"})
    assert again.status_code == 200
    form = {"grant_type": "refresh_token", "refresh_token": "r", name: "hex"}
    assert refusal(walk.send_form("/oauth/mcp/token", form, headers=headers)) == (
        401,
        "invalid_client",
    )


@pytest.mark.parametrize("name", ["grant_type", "client_id", "refresh_token", "scope", "resource"])
def test_value_of_any_length_is_only_wrong(walk, name):
    form = {"grant_type": "refresh_token", "refresh_token": "r", name: 70_000 * "x"}
    status, error = refusal(walk.token(**form))
    assert status in (400, 401)
    assert error.startswith(("invalid_", "unsupported_"))


# The page that asks the user


@pytest.mark.parametrize("name", ["client_id", "state", "resource", "nonce", "unknown"])
def test_nul_in_a_link(walk, name):
    # Whose code would be stored without a question.
    Application.objects.filter(client_id=walk.client_id).update(skip_authorization=True)
    page = walk.ask(**{name: NUL})
    assert page.status_code == 400
    assert "invalid_request" in page.content.decode()
    assert not Grant.objects.exists()


@pytest.mark.parametrize("name", ["client_id", "state", "resource"])
def test_nul_in_the_form(walk, name):
    fields = Fields(walk.ask().content.decode()).values
    response = walk.browser.post("/oauth/mcp/authorize", {**fields, "allow": "true", name: NUL})
    assert response.status_code == 400
    assert not Grant.objects.exists()


@pytest.mark.parametrize("name", ["code_challenge", "nonce", "code_challenge_method"])
@pytest.mark.parametrize("trusted", [True, False])
def test_value_that_is_longer_than_its_column(walk, name, trusted):
    Application.objects.filter(client_id=walk.client_id).update(skip_authorization=trusted)
    page = walk.ask(**{name: 300 * "x"})
    assert (page.status_code, page.headers.get("location")) in (
        (400, None),
        (302, page.headers.get("location")),
    )
    assert "invalid_request" in page.headers.get("location", page.content.decode())
    assert not Grant.objects.exists()


@pytest.mark.parametrize("name", ["code_challenge", "nonce"])
def test_form_with_a_value_that_is_longer_than_its_column(walk, name):
    fields = Fields(walk.ask().content.decode()).values
    form = {**fields, "allow": "true", name: 300 * "x"}
    response = walk.browser.post("/oauth/mcp/authorize", form)
    assert "error=invalid_request" in response["location"]
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("query", "method"),
    [
        *[(query, "get") for query in ("%zz", "client_id=%zz", "&".join(1001 * ["a=1"]), "&&")],
        ("client_id=%zz", "post"),
    ],
)
def test_link_that_cannot_be_read(walk, query, method):
    response = getattr(walk.browser, method)(f"/oauth/mcp/authorize?{query}")
    assert response.status_code == 400


@pytest.mark.parametrize("resource", ["https://[", "x y", "/mcp"])
def test_form_with_a_resource_that_is_no_url(walk, resource):
    fields = Fields(walk.ask().content.decode()).values
    form = {**fields, "resource": resource, "allow": "true"}
    assert walk.browser.post("/oauth/mcp/authorize", form).status_code == 400


def test_link_with_an_invalid_charset(walk):
    response = walk.browser.generic(
        "GET", "/oauth/mcp/authorize?a=b", b"", "text/plain; charset=hex"
    )
    assert response.status_code == 400


# Registration


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"x": "' + 2_700_000 * b"x" + b'"}'),
        ("application/json", b'{"client_name": "\\u0000"}'),
        ("application/json", b'{"client_name": "\\ud800"}'),
        (
            "application/json",
            b'{"client_name": "\\u0000", "redirect_uris": ["https://a.example/"]}',
        ),
        (
            "application/json",
            b'{"client_name": "\\ud800", "redirect_uris": ["https://a.example/"]}',
        ),
        ("application/json", b'{"redirect_uris": ["https://a.example/\\u0000"]}'),
        ("application/json", b'{"redirect_uris": ["x\\u0000://a.example/"]}'),
        ("application/json", b'{"x": ' + 5000 * b"1" + b"}"),
        ("application/json", 100_000 * b"["),
        ("application/json; charset=hex", b"{}"),
        ("multipart/form-data", b"x"),
        (FORM, b"&".join(1001 * [b"a=1"])),
    ],
)
def test_registration_that_cannot_be_read(http, content_type, body):
    response = http.generic("POST", "/oauth/mcp/register", body, content_type)
    assert refusal(response) == (400, "invalid_client_metadata")
    assert response["access-control-allow-origin"] == "*"


def test_registration_is_changed_to_nothing_that_cannot_be_read(http, walk):
    registered = walk.register().json()
    headers = {"authorization": f"Bearer {registered['registration_access_token']}"}
    path = f"/oauth/mcp/register/{registered['client_id']}"
    for body in (b'{"client_name": "\\u0000"}', 2_700_000 * b"x", b"["):
        response = http.put(path, body, "application/json", headers=headers)
        assert refusal(response) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("client_id", ["%00", "x" * 3000, "%ff"])
def test_registration_of_no_client(http, client_id):
    response = http.get(f"/oauth/mcp/register/{client_id}", headers={"authorization": "Bearer x"})
    assert refusal(response) == (401, "invalid_token")


@pytest.mark.parametrize("client_name", [NUL, "\ud800"])
def test_metadata_document_that_no_database_stores(walk, monkeypatch, client_name):
    def fetch(self, client_id):
        members = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
        return {"client_id": client_id, "client_name": client_name, **members}, 300

    monkeypatch.setattr(SafeMetadataFetcher, "fetch", fetch)
    page = walk.ask(client_id="https://client.example.com/client.json")
    assert page.status_code == 400
    assert not Application.objects.filter(client_id__startswith="https:").exists()


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({}, 200),
        ({"token_endpoint_auth_method": "client_secret_basic"}, 400),
        ({"client_secret": "x"}, 400),
        ({"client_secret_expires_at": 0}, 400),
    ],
)
def test_metadata_document_has_no_shared_secret(walk, monkeypatch, members, status):
    def fetch(self, client_id):
        return {"client_id": client_id, "redirect_uris": [CALLBACK], **members}, 300

    monkeypatch.setattr(SafeMetadataFetcher, "fetch", fetch)
    url = "https://client.example.com/client.json"
    assert walk.ask(client_id=url).status_code == status
    assert Application.objects.filter(client_id=url).exists() is (status == 200)


@pytest.mark.parametrize("client_id", ["https://[/x", f"https://a.example/{NUL}", "https://a:b/x"])
def test_metadata_document_that_is_nowhere(walk, client_id):
    assert walk.ask(client_id=client_id).status_code == 400


# Tokens


@pytest.mark.parametrize("token", ["a\0b", "é", "x" * 200_000, "a.b.c", "\ud800"])
def test_invalid_bearer_token_is_refused(walk, token):
    headers = {
        "authorization": f"Bearer {token}".encode("utf-8", "surrogatepass").decode("latin-1")
    }
    assert walk.http.post("/mcp", headers=headers).status_code == 401


def test_other_client_is_not_affected(browser):
    assert Walk(browser).sign_in()["access_token"]
    assert AccessToken.objects.filter(user__isnull=False).count() == 1
