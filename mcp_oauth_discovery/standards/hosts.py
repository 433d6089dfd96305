"""Hosts of URLs as browsers read them: names, escapes, address forms (WHATWG URL Standard §3.5)."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import unquote_to_bytes

# Forbidden domain code points.
_FORBIDDEN = re.compile(r"[\x00-\x20#%/:<>?@\[\\\]^|\x7f]")
# UTS #46 removes the first set of characters, and reads the second as dots.
_IGNORED = re.compile("[\u00ad\u200b\u2060\ufeff\ufe00-\ufe0f]")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_UNASSIGNED = ("Cc", "Cn", "Co", "Cs")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
# Browsers read a backslash as a slash.
_AUTHORITY = re.compile(
    r"(?P<scheme>https?)://(?:[^/\\?#@]*@)*"
    r"(?P<host>\[[^/\\?#\]]*\]|[^/\\?#@:\[\]]*)(?::(?P<port>[0-9]*))?(?:[/\\?#]|\Z)",
    re.IGNORECASE,
)
# RFC 1035 §2.3.4.
LONGEST_NAME = 253
DEFAULT_PORTS = {"https": 443, "http": 80}


def read(host: str) -> str:
    """Return a host without port as browsers write it, or raise `ValueError` if they reject it.

    IPv6 addresses have brackets.
    """
    # Escapes may make a name four times as long.
    if len(host) > 4 * LONGEST_NAME:
        raise ValueError(f"a host cannot have {len(host)} characters")
    if host.startswith("["):
        if "%" in host or not host.endswith("]"):
            raise ValueError(f"{host!r} is not an IPv6 address")
        return f"[{ipaddress.IPv6Address(host[1:-1])}]"
    decoded = unquote_to_bytes(host.encode("utf-8", "surrogatepass")).decode("utf-8")
    name = ".".join(_label(label) for label in _DOTS.split(decoded))
    if not name.strip(".") or _FORBIDDEN.search(name):
        raise ValueError(f"{host!r} is not a host")
    last = name.removesuffix(".").rpartition(".")[2]
    return _ipv4(name) if last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last) else name


def read_bare(host: str) -> str:
    """Return the result of `read`, without a final dot and without the brackets of IPv6."""
    name = read(f"[{host.strip('[]')}]" if ":" in host else host)
    return name.rstrip(".").strip("[]")


def origin(url: str) -> str:
    """Return scheme, host and port as browsers compare them, or "" if it has no http host."""
    match = _AUTHORITY.match(url)
    if match is None:
        return ""
    scheme = match["scheme"].lower()
    try:
        host, port = read(match["host"]), int(match["port"] or DEFAULT_PORTS[scheme])
    except ValueError:
        return ""
    if port > 65535:
        return ""
    return f"{scheme}://{host}" + (f":{port}" if port != DEFAULT_PORTS[scheme] else "")


def _label(label: str) -> str:
    """Return a label in ASCII (UTS #46, with the Unicode tables of Python)."""
    if label.isascii():
        lower = label.lower()
        if lower.startswith("xn--"):
            decoded = lower[4:].encode().decode("punycode")  # raises ValueError
            if decoded.isascii() or _mapped(decoded) != decoded:
                raise ValueError(f"{label!r} is not the ASCII form of a name")
        return lower
    mapped = _mapped(label)
    return mapped if mapped.isascii() else f"xn--{mapped.encode('punycode').decode()}"


def _mapped(label: str) -> str:
    mapped = _IGNORED.sub("", label)
    for _ in range(2):
        # Letter by letter: `str.lower` treats a sigma at the end of a word differently.
        mapped = unicodedata.normalize("NFKC", "".join(letter.lower() for letter in mapped))
    kinds = [unicodedata.category(letter) for letter in mapped]
    if kinds and kinds[0].startswith("M"):
        raise ValueError(f"{label!r} begins with a mark")
    if any(kind in _UNASSIGNED for kind in kinds):
        raise ValueError(f"{label!r} has a character that is not allowed in a name")
    return mapped


def _ipv4(name: str) -> str:
    parts = name.removesuffix(".").split(".")
    *first, last = [_number(part) for part in parts]
    if len(first) > 3 or any(number > 255 for number in first) or last >= 256 ** (4 - len(first)):
        raise ValueError(f"{name!r} is not an IPv4 address")
    octets = sum(number * 256 ** (3 - place) for place, number in enumerate(first))
    return str(ipaddress.IPv4Address(octets + last))


def _number(part: str) -> int:
    if len(part) > 30 or not _NUMBER.fullmatch(part):
        raise ValueError(f"{part!r} is not a number")
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") else 10)
