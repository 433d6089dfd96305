"""Hosts and addresses: what is private, public or loopback."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from mcp_oauth_discovery.standards import hosts
from mcp_oauth_discovery.standards.identifiers import is_loopback

# Names that never leave a network (RFC 6762, RFC 8375, and ICANN's .internal).
_PRIVATE_SUFFIXES = (".local", ".internal", ".lan", ".home.arpa", ".svc")
# IANA's registries of special-purpose addresses exclude these from the Internet, but some releases
# of Python call them global.
_SPECIAL_IPV4 = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24")))
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL_IPV6 = tuple(
    map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20", "2620:4f:8000::/48"))
)
# NAT64 (RFC 6052 §2.1): the last four octets are an IPv4 address.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# ISATAP (RFC 5214 §6.1): an interface identifier begins like this, and ends in an IPv4 address.
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


def host_of(url: str) -> str:
    """Return the host of a URL as browsers read it, without port and brackets.

    It is "" if the URL is not an http URL.
    """
    return urlsplit(hosts.origin(url)).hostname or ""


def is_exposed(url: str) -> bool:
    """Return whether a URL is plain http to a host that is not loopback."""
    return url.lower().startswith("http:") and not is_loopback(host_of(url))


def is_public_address(text: str) -> bool:
    """Return whether an IP address is certainly part of the public Internet."""
    if "%" in text:
        # RFC 4007 §11: an address with a zone belongs to a link of this machine.
        return False
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        is_special = address.is_multicast or any(address in network for network in _SPECIAL_IPV4)
        return address.is_global and not is_special
    if address in _NAT64 or address.packed[8:12] in _ISATAP:
        inner: ipaddress.IPv4Address | None = ipaddress.IPv4Address(address.packed[-4:])
    else:
        inner = address.ipv4_mapped or address.sixtofour
    if inner is not None and not is_public_address(str(inner)):
        return False
    if address.ipv4_mapped is not None or address in _NAT64:
        return True
    return address in _GLOBAL_IPV6 and not any(address in network for network in _SPECIAL_IPV6)


def is_private_host(host: str) -> bool:
    """Return whether the name of a host shows that the Internet cannot reach it."""
    try:
        name = hosts.read_bare(host)
    except ValueError:
        # Browsers refuse it, such as a name that ends in a number and is not an address.
        return True
    try:
        return not is_public_address(name)
    except ValueError:
        return is_loopback(name) or "." not in name or name.endswith(_PRIVATE_SUFFIXES)
