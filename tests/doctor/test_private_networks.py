"""No look-up of a site leads the doctor into the network that it is run in."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from mcp_oauth_discovery.doctor.examination import Selection, examined
from mcp_oauth_discovery.doctor.transport.messages import Trouble
from mcp_oauth_discovery.doctor.transport.network import HTTPTransport
from mcp_oauth_discovery.doctor.walk.walker import Walker

PUBLIC, OTHER_PUBLIC = "93.184.215.14", "93.184.215.15"
PUBLIC_IPV6 = "2606:2800:220:1::1"
HOME, OTHER = "http://home.example.com/mcp", "http://other.example.com/"

Names = dict[str, list[str]]


@pytest.fixture
def contacted(monkeypatch) -> list[str]:
    """Return the addresses that somebody tries to connect to; nobody answers."""
    places: list[str] = []

    def connect(self, address):
        places.append(address[0])
        raise ConnectionRefusedError("nobody is there")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return places


def asking(names: Names) -> Callable[[str], Trouble]:
    """Return a function that asks a URL; `names` is there to be changed."""

    def resolver(host, port):
        found = names[host.partition(".")[0]]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    transport = HTTPTransport(HOME, resolver=resolver)
    return lambda url: transport.send("GET", url).trouble


def test_failure_has_the_addresses_of_the_first_look_up(contacted):
    names = {"home": [PUBLIC, "127.0.0.1", PUBLIC]}

    def resolver(host, port):
        kinds = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kinds, (address, port)) for address in names["home"]]

    transport = HTTPTransport(HOME, resolver=resolver)
    transport.send("GET", HOME)
    names["home"] = [OTHER_PUBLIC]
    assert transport.send("GET", HOME).addresses == (PUBLIC, "127.0.0.1")


def test_site_with_ipv6_alone_is_found_over_http(contacted):
    def resolver(host, port):
        return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", (PUBLIC_IPV6, port, 0, 0))]

    walker = Walker(HTTPTransport(HOME, resolver=resolver), page_origin="http://localhost:6274")
    findings = examined(walker.walk(HOME), Selection()).findings
    [one] = [one for one in findings if one.code == "reach-no-a-record"]
    assert one.seen == f"home.example.com is at {PUBLIC_IPV6}."
    assert contacted == [PUBLIC_IPV6]


def test_one_private_address_among_others_makes_no_private_site(contacted):
    ask = asking({"home": [PUBLIC, "127.0.0.1"], "other": ["127.0.0.1"]})
    assert [ask(HOME), ask(OTHER)] == [Trouble.REFUSED, Trouble.PRIVATE]
    assert contacted == [PUBLIC]


def test_public_site_that_moves_into_the_private_network_is_not_followed(contacted):
    names = {"home": [PUBLIC], "other": ["10.0.0.7"]}
    ask = asking(names)
    assert ask(HOME) is Trouble.REFUSED
    names["home"] = ["127.0.0.1"]
    assert [ask(HOME), ask(OTHER)] == [Trouble.PRIVATE, Trouble.PRIVATE]
    assert contacted == [PUBLIC]


def test_public_site_that_moves_in_public_is_followed(contacted):
    names = {"home": [PUBLIC]}
    ask = asking(names)
    ask(HOME)
    names["home"] = [OTHER_PUBLIC]
    ask(HOME)
    assert contacted == [PUBLIC, OTHER_PUBLIC]


def test_private_site_stays_private(contacted):
    names = {"home": ["10.0.0.7", "10.0.0.8"], "other": ["10.0.0.9"]}
    ask = asking(names)
    ask(HOME)
    names["home"] = [PUBLIC]
    ask(HOME)
    ask(OTHER)
    assert contacted == ["10.0.0.7", "10.0.0.8", PUBLIC, "10.0.0.9"]


def test_look_up_without_addresses_decides_nothing(contacted):
    names: Names = {"home": [], "other": ["10.0.0.7"]}
    ask = asking(names)
    assert [ask(HOME), ask(OTHER)] == [Trouble.REFUSED, Trouble.PRIVATE]
    names["home"] = ["10.0.0.8"]
    assert [ask(HOME), ask(OTHER)] == [Trouble.REFUSED, Trouble.REFUSED]
    assert contacted == ["10.0.0.8", "10.0.0.7"]


def test_other_host_with_one_private_address_is_not_contacted(contacted):
    ask = asking({"home": [PUBLIC], "other": [OTHER_PUBLIC, "10.0.0.7"]})
    assert [ask(HOME), ask(OTHER)] == [Trouble.REFUSED, Trouble.PRIVATE]
    assert contacted == [PUBLIC]


def test_each_connection_goes_where_its_own_look_up_was_judged(contacted):
    """A second look-up could lead to another place."""
    looked_up: list[str] = []

    def resolver(host, port):
        looked_up.append(host)
        address = PUBLIC if len(looked_up) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    HTTPTransport(HOME, resolver=resolver).send("GET", HOME)
    assert (contacted, looked_up) == ([PUBLIC], ["home.example.com"])
