"""The URL that the doctor gets, as people type and paste it."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.arguments import checked_endpoint


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("app.example.com/mcp", "https://app.example.com/mcp"),
        ("app.example.com", "https://app.example.com"),
        ("app.example.com:8443/mcp", "https://app.example.com:8443/mcp"),
        ("app.example.com?tenant=a", "https://app.example.com?tenant=a"),
        ("//app.example.com/mcp", "https://app.example.com/mcp"),
        ("web:8000/mcp", "https://web:8000/mcp"),
        ("192.0.2.1/mcp", "https://192.0.2.1/mcp"),
        ("[2001:db8::1]:8443/mcp", "https://[2001:db8::1]:8443/mcp"),
    ],
)
def test_url_without_a_scheme_is_https(text, url):
    assert checked_endpoint(text) == url


@pytest.mark.parametrize(
    "text",
    ["localhost/mcp", "localhost:8000/mcp", "LOCALHOST", "127.0.0.1:8000/mcp", "[::1]:8000/mcp"],
)
def test_url_without_a_scheme_is_http_on_this_machine(text):
    assert checked_endpoint(text) == f"http://{text}"


@pytest.mark.parametrize(
    "text",
    [
        " https://app.example.com/mcp\n",
        '"https://app.example.com/mcp"',
        "'https://app.example.com/mcp'",
        "<https://app.example.com/mcp>",
        "`app.example.com/mcp`",
        "\u201chttps://app.example.com/mcp\u201d",
        "\ufeffhttps://app.example.com/mcp\u00a0",
        "HTTPS://app.example.com/mcp",
    ],
)
def test_pasted_url_is_read(text):
    assert checked_endpoint(text) == "https://app.example.com/mcp"


def test_scheme_that_was_typed_is_kept():
    assert checked_endpoint("HTTP://app.example.com/mcp") == "http://app.example.com/mcp"


@pytest.mark.parametrize(
    "text",
    ["", "mcp", "mcp/server", "/mcp", "https:/app.example.com/mcp", "mailto:a@example.com", "[::1"],
)
def test_text_that_is_not_a_url_is_refused(text):
    with pytest.raises(ValueError, match="expected an absolute URL, "):
        checked_endpoint(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ftp://app.example.com/mcp", "expected the https scheme, not 'ftp'"),
        ("app.example.com/my mcp", "percent-encode it"),
        ("localhost:99999/mcp", "Port out of range"),
    ],
)
def test_reason_of_a_refusal_is_named(text, words):
    with pytest.raises(ValueError, match=words):
        checked_endpoint(text)
