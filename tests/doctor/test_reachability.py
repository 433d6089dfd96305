from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.transport.reachability import (
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


@pytest.mark.parametrize(
    "address",
    [
        "93.184.215.14",
        "2606:2800:220:1::1",
        "2a00:1450:4001::200e",
        "64:ff9b::5db8:d70e",
        "::ffff:93.184.215.14",
        "2002:5db8:d70e::1",
        "2606:2800:220:1:0:5efe:5db8:d70e",
    ],
)
def test_public_address(address):
    assert is_public_address(address)


@pytest.mark.parametrize(
    "address",
    [
        # Python knows these.
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "240.0.0.1",
        # These it calls global, in some releases.
        "192.0.0.9",
        "192.88.99.1",
        "224.0.0.1",
        "2001:20::1",
        "2001:db8::1",
        "3fff::1",
        "2620:4f:8000::1",
        # Beyond what is assigned to the Internet: of the machine, the site, a purpose, a group.
        "::1",
        "::10.0.0.1",
        "::ffff:0:93.184.215.14",
        "64:ff9b:1::1",
        "100::1",
        "5f00::1",
        "fd00::1",
        "fec0::1",
        "ff0e::1",
        # With a zone.
        "fe80::1%eth0",
        "2606:2800:220:1::1%eth0",
        # The ways to an IPv4 address: mapped, NAT64, 6to4, Teredo, ISATAP.
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "2001:0:5db8:d70e::f5ff:fffe",
        "2606:2800:220:1:0:5efe:a00:1",
        "2606:2800:220:1:200:5efe:c0a8:101",
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
        "[fd00::1]",
        # As browsers and the system read them; `tests/test_hosts.py` has more of these.
        "0x7f.1",
        "%6cocalhost",
        # A name that ends in a number and is no address is none for browsers.
        "1.2.3.4.5",
    ],
)
def test_host_that_the_internet_cannot_reach(host):
    assert is_private_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "app.example.com",
        "93.184.215.14",
        "1572394766",
        "internal.example.com",
    ],
)
def test_host_that_the_internet_can_reach(host):
    assert not is_private_host(host)
