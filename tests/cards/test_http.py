"""The card and the catalogue over HTTP: types, caching, CORS, errors."""

from __future__ import annotations

import pytest

from tests import CARD, CATALOG

CARD_TYPE = "application/mcp-server-card+json"
CATALOG_TYPE = "application/ai-catalog+json"
JSON = "application/json"

DOCUMENTS = pytest.mark.parametrize(
    ("path", "own_type"), [(CARD, CARD_TYPE), (CATALOG, CATALOG_TYPE)], ids=["card", "catalogue"]
)


@DOCUMENTS
@pytest.mark.parametrize(
    ("accept", "is_own"),
    [
        (None, True),
        ("*/*", True),
        ("application/*", True),
        ("own", True),
        ("own, application/json;q=0.5", True),
        # As a browser sends it for a page.
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/json", False),
        ("application/json, own;q=0.5", False),
        ("own;q=0, */*", False),
        # As axios sends it.
        ("application/json, text/plain, */*", True),
        ("application/json;q=0.1, own;q=0.1", True),
        # Django's reader raises exceptions for these.
        ("a/b; x*=bogus''y", True),
        ("a/b; x*=a; x*0=b", True),
        ("application/json" + ",a/b" * 1000, True),
        # No type that the document has: the client gets it all the same.
        ("text/html", True),
        ("nonsense", True),
        ("", True),
    ],
)
def test_client_gets_the_type_that_it_prefers(fetch, pinned, path, own_type, accept, is_own):
    headers = {} if accept is None else {"accept": accept.replace("own", own_type)}
    response = fetch(path, headers=headers)
    assert response.status_code == 200
    assert response["Content-Type"] == (own_type if is_own else JSON)
    assert response["Vary"] == "Accept"


@DOCUMENTS
def test_each_form_has_an_etag_of_its_own(fetch, pinned, path, own_type):
    tags = {accept: fetch(path, headers={"accept": accept})["ETag"] for accept in (own_type, JSON)}
    assert len(set(tags.values())) == 2
    for accept, tag in tags.items():
        response = fetch(path, headers={"accept": accept, "if-none-match": tag})
        assert (response.status_code, response.content) == (304, b"")
        assert response["Vary"] == "Accept"
        assert response["ETag"] == tag
        assert response["Access-Control-Expose-Headers"] == "ETag"
        other = JSON if accept == own_type else own_type
        assert fetch(path, headers={"accept": other, "if-none-match": tag}).status_code == 200


@DOCUMENTS
def test_caches_may_keep_it_on_a_pinned_site(fetch, pinned, path, own_type):
    pinned.MCP_METADATA_MAX_AGE = 60
    assert fetch(path)["Cache-Control"] == "public, max-age=60"


@DOCUMENTS
def test_pages_may_read_it_and_its_etag(fetch, pinned, path, own_type):
    response = fetch(path, headers={"origin": "https://client.example.com"})
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Allow-Methods"] == "GET, OPTIONS"
    assert response["Access-Control-Expose-Headers"] == "ETag"
    assert "Access-Control-Allow-Credentials" not in response


@DOCUMENTS
def test_preflight_is_answered(fetch, pinned, path, own_type):
    response = fetch(path, "OPTIONS", headers={"origin": "https://client.example.com"})
    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Headers"] == "*, Authorization"


@DOCUMENTS
def test_head_has_the_headers_of_get(fetch, pinned, path, own_type):
    head, get = fetch(path, "HEAD"), fetch(path)
    assert head.content == b""
    assert dict(head.headers) == dict(get.headers)


@DOCUMENTS
def test_other_methods_are_refused_as_json(fetch, pinned, path, own_type):
    response = fetch(path, "POST")
    assert (response.status_code, response.json()) == (405, {"error": "method_not_allowed"})
    assert response["Allow"] == "GET, HEAD, OPTIONS"


@DOCUMENTS
def test_final_slash_changes_nothing(fetch, pinned, path, own_type):
    assert fetch(f"{path}/").content == fetch(path).content


@DOCUMENTS
def test_no_sign_in_is_needed(fetch, pinned, path, own_type):
    pinned.MIDDLEWARE = [
        *pinned.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    assert fetch(path).status_code == 200


@DOCUMENTS
def test_same_configuration_gives_the_same_octets(fetch, pinned, path, own_type):
    first = fetch(path)
    pinned.MCP_SERVER_CARDS = {key: dict(value) for key, value in pinned.MCP_SERVER_CARDS.items()}
    assert fetch(path).content == first.content


@pytest.mark.django_db
@pytest.mark.parametrize("accept", [CARD_TYPE, JSON])
def test_other_documents_do_not_depend_on_accept(fetch, pinned, accept):
    response = fetch("/.well-known/oauth-protected-resource", headers={"accept": accept})
    assert response["Content-Type"] == JSON
    assert "Accept" not in response.get("Vary", "")
