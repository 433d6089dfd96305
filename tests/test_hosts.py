"""Hosts as browsers read them; the expected values are those of Node.js."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.standards.hosts import origin, read


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("App.Example.COM", "app.example.com"),
        ("example.com.", "example.com."),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("m%C3%BCnchen.example", "xn--mnchen-3ya.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("ΟΔΟΣ.example", "xn--pxavbq.example"),
        ("😀.example", "xn--e28h.example"),
        ("ex\u00adample.com", "example.com"),
        ("\uff45xample\u3002com", "example.com"),
        ("%65xample.com", "example.com"),
        ("a_b.example", "a_b.example"),
        ("0x.example", "0x.example"),
        ("127.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0X7F.0x0.0.01", "127.0.0.1"),
        ("0x", "0.0.0.0"),
        ("2130706433", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("\uff11\uff12\uff17.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("[0:0:0:0:0:0:0:1]", "[::1]"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
    ],
)
def test_host_is_written_as_browsers_write_it(host, expected):
    assert read(host) == expected


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "a b",
        "exa%20mple",
        "a%2fb",
        "%ff.example",
        "℀.example",
        "\ud800.example",
        "\ue000.example",
        "\u0301a.example",
        "xn--",
        "xn--a",
        "xn--99999999999",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.256",
        "0x100000000",
        "1.2.3.08",
        "1..2",
        "example.256",
        "example.0x1",
        "0xg.1",
        "9" * 40,
        "a" * 1013,
        "[::1",
        "[::1%25eth0]",
        "[:::]",
    ],
)
def test_host_that_browsers_refuse(host):
    with pytest.raises(ValueError, match=r"."):
        read(host)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://App.example.com/mcp", "https://app.example.com"),
        ("HTTPS://h:443", "https://h"),
        ("https://h:0443/", "https://h"),
        ("https://h:?q", "https://h"),
        ("http://h:443#f", "http://h:443"),
        ("https://a:b@c@h:8443/", "https://h:8443"),
        ("https://h\\@evil.example/", "https://h"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
        ("https://münchen.example:444?x", "https://xn--mnchen-3ya.example:444"),
    ],
)
def test_origin_is_that_of_browsers(url, expected):
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "h",
        "ftp://h",
        "https://",
        "https://:443",
        "https://h:65536",
        f"https://h:{'9' * 5000}",
        "https://h:x",
        "https://[::1",
        "https://1.2.3.4.5/",
    ],
)
def test_url_without_an_origin(url):
    assert origin(url) == ""
