from __future__ import annotations

import pytest

from mcp_oauth_discovery.standards.identifiers import (
    _kept,
    check_issuer,
    check_resource,
    check_secure_url,
    check_url,
    is_loopback,
    locate,
    origin,
    split,
    without_default_port,
    without_final_slash,
)
from mcp_oauth_discovery.standards.well_known import insert_well_known

URLS = [
    "https://app.example.com",
    "https://app.example.com/",
    "https://app.example.com:8443/a/b/",
    "https://app.example.com/mcp?tenant=7",
    "https://app.example.com?tenant=7",
    "HTTPS://App.Example.COM:443/%7Ejoe",
    "https://[2001:db8::1]:8443/mcp",
    "https://xn--bcher-kva.example/mcp",
    "http://localhost:8000/mcp",
]


def test_slices_of_a_url_are_the_url_again():
    for url in [*URLS, "https://h#", "https://h?", "https://h/p?q#f"]:
        assert "".join(split(url)) == url


def test_query_and_fragment_keep_their_mark():
    assert split("https://h/p?q=1#f") == ("https://h", "/p", "?q=1", "#f")


@pytest.mark.parametrize("url", ["", "app.example.com", "/mcp", "//h/mcp", "https:", "https:///p"])
def test_url_without_scheme_and_host_cannot_be_sliced(url):
    with pytest.raises(ValueError, match="absolute URL, with scheme and host"):
        split(url)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "127.0.0.1",
        "127.8.9.1",
        "::1",
        "[::1]",
        "127.1",
        "0x7f.1",
        "2130706433",
        "%6cocalhost",
    ],
)
def test_host_is_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "app.example.com",
        "localhost.example.com",
        "notlocalhost",
        "10.0.0.1",
        "127.0.0.1.nip.io",
        "0.0.0.0",
        "[2001:db8::1]",
        "[:::]",
    ],
)
def test_host_is_not_loopback(host):
    assert not is_loopback(host)


def test_web_address_is_returned_as_written():
    for url in [*URLS, "http://app.example.com/docs#part", "https://h/a[b]@c"]:
        assert check_url(url) == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        pytest.param(None, "expected a string, not NoneType", id="none"),
        pytest.param(b"https://h", "expected a string, not bytes", id="bytes"),
        pytest.param("", "not an empty string", id="empty"),
        pytest.param("app.example.com", "with scheme and host", id="no-scheme"),
        pytest.param("/docs", "with scheme and host", id="path"),
        pytest.param("//app.example.com", "with scheme and host", id="scheme-relative"),
        pytest.param("https://", "with scheme and host", id="no-host"),
        pytest.param("https://:443/", "expected a host", id="port-only"),
        pytest.param("ftp://app.example.com", "https scheme, not 'ftp'", id="ftp"),
        pytest.param("javascript://h/%0aalert(1)", "not 'javascript'", id="javascript"),
        pytest.param(" https://h", "cannot contain ' '", id="blank"),
        pytest.param("https://h\n", r"cannot contain '\\n'", id="line-feed"),
        pytest.param("https://h\\mcp", r"cannot contain '\\\\'", id="backslash"),
        pytest.param("https://bücher.example", "cannot contain 'ü'", id="not-ascii"),
        pytest.param(
            "https://bücher.example:8443/a", "write its host as xn--bcher-kva.example$", id="idn"
        ),
        pytest.param("https://h/ü", "cannot contain 'ü'; percent-encode it", id="path"),
        pytest.param("https://1.2.3.4.5/ü", "percent-encode it", id="no-host-and-path"),
        pytest.param(
            "https://h/{tenantid}/v2.0", "write your own value in place of {tenantid}", id="braces"
        ),
        pytest.param(
            "https://<your-tenant>.h/",
            "write your own value in place of <your-tenant>",
            id="angles",
        ),
        pytest.param("https://h/%zz", "cannot contain '%'", id="broken-escape"),
        pytest.param("https://user:pw@h", "user name or password", id="userinfo"),
        pytest.param("https://@h", "user name or password", id="empty-userinfo"),
        pytest.param("https://h:http", "[Pp]ort", id="port-name"),
        pytest.param("https://h:65536", "[Pp]ort", id="port-range"),
        pytest.param("https://[::1", "IPv6", id="bracket"),
        pytest.param("https://256.1.1.1/", "cannot read the host '256.1.1.1'", id="address"),
        pytest.param("https://1.2.3.4.5/", "cannot read the host", id="five-numbers"),
        pytest.param("https://xn--a/", "cannot read the host 'xn--a'", id="punycode"),
        pytest.param("https://a%2Fb/", "cannot read the host 'a%2Fb'", id="escape-in-host"),
        pytest.param(f"https://{'h' * 261}", "at most 260", id="long-host"),
        pytest.param(f"https://h:{'0' * 260}443", "at most 260", id="long-port"),
    ],
)
def test_not_a_web_address(url, problem):
    with pytest.raises(ValueError, match=problem):
        check_url(url)


def test_secure_url_is_returned_as_written():
    for url in URLS:
        assert check_secure_url(url) == url


@pytest.mark.parametrize(
    "url", ["https://h/mcp#", "https://h/mcp#f", "https://h#f"], ids=["empty", "path", "origin"]
)
def test_secure_url_has_no_fragment(url):
    with pytest.raises(ValueError, match="fragment"):
        check_secure_url(url)


@pytest.mark.parametrize("host", ["app.example.com", "10.0.0.1", "localhost.example.com"])
def test_plain_http_is_for_loopback_hosts_only(host):
    with pytest.raises(ValueError, match="loopback hosts only; expected https"):
        check_secure_url(f"http://{host}/")


@pytest.mark.parametrize("host", ["localhost:8000", "127.8.9.1", "[::1]:8000", "x.localhost"])
def test_plain_http_is_allowed_on_loopback(host):
    assert check_secure_url(f"http://{host}/mcp") == f"http://{host}/mcp"


IDENTIFIERS = [url for url in URLS if "?" not in url]


def test_issuer_is_returned_as_written():
    for issuer in [*IDENTIFIERS, "https://h/a..b/.c", "https://h/x.well-known/"]:
        assert check_issuer(issuer) == issuer


@pytest.mark.parametrize("query", ["?", "?tenant=7"])
def test_issuer_has_no_query(query):
    with pytest.raises(ValueError, match="query"):
        check_issuer(f"https://h/t1{query}")


def test_resource_may_have_a_query():
    for resource in URLS:
        assert check_resource(resource) == resource


@pytest.mark.parametrize("check", [check_issuer, check_resource])
@pytest.mark.parametrize("path", ["/.", "/..", "/a/../b", "/%2e%2e/b", "/a/%2E"])
def test_identifier_has_no_dot_segments(check, path):
    with pytest.raises(ValueError, match="segments"):
        check(f"https://h{path}")


@pytest.mark.parametrize("url", ["https://h:", "https://h:/mcp", "https://[::1]:"])
def test_colon_without_a_port_is_refused(url):
    with pytest.raises(ValueError, match="leave the colon out"):
        check_url(url)


@pytest.mark.parametrize("check", [check_issuer, check_resource])
@pytest.mark.parametrize("path", ["/%FF", "/a%C0%AFb", "/%ED%A0%80"])
def test_octets_in_a_path_are_utf_8(check, path):
    with pytest.raises(ValueError, match="expected UTF-8"):
        check(f"https://h{path}")


@pytest.mark.parametrize("check", [check_issuer, check_resource])
@pytest.mark.parametrize("path", ["/%2F", "/a%2f"])
def test_path_does_not_end_in_an_encoded_slash(check, path):
    with pytest.raises(ValueError, match="servers decode %2F at the end"):
        check(f"https://h{path}")


@pytest.mark.parametrize("check", [check_issuer, check_resource])
def test_identifier_is_not_the_url_of_its_document(check):
    with pytest.raises(ValueError, match="not the URL of its metadata document"):
        check("https://h/.well-known/oauth-protected-resource/mcp")


@pytest.mark.parametrize("check", [check_issuer, check_resource])
def test_identifier_has_no_fragment(check):
    with pytest.raises(ValueError, match="fragment"):
        check("https://h/mcp#")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("https://h/", "https://h"), ("https://h", "https://h"), ("/a//", "/a/"), ("/", ""), ("", "")],
)
def test_one_final_slash_is_taken_off(value, expected):
    assert without_final_slash(value) == expected


@pytest.mark.parametrize(
    ("scheme", "host", "expected"),
    [
        ("https", "App.Example.com:443", "app.example.com"),
        ("http", "h:80", "h"),
        ("https", "h:80", "h:80"),
        ("http", "h:443", "h:443"),
        ("https", "h:8443", "h:8443"),
        ("http", "[::80]", "[::80]"),
    ],
)
def test_default_port_is_taken_off(scheme, host, expected):
    assert without_default_port(scheme, host) == expected


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("https://h", ("h", "", "")),
        ("https://h/", ("h", "", "")),
        ("https://h/mcp", ("h", "/mcp", "")),
        ("https://h/mcp/", ("h", "/mcp", "")),
        ("https://h/mcp//", ("h", "/mcp/", "")),
        ("https://h/%7Ejoe%20x", ("h", "/~joe x", "")),
        ("https://h?tenant=7", ("h", "", "tenant=7")),
        ("https://h/?tenant=7", ("h", "", "tenant=7")),
        ("https://h/mcp?t=%7E", ("h", "/mcp", "t=%7E")),
        ("HTTPS://H:443/mcp", ("h", "/mcp", "")),
        ("http://localhost:80/mcp", ("localhost", "/mcp", "")),
        ("https://h:8443/a", ("h:8443", "/a", "")),
    ],
)
def test_place_of_an_identifier(identifier, expected):
    assert locate(identifier) == expected


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("https://h", "https://h/.well-known/x"),
        ("https://h/", "https://h/.well-known/x"),
        ("https://h/mcp", "https://h/.well-known/x/mcp"),
        ("https://h:8443/a/b", "https://h:8443/.well-known/x/a/b"),
        ("https://h/mcp/", "https://h/.well-known/x/mcp/"),
        ("https://h//", "https://h/.well-known/x//"),
        ("https://h/mcp?tenant=7", "https://h/.well-known/x/mcp?tenant=7"),
        ("https://h?tenant=7", "https://h/.well-known/x?tenant=7"),
        ("https://h/?tenant=7", "https://h/.well-known/x?tenant=7"),
        ("HTTPS://H:443/%7Ejoe", "HTTPS://H:443/.well-known/x/%7Ejoe"),
    ],
)
def test_name_is_inserted_between_host_and_path(identifier, expected):
    assert insert_well_known(identifier, "/.well-known/x") == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://A.Example.com:443/mcp?x=1", "https://a.example.com"),
        ("http://a.example.com:80", "http://a.example.com"),
        ("https://a.example.com:8443/", "https://a.example.com:8443"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("/mcp", ""),
        ("ftp://a.example.com/", ""),
        ("https://user:secret@a.example.com/", ""),
    ],
)
def test_origin_is_that_of_browsers(url, expected):
    assert origin(url) == expected


# What is kept between requests


class Text(str):
    """A string of another type, which is equal to a plain one."""


@pytest.fixture
def reads():
    """Return the values that `read` below was called with."""
    return []


@pytest.fixture
def read(reads):
    @_kept
    def read(value):
        reads.append(value)
        if value == "bad":
            raise ValueError(value)
        return [value]

    return read


def test_string_is_read_once(read, reads):
    assert read("a") is read("a")
    assert reads == ["a"]


@pytest.mark.parametrize("value", [Text("a"), ["a"], 7, None, "x" * 2001], ids=lambda v: str(v)[:9])
def test_other_types_and_long_strings_are_read_each_time(read, reads, value):
    read("a")
    read(value)
    assert read(value)[0] is value
    assert reads == ["a", value, value]


def test_error_is_raised_each_time(read, reads):
    for _ in range(2):
        with pytest.raises(ValueError, match="bad"):
            read("bad")
    assert reads == ["bad", "bad"]


def test_many_hosts_take_the_place_of_the_oldest(read, reads):
    for number in range(513):
        read(f"https://h{number}.example.com")
    reads.clear()
    read("https://h512.example.com")
    read("https://h0.example.com")
    assert reads == ["https://h0.example.com"]


@pytest.mark.parametrize("check", [check_issuer, check_resource, check_url])
def test_value_that_is_no_string_is_refused_after_an_equal_one(check):
    class Equal:
        def __eq__(self, other):
            return True

        def __hash__(self):
            return hash("https://app.example.com")

    assert check("https://app.example.com")
    with pytest.raises(ValueError, match="expected a string, not Equal"):
        check(Equal())
    with pytest.raises(ValueError, match="expected a string, not list"):
        check([])
