"""The cache of docs/howto/cdn.md, in a real nginx in front of the example."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests import ORIGIN
from tests.clients.environments import unavailable
from tests.markdown import blocks, read, section
from tests.proxies import (
    HOST,
    NGINX,
    NGINX_BLOCK,
    NGINX_IS_MISSING,
    OPENSSL,
    SETTINGS,
    Proxied,
    gunicorn,
    nginx,
)

pytestmark = pytest.mark.clients

ZONE, LOCATION = blocks(section(read("docs/howto/cdn.md"), "A cache in nginx"), "nginx")
BEGINNING = "    location / {\n"
DOCUMENT = "/.well-known/oauth-protected-resource/mcp"
SITES = {
    "pinned": f'{SETTINGS}MCP_RESOURCE = "{ORIGIN}/mcp"\n',
    "derived": {"HTTPS": "1", "ALLOWED_HOSTS": HOST},
}


@pytest.fixture
def cached(request, tmp_path) -> Iterator[Proxied]:
    if NGINX is None or OPENSSL is None:
        unavailable(NGINX_IS_MISSING)
    zone = ZONE.replace("/var/cache/nginx/discovery", str(tmp_path / "cache"))
    assert BEGINNING in NGINX_BLOCK
    block = zone + NGINX_BLOCK.replace(BEGINNING, BEGINNING + LOCATION)
    with ExitStack() as stack:
        port, log = stack.enter_context(gunicorn(tmp_path, SITES[request.param]))
        yield stack.enter_context(nginx(tmp_path, port, log, block=block))


def sites(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("cached", names, indirect=True)


def headers_of(cached: Proxied, **headers: str) -> tuple[http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(HOST)
    connection.sock = cached.connect()
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", DOCUMENT, headers=named)
        answer = connection.getresponse()
        assert answer.status == 200, cached.log()
        return answer.headers, answer.read()
    finally:
        connection.close()


@sites("pinned")
def test_second_answer_is_the_first_one_from_the_cache(cached):
    answers = [headers_of(cached), headers_of(cached)]
    assert [headers["X-Cache"] for headers, _ in answers] == ["MISS", "HIT"]
    for name in ("ETag", "Cache-Control", "Access-Control-Allow-Origin", "Content-Type"):
        assert answers[0][0][name] == answers[1][0][name] is not None
    assert answers[0][1] == answers[1][1]


@sites("pinned")
def test_forged_header_does_not_poison_the_cache(cached):
    _, forged = headers_of(cached, X_Forwarded_Host="evil.example")
    headers, body = headers_of(cached)
    assert headers["X-Cache"] == "HIT"
    assert body == forged
    assert b"evil" not in body


@sites("derived")
def test_document_from_a_request_is_never_cached(cached):
    answers = [headers_of(cached)[0] for _ in range(2)]
    assert [headers["X-Cache"] for headers in answers] == ["MISS", "MISS"]
