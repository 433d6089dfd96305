"""URLs near the edges of what the validator accepts, and all values that it accepts."""

from __future__ import annotations

import string
from ipaddress import IPv6Address

from hypothesis import strategies as st

from mcp_oauth_discovery.standards.identifiers import check_issuer, check_resource

# RFC 3986 §2: unreserved characters, and what else may be in a segment.
_UNRESERVED = string.ascii_letters + string.digits + "-._~"
_SEGMENT = _UNRESERVED + "!$&'()*+,;=:@"
_QUERY = _SEGMENT + "/?"

_LABELS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
_ODD_LABELS = st.sampled_from(
    [
        *("xn--bcher-kva", "xn--zca", "xn--", "xn--a", "XN--BCHER-KVA", "a_b", "-a", "a-", "A"),
        *("%6d", "%C3%BC", "%2e", "%2F", "%00", "%", "%zz", "0x7f", "0x", "09", "256", "1", ""),
        *("x" * 63, "x" * 64, "ü", "ß", "a*b", "a!b", "'", "(a)", "a,b", "~", "a\u200bb", "\u3002"),
    ]
)
_ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
    st.integers(0, 2**128 - 1).map(lambda number: f"[{IPv6Address(number).exploded}]"),
    st.sampled_from(
        [
            *("[::1]", "[::ffff:1.2.3.4]", "[::1%25eth0]", "[v1.a]", "[1::2::3]", "[]", "[::"),
            *("127.1", "0x7f.1", "2130706433", "1.2.3.4.5", "256.1.1.1", "09.1.1.1", "1.2.3.4."),
        ]
    ),
)
_NAMES = st.lists(_LABELS, min_size=1, max_size=3).map(".".join)
_ODD_NAMES = st.tuples(
    st.lists(st.one_of(_LABELS, _ODD_LABELS), min_size=1, max_size=4).map(".".join),
    st.sampled_from(["", "", "", "."]),
).map("".join)
_LONG_NAMES = st.integers(1, 5).map(lambda count: ".".join(["y" * 63] * count))
HOSTS = st.one_of(_NAMES, _NAMES, _ODD_NAMES, _ADDRESSES, _LONG_NAMES)

_PORTS = st.one_of(
    st.just(""),
    st.just(""),
    st.integers(0, 66000).map(":{}".format),
    st.sampled_from(
        [":", ":443", ":80", ":0", ":00443", ":65535", ":65536", ":http", ":-1", ":+1"]
    ),
)
_SCHEMES = st.sampled_from(["https"] * 12 + ["http", "HTTPS", "Https", "ftp", "javascript", ""])
_ESCAPES = st.integers(0, 255).flatmap(
    lambda octet: st.sampled_from([f"%{octet:02x}", f"%{octet:02X}"])
)
_WHOLE_ESCAPES = st.characters(codec="utf-8").map(
    lambda letter: "".join(f"%{octet:02X}" for octet in letter.encode())
)
_SEGMENTS = st.one_of(
    st.text(_SEGMENT, max_size=12),
    st.lists(st.one_of(st.text(_SEGMENT, max_size=4), _WHOLE_ESCAPES), max_size=4).map("".join),
    st.lists(st.one_of(st.text(_SEGMENT, max_size=4), _ESCAPES), max_size=3).map("".join),
    st.sampled_from(
        [
            *("", "mcp", "%2F", "%2f", "%252F", ".", "..", "%2e", "%2E.", "...", "[a]", "a%2F"),
            *("%0A", "%00", "%3F", "%23", "%25", "%5C", "%E2%80%A8", "%ED%A0%80", "%C0%AF", "%FF"),
            *(
                ".well-known",
                "%2Ewell-known",
                "oauth-protected-resource",
                "jwks.json",
                "server-card",
            ),
            *("x" * 1500, "ü", "a b", "\\", "{tenant}", "a;b=c", "*"),
        ]
    ),
)
PATHS = st.one_of(
    st.just(""),
    st.lists(_SEGMENTS, max_size=5).map(lambda segments: "".join(f"/{each}" for each in segments)),
)
_QUERIES = st.one_of(
    st.just(""),
    st.just(""),
    st.text(_QUERY, max_size=12).map("?{}".format),
    st.sampled_from(["?a=b&a=c", "?%", "?%ff", "?%0a", "?ü", "?a=%20b", "??", "?" + "q" * 1500]),
)
_FRAGMENTS = st.sampled_from([""] * 12 + ["#", "#top"])
# URLs, and texts that are nearly URLs.
URLS = st.tuples(
    _SCHEMES,
    st.sampled_from(["://"] * 30 + ["//", ":/", ":", ":///"]),
    st.sampled_from([""] * 30 + ["user@", "user:secret@", "@"]),
    HOSTS,
    _PORTS,
    PATHS,
    _QUERIES,
    _FRAGMENTS,
).map("".join)


@st.composite
def _damaged(draw: st.DrawFn) -> str:
    """Return a URL with one more character somewhere."""
    url = draw(URLS)
    place = draw(st.integers(0, len(url)))
    return url[:place] + draw(st.characters()) + url[place:]


TEXTS = st.one_of(URLS, URLS, _damaged(), st.text(max_size=40))


def accepts(check: object, value: object) -> bool:
    """Return whether a check of the package accepts a value."""
    try:
        return check(value) == value
    except ValueError:
        return False


_LIKELY_HOSTS = st.one_of(
    _NAMES,
    HOSTS.filter(lambda host: accepts(check_issuer, f"https://{host}")),
)
_ORIGINS = st.one_of(
    st.tuples(st.sampled_from(["https://"] * 6 + ["HTTPS://"]), _LIKELY_HOSTS, _PORTS).map("".join),
    st.sampled_from(["http://localhost:8000", "http://127.0.0.1", "http://[::1]:80"]),
).filter(lambda origin: accepts(check_issuer, origin))
OWN_PATHS = PATHS.filter(lambda path: accepts(check_resource, f"https://h{path}"))

# Everything that the validator accepts.
ISSUERS = st.tuples(_ORIGINS, OWN_PATHS).map("".join)
RESOURCES = (
    st.tuples(_ORIGINS, OWN_PATHS, _QUERIES)
    .map("".join)
    .filter(lambda resource: accepts(check_resource, resource))
)
