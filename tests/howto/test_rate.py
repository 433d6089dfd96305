"""The limit of docs/howto/proxy.md, in a real nginx in front of the example."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.clients.environments import unavailable
from tests.markdown import blocks, section
from tests.proxies import (
    HOST,
    NGINX,
    NGINX_BLOCK,
    NGINX_IS_MISSING,
    OPENSSL,
    PAGE,
    SETTINGS,
    Proxied,
    gunicorn,
    nginx,
)

pytestmark = pytest.mark.clients

ZONE, LOCATION = blocks(section(PAGE, "Limit the rate"), "nginx")
BEGINNING = "    location / {\n"


@pytest.fixture(scope="module")
def limited(tmp_path_factory) -> Iterator[Proxied]:
    if NGINX is None or OPENSSL is None:
        unavailable(NGINX_IS_MISSING)
    directory = tmp_path_factory.mktemp("nginx")
    block = ZONE + NGINX_BLOCK.replace(BEGINNING, BEGINNING + LOCATION)
    with ExitStack() as stack:
        port, log = stack.enter_context(gunicorn(directory, SETTINGS))
        yield stack.enter_context(nginx(directory, port, log, block=block))


def status(limited: Proxied, path: str, method: str = "GET") -> int:
    connection = http.client.HTTPConnection(HOST)
    connection.sock = limited.connect()
    try:
        connection.request(method, path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_sign_in_is_limited_and_tokens_are_not(limited):
    assert status(limited, "/oauth/mcp/login") == 200
    tried = [status(limited, "/oauth/mcp/login") for _ in range(30)]
    assert tried[0] == 200
    assert tried[-1] == 429
    # One address has one limit for all paths.
    assert status(limited, "/oauth/mcp/register", "POST") == 429
    assert status(limited, "/oauth/mcp/token", "POST") == 400
