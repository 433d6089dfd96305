"""The entries send cards and the catalogue in the type that a client prefers, as Django does."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.signing.published import published_keys
from tests import ASM, CARD, CATALOG, JWKS, PRM
from tests.keys import make_key
from tests.server.requests import ASGI
from tests.server.test_octets import check_twice

CARDS = {
    "/mcp": {"name": "com.example/weather", "version": "1.0", "description": "Forecasts."},
}
SITES = {
    "pinned": {},
    "unpinned": {"MCP_ISSUER": None},
    "callable resource": {"MCP_RESOURCE": lambda request: "https://app.example.com/mcp"},
    "wrong setting": {"MCP_SERVER_CARDS": ["/mcp"]},
    "wrong card": {"MCP_SERVER_CARDS": {"/mcp": {**CARDS["/mcp"], "version": 1}}},
    "prefix": {"FORCE_SCRIPT_NAME": "/app"},
    "by language": {"ROOT_URLCONF": "tests.server.urls_by_language"},
    "unset": {"MCP_SERVER_CARDS": {}},
}
TYPES = [None, "*/*", "application/json", "application/mcp-server-card+json", "text/html", ""]


@pytest.fixture(autouse=True)
def cards(pinned):
    pinned.MCP_SERVER_CARDS = CARDS


@pytest.mark.parametrize("name", SITES)
def test_entry_sends_what_django_sends(server, pinned, name):
    for setting, value in SITES[name].items():
        setattr(pinned, setting, value)
    for path in (CARD, f"{CARD}/", CATALOG, f"{CATALOG}/", "/server-card", "/x/server-card"):
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            check_twice(server, path, method)


@pytest.mark.parametrize("accept", TYPES)
def test_entry_sends_the_type_that_the_client_prefers(server, accept):
    for path in (CARD, CATALOG):
        for method in ("GET", "HEAD", "OPTIONS"):
            check_twice(server, path, method, {"accept": accept})


@pytest.mark.parametrize("accept", TYPES)
def test_entry_sends_no_document_that_the_client_has_in_its_type(server, accept):
    etags = set()
    for given in TYPES:
        etags.add(etag_of(server.ask(server.entry, CARD, "HEAD", {"accept": given})))
    assert len(etags) == 2
    for etag in etags:
        check_twice(server, CARD, "GET", {"accept": accept, "if-none-match": etag})


def etag_of(answer):
    if isinstance(answer, tuple):
        return dict(answer[1])["ETag"]
    return dict(answer[0]["headers"])[b"ETag"].decode()


def test_entry_answers_without_django_once_a_document_is_kept(server):
    for path in (CARD, CATALOG):
        for accept in ("*/*", "application/json"):
            server.ask(server.entry, path, "GET", {"accept": accept})
    before = server.django.requests
    for path in (CARD, CATALOG):
        for accept in ("*/*", "application/json"):
            server.ask(server.entry, path, "GET", {"accept": accept})
    assert server.django.requests == before


@pytest.mark.parametrize("lines", [["application/json", "*/*"], ["*/*;q=0.1", "application/json"]])
def test_repeated_accept_is_read_as_django_reads_it(pinned, transactional_db, lines):
    server = ASGI()
    given = [(b"host", b"app.example.com"), *((b"accept", line.encode()) for line in lines)]
    for path in (CARD, CATALOG):
        expected = server.ask(server.django, path, lines=given)
        before = server.django.requests
        assert server.ask(server.entry, path, lines=given) == expected
        assert server.ask(server.entry, path, lines=given) == expected
        assert server.django.requests == before


def test_preflight_of_other_documents_needs_no_keys(server, pinned):
    """The entry has answered it without Django since it knew the URL."""
    make_key("EdDSA")
    for path in (PRM, ASM, JWKS):
        server.ask(server.entry, path)
    published_keys.reset()
    before = server.django.requests
    for path in (PRM, ASM, JWKS):
        server.ask(server.entry, path, "OPTIONS")
    assert server.django.requests == before
