"""Each provider once over TLS on loopback, by its own host names, as the command asks."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from mcp_oauth_discovery.doctor.transport.messages import Trouble
from tests.doctor.provider_forms_more import BY_NAME, PROVIDERS
from tests.doctor.providers import Provider, SiteOf, over_https
from tests.doctor.world import ENDPOINT, ORIGIN


@pytest.fixture
def check(run, tmp_path, monkeypatch):
    """Return a function that runs the command on a site, whose hosts are all on loopback."""

    def check(site: SiteOf, *options: str) -> tuple[dict[str, Any], str]:
        hosts = {ORIGIN, *site.provider.hosts}
        with over_https(site, hosts, tmp_path) as (port, pem):
            monkeypatch.setenv("SSL_CERT_FILE", str(pem))
            monkeypatch.setattr(socket, "getaddrinfo", addresses(hosts, port))
            output, message = run("check", ENDPOINT, "--json", *options)
        [report] = json.loads(output)["reports"]
        return report, message

    return check


def addresses(hosts: set[str], port: int):
    names = {host.partition("://")[2] for host in hosts}

    def look_up(host: str, *args: Any, **options: Any) -> list[Any]:
        if host not in names:
            raise socket.gaierror(f"there is no {host}")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    return look_up


def codes(report: dict[str, Any]) -> set[str]:
    return {one["code"] for one in report["findings"] if one["severity"] != "pass"}


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_provider_over_https_is_judged_as_in_the_world(provider: Provider, check):
    report, message = check(SiteOf(provider))
    assert codes(report) == set(provider.codes)
    assert bool(message) is ("as-pkce-missing" in provider.codes)


@pytest.mark.parametrize("name", ["auth0", "keycloak", "supabase", "clerk"])
def test_mistake_with_the_slash_is_found_over_https(name, check):
    site = SiteOf(BY_NAME[name])
    issuer = site.provider.issuer
    site.prm["authorization_servers"] = [issuer.rstrip("/") if issuer[-1] == "/" else f"{issuer}/"]
    report, message = check(site)
    assert (codes(report), bool(message)) == ({"as-issuer-slash"}, True)


def test_provider_that_hangs_up_is_named(check):
    site = SiteOf(BY_NAME["keycloak"])
    for url in site.provider.documents:
        site.fail(url, Trouble.BROKEN)
    report, message = check(site)
    assert (codes(report), bool(message)) == ({"reach-broken"}, True)


def test_host_of_a_provider_that_does_not_exist_is_named_with_the_setting(check):
    site = SiteOf(BY_NAME["auth0"])
    site.prm["authorization_servers"] = ["https://tenent.auth0.com/"]
    report, _ = check(site)
    assert codes(report) == {"as-unusable", "reach-name"}
    assert all(
        "MCP_AUTHORIZATION_SERVERS" in one["fix"]
        for one in report["findings"]
        if one["severity"] != "pass"
    )
