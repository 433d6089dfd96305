"""The entries, the middleware and the views send the same octets."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.urls import resolve

from mcp_oauth_discovery.views import ProtectedResourceMetadataView
from tests import ASM, JWKS, ORIGIN, PRM, urls
from tests.keys import make_key
from tests.server.requests import WSGI

DOCUMENTS = [PRM, f"{PRM}/", f"{PRM}/mcp", f"{PRM}/mcp/", ASM, f"{ASM}/", JWKS, f"{JWKS}/"]
UNKNOWN = [f"{PRM}/nothing", f"{ASM}/nothing", f"{JWKS}x", "/.well-known/unknown", "/page/"]
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "get"]
# The settings of other sites than the pinned one.
SITES = {
    "pinned": {},
    "unpinned": {"MCP_ISSUER": None},
    "callable": {"MCP_ISSUER": lambda request: f"https://{request.get_host()}"},
    "callable resource": {"MCP_RESOURCE": lambda request: f"{ORIGIN}{request.path}"},
    "wrong issuer": {"MCP_ISSUER": "app.example.com"},
    "wrong member": {"MCP_RESOURCE_METADATA": {"scopes_supported": "mcp"}},
    "wrong server member": {"MCP_AUTHORIZATION_SERVER_METADATA": {"token_endpoint": 5}},
    "wrong max-age": {"MCP_JWKS_MAX_AGE": -1},
    "two resources": {"MCP_RESOURCES": {"/mcp": {}, "/ünï/mcp": {}}},
    "one of two hosts": {"MCP_RESOURCES": {"/mcp": {}, "https://b.example.com/mcp": {}}},
    "other servers": {"MCP_AUTHORIZATION_SERVERS": ["https://login.example.com"]},
    "signed": {"MCP_SIGNED_METADATA": True},
    "prefix": {"FORCE_SCRIPT_NAME": "/app"},
    "forwarded host": {"USE_X_FORWARDED_HOST": True},
    "own view": {"ROOT_URLCONF": "tests.server.test_octets"},
    "no urls": {"ROOT_URLCONF": "tests.server.no_urls"},
    "by language": {"ROOT_URLCONF": "tests.server.urls_by_language"},
    "no object of plain data": {"MCP_RESOURCE_METADATA": {"resource_name": object()}},
}


class Named(ProtectedResourceMetadataView):
    def get_document(self, request, **kwargs):
        return {**super().get_document(request, **kwargs), "resource_name": "Mine"}


urlpatterns = [
    urls.path(PRM.removeprefix("/"), Named.as_view()),
    *urls.urlpatterns,
]


def check_twice(server, *args, **kwargs):
    """Compare the entry, before and after it keeps the document, with Django alone."""
    applications = (server.django, server.entry, server.entry, server.django)
    expected, *others = server.ask_each(applications, *args, **kwargs)
    assert others == [expected] * 3


@pytest.fixture(autouse=True)
def keys(server):
    make_key("EdDSA", generation=1)
    make_key("ES256", generation=1)


@pytest.mark.parametrize("method", METHODS)
def test_entry_sends_what_django_sends(server, method):
    for path in [*DOCUMENTS, *UNKNOWN]:
        check_twice(server, path, method)


@pytest.mark.parametrize("name", SITES)
def test_entry_sends_what_django_sends_on_other_sites(server, pinned, name):
    for setting, value in SITES[name].items():
        setattr(pinned, setting, value)
    for path in (PRM, f"{PRM}/mcp", f"{PRM}/ünï/mcp", f"{PRM}/app/mcp", ASM, JWKS):
        for method in ("GET", "HEAD", "OPTIONS"):
            check_twice(server, path, method)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "forged.example.org"},
        {"host": "app.example.com:8443"},
        {"host": "a b"},
        {"host": None},
        {"x-forwarded-host": "forged.example.org"},
        {"if-none-match": '"other"'},
        {"if-none-match": "*"},
        {"if-none-match": ""},
        {"if-match": '"other"'},
        {"if-match": "*"},
        {"if-modified-since": "Sat, 01 Jan 2000 00:00:00 GMT"},
        {"if-unmodified-since": "Sat, 01 Jan 2000 00:00:00 GMT"},
        {"content-length": "2"},
        {"content-length": "nonsense"},
        {"transfer-encoding": "chunked"},
        {"origin": "https://client.example.com", "cookie": "sessionid=x"},
        {"accept": "text/html", "accept-language": "de"},
    ],
    ids=str,
)
def test_entry_sends_what_django_sends_for_any_headers(server, headers):
    for path in (PRM, ASM, JWKS):
        for method in ("GET", "HEAD", "OPTIONS"):
            check_twice(server, path, method, headers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_entry_sends_no_document_that_the_client_has(server, method):
    etag = dict(WSGI().ask(server_of_wsgi(), JWKS)[1])["ETag"]
    for tags in (etag, f"W/{etag}", f'"x", {etag}'):
        check_twice(server, JWKS, method, {"if-none-match": tags})


def server_of_wsgi():
    return WSGI().entry


@pytest.mark.parametrize(
    "path",
    [f"{JWKS}?x", f"{PRM}?x=1", f"/{JWKS}", f"{PRM}/\x00", f"{PRM}/%", f"{PRM}/../mcp", f"{PRM}//"],
)
def test_entry_sends_what_django_sends_for_odd_urls(server, path):
    check_twice(server, path)


@pytest.mark.parametrize("path", [PRM, f"{PRM}/mcp", ASM, JWKS])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_view_sends_what_the_entry_sends(pinned, transactional_db, path, method):
    server = WSGI()
    for _ in range(2):
        request = RequestFactory().generic(method, path, headers={"host": "app.example.com"})
        match = resolve(path)
        response = match.func(request, *match.args, **match.kwargs)
        status = f"{response.status_code} {response.reason_phrase}"
        expected = status, list(response.items()), response.content
        assert server.ask(server.entry, path, method) == expected
        assert server.ask(server.django, path, method) == expected


@pytest.mark.parametrize("name", ["SCRIPT_URL", "REDIRECT_URL"])
def test_application_below_a_prefix_of_apache_keeps_its_answers(pinned, transactional_db, name):
    server = WSGI()
    check_twice(server, ASM)
    check_twice(server, ASM, **{name: f"/app{ASM}"})


def test_application_below_a_prefix_keeps_its_answers(pinned, transactional_db):
    server = WSGI()
    for script_name in ("", "/app", ""):
        check_twice(server, ASM, SCRIPT_NAME=script_name)
