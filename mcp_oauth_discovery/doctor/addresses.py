"""Hosts: who is private, and what is the same machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from mcp_oauth_discovery import hosts
from mcp_oauth_discovery.identifiers import is_loopback

# Names that never leave a network (RFC 6762, RFC 8375, and ICANN's .internal).
_PRIVATE_SUFFIXES = (".local", ".internal", ".lan", ".home.arpa", ".svc")
# NAT64 (RFC 6052): the last four octets are an IPv4 address.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def host_of(url: str) -> str:
    """Return the host of a URL as browsers read it, without port and brackets.

    It is "" for what is no http URL.
    """
    return urlsplit(hosts.origin(url)).hostname or ""


def is_exposed(url: str) -> bool:
    """Say whether a URL is plain http to a host that is not loopback."""
    return url.lower().startswith("http:") and not is_loopback(host_of(url))


def is_public_address(text: str) -> bool:
    """Say whether an IP address is one of the public Internet."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None:
            return is_public_address(str(inner))
    return address.is_global and not address.is_multicast


def is_private_host(host: str) -> bool:
    """Say whether a host, by its name alone, is one that the Internet cannot reach."""
    name = host.rstrip(".").lower()
    try:
        return not is_public_address(name.strip("[]"))
    except ValueError:
        return is_loopback(name) or "." not in name or name.endswith(_PRIVATE_SUFFIXES)
