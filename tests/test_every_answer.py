"""Every answer of the views: its headers, its body, and which methods there are."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import ASM, JWKS, PRM

# The JWK Set and the AS metadata tell of the keys in the database.
pytestmark = pytest.mark.django_db

DOCUMENTS = pytest.mark.parametrize("url", [PRM, ASM, JWKS], ids=["resource", "server", "keys"])


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
