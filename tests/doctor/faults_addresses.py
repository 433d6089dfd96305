"""Hosts whose addresses not every client on the Internet reaches."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.transport.messages import Trouble
from tests.doctor.planting import harmless, planted
from tests.doctor.world import ENDPOINT, World

HOST = "app.example.com"
IPV4, IPV6 = "93.184.215.14", "2606:2800:220:1::1"
OUTSIDE = "https://login.example.net"


@planted("reach-no-a-record", shows=(f"{HOST} is at {IPV6}.",))
def ipv6_alone(world: World):
    world.addresses[HOST] = (IPV6,)


@planted("reach-refused", "reach-no-a-record")
def ipv6_alone_where_nothing_answers(world: World):
    world.addresses[HOST] = (IPV6,)
    world.fail(ENDPOINT, Trouble.REFUSED)


@harmless
def ipv4_and_ipv6(world: World):
    world.addresses[HOST] = (IPV6, IPV4)


@planted("reach-mixed-addresses", shows=(f"{HOST} is at {IPV4}, 10.0.0.7.",))
def private_address_among_several(world: World):
    world.addresses[HOST] = (IPV4, "10.0.0.7")


@planted("reach-mixed-addresses")
def private_ipv4_beside_public_ipv6(world: World):
    world.addresses[HOST] = (IPV6, "192.168.1.7")


@harmless
def site_in_the_network_of_the_reader(world: World):
    """Other clients may get a public address from a DNS of their own."""
    world.addresses[HOST] = ("10.0.0.7", "fe80::1%eth0")


@harmless
def address_of_a_translator_in_the_network_of_the_reader(world: World):
    world.addresses[HOST] = (IPV4, "64:ff9b:1::5db8:d70e")


@planted("reach-no-a-record", shows=("login.example.net is at",))
def outside_server_with_ipv6_alone(world: World):
    world.prm["authorization_servers"] = [OUTSIDE]
    document = {**world.server, "issuer": OUTSIDE}
    world.json(f"{OUTSIDE}/.well-known/oauth-authorization-server", document)
    world.addresses = {HOST: (IPV4,), "login.example.net": (IPV6,)}
