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
        # NAT64 for one site, IPv4-compatible, IPv4-translated, site-local.
        "64:ff9b:1::1",
        "64:ff9b:1:ffff::5db8:d70e",
        "::10.0.0.1",
        "::93.184.215.14",
        "::ffff:0:10.0.0.1",
        "::ffff:0:93.184.215.14",
        "fec0::1",
        # The other ways to an IPv4 address: 6to4, Teredo, NAT64, ISATAP.
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
        "2001:0:a00:1::",
        "2001:0:5db8:d70e::f5ff:fffe",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2606:2800:220:1:0:5efe:a00:1",
        "2606:2800:220:1:200:5efe:c0a8:101",
        "::ffff:169.254.169.254",
        "::ffff:100.64.0.1",
        # Registered for a purpose.
        "0.0.0.0",
        "192.0.0.8",
        "192.0.0.9",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "203.0.113.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "100::1",
        "2001:2::1",
        "2001:20::1",
        "2001:db8::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "ff02::1",
        "ff0e::1",
        "2606:2800:220:1::1%eth0",
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
        "[::ffff:0:a00:1]",
        # As browsers and the system read them.
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0X7F.0.0.1",
        "0177.0.0.1",
        "127.1",
        "10.1",
        "192.168.257",
        "0xa9.254.0xa9fe",
        "0300.0250.1.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "%6cocalhost",
        "127。0。0。1",
        # Names that end in a number and are no address are none for browsers.
        "1.2.3.4.5",
        "256.1.1.1",
        "93.184.215.70000",
        "08.1.1.1",
        "app.example.1",
        "app.0x",
    ],
)
def test_host_that_the_internet_cannot_reach(host):
    assert is_private_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "app.example.com",
        "93.184.215.14",
        "93.12113678",
        "0x5d.0xb8.0xd7.0xe",
        "1572394766",
        "internal.example.com",
        "0xa.example.com",
        "1.example",
    ],
)
def test_host_that_the_internet_can_reach(host):
    assert not is_private_host(host)
