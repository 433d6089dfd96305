"""Whatever a site puts into its documents, the doctor neither stumbles nor passes it on raw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import product

import pytest

from mcp_oauth_discovery.doctor.output.text import lines
from mcp_oauth_discovery.doctor.report import Report
from mcp_oauth_discovery.standards.members import AUTHORIZATION_SERVER, PROTECTED_RESOURCE
from tests.doctor.world import ENDPOINT, World, report_on

ESCAPE = "\x1b]0;owned\x07\u202e\r\n"
VALUES = [
    None,
    True,
    10**400,
    "",
    ESCAPE,
    "https://[",
    "https://a.example.com:99999/",
    "http://" + "a" * 9000,
    [],
    [None],
    [ESCAPE],
    [{}],
    {ESCAPE: ESCAPE},
]
# Of the RSA key, and of the other one.
KEY_MEMBERS = [
    *product((0,), ("kty", "alg", "use", "kid", "n", "e")),
    *product((1,), ("kty", "crv", "x", "d")),
]


def print_all(world: World, probes=False) -> str:
    palette = defaultdict(lambda: str)
    return "\n".join(lines(Report((report_on(world, probes=probes),)), palette))


def groups(table, members: dict) -> Iterator[list[str]]:
    """Yield each member that the healthy site has, and together all that it does without."""
    yield from ([name] for name in members)
    yield [name for name in table if name not in members]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_every_member_can_be_anything(value):
    for table, document in ((PROTECTED_RESOURCE, "prm"), (AUTHORIZATION_SERVER, "server")):
        for names in groups(table, getattr(World(), document)):
            world = World()
            getattr(world, document).update(dict.fromkeys(names, value))
            assert print_all(world).replace("\n", "").isprintable(), names


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_every_member_of_a_key_can_be_anything(value):
    for index, member in KEY_MEMBERS:
        world = World()
        world.keys["keys"][index][member] = value
        world.prm["signed_metadata"] = "eyJhbGciOiJFZERTQSJ9.e30.AAAA"
        assert print_all(world).replace("\n", "").isprintable()


@pytest.mark.parametrize("name", ["prm", "server", "keys"])
def test_every_document_can_be_anything(name):
    for value in [*VALUES, {"keys": "x"}]:
        world = World()
        setattr(world, name, [value])
        assert print_all(world).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "challenge",
    [ESCAPE, f'Bearer resource_metadata="{ESCAPE}"', 'Bearer resource_metadata="https://["', ","],
)
def test_challenge_can_be_anything(challenge):
    world = World()
    world.challenge = challenge
    assert print_all(world).replace("\n", "").isprintable()


@pytest.mark.parametrize("location", [ESCAPE, "https://[", "//", "http://x:y@z/", "?"])
def test_location_can_be_anything(location):
    world = World()
    world.reply("GET", ENDPOINT, status=301, Location=location)
    world.reply("GET", world.server["jwks_uri"], status=301, Location=location)
    assert print_all(world).replace("\n", "").isprintable()


@pytest.mark.parametrize("name", ["Cache-Control", "Age", "Vary", "Content-Type", "Set-Cookie"])
def test_headers_can_be_anything(name):
    for value in (ESCAPE, "max-age=" + "9" * 5000, "9" * 5000, "²", '"'):
        world = World()
        world.document[name] = value
        assert print_all(world, probes=True).replace("\n", "").isprintable()
