"""nginx and Caddy answer with exported documents as the views do."""

from __future__ import annotations

import http.client
import os
import socket
import time
from contextlib import contextmanager
from urllib.parse import quote

import pytest

from tests import ASM, JWKS, ORIGIN, PRM
from tests.clients.environments import unavailable
from tests.keys import make_key
from tests.proxies import (
    CADDY,
    CADDY_IS_MISSING,
    HOST,
    LOOPBACK,
    NGINX,
    NGINX_CONF,
    NGINX_IS_MISSING,
    running,
)

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]

ODD = "/%C3%BCn/a%22b%20(c)%7Bd%7D+'e"
PATHS = [PRM, f"{PRM}/mcp", f"{PRM}/mcp/files", f"{PRM}{ODD}", ASM, f"{ASM}/t1", JWKS]
CATALOG = "/.well-known/ai-catalog.json"
CARDS = [*(f"{path}/server-card" for path in ("", "/mcp", "/mcp/files", ODD)), CATALOG]
ENDPOINTS = ["/", "/mcp", "/mcp/", "/mcp/files", "/mcp/files/", ODD, f"{ODD}/"]
OTHERS = [
    f"{PRM}/MCP",
    f"{PRM}/mcp/files/x",
    f"{PRM}x",
    f"{ASM}/mcp",
    "/MCP/server-card",
    "/mcp/server-card/x",
    "/mcp/server-cards",
    "/.well-known/ai-catalogxjson",
    "/.well-known/jwksxjson",
    "/",
]

NGINX_SITE = r"""
server {{
    listen 127.0.0.1:{port};
    add_header X-Site here;
    include "{directory}/mcp-discovery.conf";
    location ~ ^/\.well-known/(jwks\.json|oauth-protected-resource/mcp)/?$ {{ deny all; }}
    location / {{ return 200 upstream; }}
}}
"""
CADDY_SITE = """
{{
    admin off
    auto_https off
}}
http://:{port} {{
    bind 127.0.0.1
    import "{directory}/mcp-discovery.caddy"
    respond upstream
}}
"""


def nginx_command(home, port, directory):
    user = "user root;" if os.geteuid() == 0 else ""
    block = NGINX_SITE.format(port=port, directory=directory)
    conf = home / "nginx.conf"
    conf.write_text(NGINX_CONF.format(user=user, block=block))
    return [str(NGINX), "-p", str(home), "-c", str(conf), "-e", "stderr"]


def caddy_command(home, port, directory):
    conf = home / "Caddyfile"
    conf.write_text(CADDY_SITE.format(port=port, directory=directory))
    return [str(CADDY), "run", "--config", str(conf), "--adapter", "caddyfile"]


SERVERS = {
    "nginx": (NGINX, NGINX_IS_MISSING, nginx_command),
    "caddy": (CADDY, CADDY_IS_MISSING, caddy_command),
}


@contextmanager
def started(make_command, home, directory):
    """Run a web server with an exported directory, and yield a function that asks it."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        port = probe.getsockname()[1]

    def ask(path, method="GET", headers=()):
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=20)
        try:
            connection.request(method, path, headers={"Host": HOST, **dict(headers)})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    home.mkdir()
    log = home / "log"
    command = make_command(home, port, directory)
    with running(command, log, env={**os.environ, "HOME": str(home)}) as process:
        for _ in range(300):
            try:
                socket.create_connection((LOOPBACK, port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
        yield ask


@pytest.fixture(params=SERVERS)
def ask(request, pinned, export, directory, tmp_path):
    """Export a site with a path in everything, and run a web server with it."""
    program, reason, make_command = SERVERS[request.param]
    if program is None:
        unavailable(reason)
    pinned.MCP_ISSUER = f"{ORIGIN}/t1"
    pinned.MCP_RESOURCE = f"{ORIGIN}/mcp"
    pinned.MCP_RESOURCES = {
        ORIGIN: {},
        "/mcp": {},
        "/mcp/files": {"resource_name": "Dateien für alle"},
        ODD: {},
    }
    pinned.MCP_SERVER_CARDS = {
        key: {"name": f"com.example/{at}", "version": "1.0.0", "description": "Büro"}
        for at, key in enumerate(pinned.MCP_RESOURCES)
    }
    pinned.MCP_METADATA_MAX_AGE = 600
    make_key("EdDSA")
    export("--format", request.param)
    with started(make_command, tmp_path / "home", directory) as ask:
        yield ask


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE"])
def test_server_answers_as_the_views_do(ask, fetch, method):
    paths = [*PATHS, *CARDS]
    for path in [*paths, *(f"{path}/" for path in paths)]:
        expected = fetch(path, method)
        status, headers, body = ask(path, method)
        assert (status, body) == (expected.status_code, expected.content), path
        for name in {*expected.headers, "Content-Type", "Cache-Control"} - {"ETag", "Vary"}:
            values = [expected.headers[name]] if name in expected.headers else None
            assert headers.get_all(name) == values, (path, name)


@pytest.mark.parametrize("path", CARDS)
def test_card_is_the_same_for_every_preference_and_says_so(ask, path):
    _, headers, body = ask(path)
    _, other_headers, other_body = ask(path, headers={"Accept": "application/json"})
    assert (headers["Content-Type"], body) == (other_headers["Content-Type"], other_body)
    assert headers["Vary"] is None


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
def test_endpoint_above_a_card_is_left_to_the_site(ask, path, method):
    assert ask(path, method)[::2] == (200, b"upstream")


@pytest.mark.parametrize("path", [*PATHS, *CARDS])
def test_server_answers_304_by_its_own_etag(ask, fetch, path):
    _, first, _ = ask(path)
    etag = first["ETag"]
    status, headers, body = ask(path, headers={"If-None-Match": etag})
    assert (status, body) == (304, b"")
    expected = fetch(path)
    for name in ("Cache-Control", "Access-Control-Allow-Origin", "X-Content-Type-Options"):
        assert headers[name] == expected.headers[name]
    assert ask(path, headers={"If-None-Match": '"another"'})[0] == 200


@pytest.mark.parametrize("path", OTHERS)
def test_server_leaves_other_paths_to_the_site(ask, fetch, path):
    assert ask(path)[::2] == (200, b"upstream")
    assert fetch(path).status_code == 404


def test_query_makes_no_difference(ask, fetch):
    assert ask(f"{PRM}/mcp?tenant=1")[2] == fetch(f"{PRM}/mcp?tenant=1").content


def test_missing_document_is_a_404(ask, directory):
    (directory / JWKS[1:]).unlink()
    assert ask(JWKS)[0] == 404


def test_new_keys_need_no_reload(ask, fetch, export, directory):
    etag = ask(JWKS)[1]["ETag"]
    kid = make_key("RS256").kid
    assert ": reload" not in export()
    status, _, body = ask(JWKS, headers={"If-None-Match": etag})
    assert status == 200
    assert kid.encode() in body
    assert body == fetch(JWKS).content


def test_odd_path_is_a_file_with_its_decoded_name(ask, directory):
    assert (directory / f"{PRM}/ün/a\"b (c){{d}}+'e"[1:]).is_file()
    assert quote("ü") in ODD
