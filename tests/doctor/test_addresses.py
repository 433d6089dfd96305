from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.addresses import (
    host_of,
    is_private_host,
    is_public_address,
)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://A.example.com:8443/", "a.example.com"),
        ("https://0x7f.1/", "127.0.0.1"),
        ("https://[0:0::1]/", "::1"),
        ("https://m%C3%BCnchen.example/", "xn--mnchen-3ya.example"),
        ("mailto:a@b", ""),
        ("https://1.2.3.4.5/", ""),
    ],
)
def test_host_is_without_port(url, host):
    assert host_of(url) == host


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:220:1::1", "64:ff9b::5db8:d70e"])
def test_public_address(address):
    assert is_public_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "::1",
        "fd00::1",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
    ],
)
def test_private_address_in_every_disguise(address):
    assert not is_public_address(address)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "app.localhost",
        "backend",
        "db.internal",
        "printer.local.",
        "nas.lan",
        "nas.HOME.arpa",
        "mcp.default.svc",
        "10.0.0.1",
        "::1",
        "[fd00::1]",
    ],
)
def test_host_that_the_internet_cannot_reach(host):
    assert is_private_host(host)


@pytest.mark.parametrize("host", ["app.example.com", "93.184.215.14", "internal.example.com"])
def test_host_that_the_internet_can_reach(host):
    assert not is_private_host(host)
