"""The proxies of docs/howto/proxy.md, word for word, in front of the example."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests import ORIGIN
from tests.clients.environments import unavailable
from tests.proxies import (
    CADDY,
    CADDY_IS_MISSING,
    HOST,
    NGINX,
    NGINX_IS_MISSING,
    OPENSSL,
    SETTINGS,
    Answer,
    Proxied,
    caddy,
    gunicorn,
    nginx,
)

pytestmark = pytest.mark.clients

PINNED = f'MCP_ISSUER = "{ORIGIN}"\n'
# The example derives its default resource from the request unless its environment pins it.
PINNED_RESOURCE = f'MCP_RESOURCE = "{ORIGIN}/mcp"\n'
DOCUMENTS = [
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-protected-resource/mcp/",
    "/.well-known/oauth-authorization-server",
    "/.well-known/jwks.json",
]
FORGED = {
    "x-forwarded-host": {"X-Forwarded-Host": "evil.example"},
    "x-forwarded-proto": {"X-Forwarded-Proto": "http"},
    "x-forwarded-port": {"X-Forwarded-Port": "666"},
    "x-forwarded-protocol": {"X-Forwarded-Protocol": "http"},
    "x-forwarded-ssl": {"X-Forwarded-Ssl": "off"},
    "forwarded": {"Forwarded": "for=192.0.2.1;host=evil.example;proto=http"},
    "underscores": {"X_Forwarded_Proto": "http", "X_Forwarded_Host": "evil.example"},
    "script-name": {"SCRIPT_NAME": "/.well-known"},
    "port": {"Host": f"{HOST}:666"},
}
FORGED["all"] = {name: value for headers in FORGED.values() for name, value in headers.items()}
ISSUER, OTHERS = DOCUMENTS[3], [*DOCUMENTS[:3], DOCUMENTS[4]]
EACH_FORGED = pytest.mark.parametrize(
    ("path", "forged"), [*[(ISSUER, name) for name in FORGED], *[(path, "all") for path in OTHERS]]
)

# How the site is told who it is: by the environment of the example, or by the documented block.
NGINX_SITES = {
    "derived": {"HTTPS": "1", "ALLOWED_HOSTS": HOST},
    "pinned": {"HTTPS": "1", "ALLOWED_HOSTS": HOST, "MCP_ISSUER": ORIGIN},
    "documented": SETTINGS,
}
BALANCED_SITES = {
    "pinned": SETTINGS + PINNED_RESOURCE,
    "derived": SETTINGS.replace(PINNED, ""),
    "unaware": f'ALLOWED_HOSTS = ["{HOST}"]\n',
}


@pytest.fixture(scope="module", params=NGINX_SITES)
def nginx_site(request, tmp_path_factory) -> Iterator[Proxied]:
    if NGINX is None or OPENSSL is None:
        unavailable(NGINX_IS_MISSING)
    directory = tmp_path_factory.mktemp("nginx")
    with ExitStack() as stack:
        port, log = stack.enter_context(gunicorn(directory, NGINX_SITES[request.param]))
        yield stack.enter_context(nginx(directory, port, log))


@pytest.fixture(scope="module", params=["derived", "documented"])
def caddy_site(request, tmp_path_factory) -> Iterator[Proxied]:
    if CADDY is None or OPENSSL is None:
        unavailable(CADDY_IS_MISSING)
    directory = tmp_path_factory.mktemp("caddy")
    with ExitStack() as stack:
        port, log = stack.enter_context(gunicorn(directory, NGINX_SITES[request.param]))
        yield stack.enter_context(caddy(directory, port, log))


@pytest.fixture(scope="module")
def balanced(request, tmp_path_factory) -> Iterator[Proxied]:
    """Serve the site as a proxy on another machine reaches it, with the test as that proxy."""
    # gunicorn believes no header of an address that it does not know; Django alone decides.
    options = ["--forwarded-allow-ips", "192.0.2.1"]
    directory = tmp_path_factory.mktemp("balanced")
    with gunicorn(directory, BALANCED_SITES[request.param], *options) as (port, log):
        yield Proxied(port, [log])


def balanced_sites(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("balanced", names, indirect=True)


@pytest.fixture(autouse=True)
def logs(request) -> Iterator[None]:
    """Print the logs after a test: pytest shows them where it failed."""
    yield
    for name in {"nginx_site", "caddy_site", "balanced"} & set(request.fixturenames):
        print(request.getfixturevalue(name).log())  # noqa: T201


@pytest.mark.parametrize("path", DOCUMENTS)
def test_nginx_gives_https_identifiers(nginx_site, path):
    answer = nginx_site.fetch(path)
    assert answer.status == 200
    assert all(url.startswith(f"{ORIGIN}/") or url == ORIGIN for url in answer.urls)


def test_nginx_publishes_the_issuer(nginx_site):
    resource = nginx_site.fetch("/.well-known/oauth-protected-resource/mcp").document
    server = nginx_site.fetch("/.well-known/oauth-authorization-server").document
    assert resource["authorization_servers"] == [server["issuer"]] == [ORIGIN]


@EACH_FORGED
def test_nginx_lets_no_forged_header_through(nginx_site, path, forged):
    assert nginx_site.fetch(path, FORGED[forged]) == nginx_site.fetch(path)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_nginx_refuses_a_forged_host(nginx_site, path):
    answer = nginx_site.fetch(path, {"Host": "evil.example"})
    assert answer.status == 421
    assert b"evil" not in answer.body


def test_nginx_refuses_tls_for_another_name(nginx_site):
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        nginx_site.connect("evil.example")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_caddy_gives_https_identifiers(caddy_site, path):
    answer = caddy_site.fetch(path)
    assert answer.status == 200
    assert all(url.startswith(f"{ORIGIN}/") or url == ORIGIN for url in answer.urls)


@pytest.mark.parametrize("forged", FORGED)
def test_caddy_lets_no_forged_header_through(caddy_site, forged):
    assert caddy_site.fetch(ISSUER, FORGED[forged]) == caddy_site.fetch(ISSUER)


def test_caddy_answers_a_forged_host_with_an_empty_200(caddy_site):
    answer = caddy_site.fetch(ISSUER, {"Host": "evil.example"})
    assert (answer.status, answer.body) == (200, b"")


@balanced_sites("pinned", "derived")
@pytest.mark.parametrize("path", DOCUMENTS)
def test_documented_settings_give_https_identifiers(balanced, path):
    answer = balanced.fetch(path, {"X-Forwarded-Proto": "https"})
    assert answer.status == 200
    assert all(url.startswith(f"{ORIGIN}/") or url == ORIGIN for url in answer.urls)


@balanced_sites("unaware")
def test_without_these_settings_the_issuer_is_http(balanced):
    forwarded = {"X-Forwarded-Proto": "https"}
    answer = balanced.fetch("/.well-known/oauth-authorization-server", forwarded)
    assert answer.document["issuer"] == f"http://{HOST}"
    assert answer.caching == "no-store"


@balanced_sites("unaware")
def test_an_http_issuer_is_a_warning(balanced):
    balanced.fetch("/.well-known/oauth-authorization-server", {"X-Forwarded-Proto": "https"})
    assert "Published an http issuer" in balanced.log()
    assert "SECURE_PROXY_SSL_HEADER" in balanced.log()


@balanced_sites("derived")
def test_of_two_values_the_first_counts(balanced):
    forwarded = {"X-Forwarded-Proto": "http, https"}
    answer = balanced.fetch("/.well-known/oauth-authorization-server", forwarded)
    assert answer.document["issuer"] == f"http://{HOST}"


@balanced_sites("derived")
@pytest.mark.parametrize("path", DOCUMENTS[:-1])
def test_what_is_derived_is_never_stored(balanced, path):
    assert balanced.fetch(path, {"X-Forwarded-Proto": "https"}).caching == "no-store"


# What a proxy lets through when it strips nothing at all.
@balanced_sites("pinned")
@EACH_FORGED
def test_pinned_site_believes_no_forged_header(balanced, path, forged):
    answer = balanced.fetch(path, FORGED[forged])
    assert answer == balanced.fetch(path, {"X-Forwarded-Proto": "https"})
    assert answer.caching == "public, max-age=300"


@balanced_sites("pinned", "derived")
@pytest.mark.parametrize("path", DOCUMENTS)
def test_documented_settings_refuse_a_forged_host(balanced, path):
    answer = balanced.fetch(path, {"Host": "evil.example", "X-Forwarded-Proto": "https"})
    assert answer == Answer(400, "no-store", b'{"error": "invalid_request"}')


@balanced_sites("derived")
def test_allowed_hosts_lets_any_port_through(balanced):
    headers = {"Host": f"{HOST}:666", "X-Forwarded-Proto": "https"}
    answer = balanced.fetch("/.well-known/oauth-authorization-server", headers)
    assert answer.document["issuer"] == f"{ORIGIN}:666"


# The name by which a proxy may call the site behind it.
@balanced_sites("derived")
def test_site_without_pin_needs_the_host_of_the_client(balanced):
    answer = balanced.fetch(DOCUMENTS[0], {"Host": "internal.example", "X-Forwarded-Host": HOST})
    assert answer.status == 400
