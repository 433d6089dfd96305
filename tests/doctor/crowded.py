"""Run as a module: the doctor on sites whose documents are as large as it reads, and crowded.

Prints for each how many lines its report has, and how many letters.
"""

from __future__ import annotations

import json
import sys
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from mcp_oauth_discovery.doctor.output.structured import as_json
from mcp_oauth_discovery.doctor.output.text import lines
from mcp_oauth_discovery.doctor.report import Report
from mcp_oauth_discovery.doctor.transport.messages import SIZE_LIMIT
from mcp_oauth_discovery.doctor.walk.challenges import LONGEST_HEADER
from tests.doctor.world import JWKS, ORIGIN, PRM, PRM_ROOT, SERVER, World, report_on

# Less what the rest of a document takes, and what `World` takes for a document that was cut.
ROOM = SIZE_LIMIT - 8 * 1024
METADATA = (PRM, PRM_ROOT, SERVER, f"{ORIGIN}/.well-known/openid-configuration")

CROWDS: dict[str, Callable[[World], Any]] = {}


def crowd(plant: Callable[[World], Any]) -> Callable[[World], Any]:
    """Add a way to fill a document; its name is that of the function."""
    CROWDS[plant.__name__] = plant
    return plant


def many(pattern: str, room: int = ROOM) -> list[str]:
    """Return as many texts of a pattern as there is room for, each with its number."""
    texts = []
    for number in range(room):
        text = pattern % number if "%" in pattern else pattern
        # And a comma.
        room -= len(text) + 1
        if room < 0:
            break
        texts.append(text)
    return texts


def metadata(world: World, text: str) -> None:
    """Serve the members in a text as every document, beside those that lead on."""
    for url in METADATA:
        world.json(url, document({**world.prm, **world.server}, text))


def document(members: dict[str, Any], text: str) -> bytes:
    return f"{json.dumps(members)[:-1]}, {text}}}".encode()


def keys(world: World, text: str, members: str = "") -> None:
    """Serve as many keys of one text as there is room for, beside the members of the metadata."""
    keys = ",".join(many(text))
    world.json(JWKS, f'{{"keys": [{keys}]}}'.encode())
    if members:
        metadata(world, members)


def listed(name: str, pattern: str) -> str:
    texts = ",".join(many(f'"{pattern}"'))
    return f'"{name}": [{texts}]'


@crowd
def members(world: World) -> None:
    metadata(world, ",".join(many('"%d":1')))
    status, fields, content, seconds = world.replies["GET", PRM]

    def reply(method: str, headers: dict[str, str]) -> Any:
        # The doctor compares the members of documents only if their octets differ.
        more = b" " if headers.get("User-Agent") == "node" else b""
        return status, fields, content + more, seconds

    world.replies["GET", PRM] = reply


@crowd
def members_twice(world: World) -> None:
    metadata(world, ",".join(2 * many('"%d":[]', ROOM // 2)))


@crowd
def members_of_members(world: World) -> None:
    metadata(world, '"x": [' + ",".join(many('{"a":1,"a":2}')) + "]")


@crowd
def members_that_are_null(world: World) -> None:
    metadata(world, ",".join(many('"%d":null')))


@crowd
def algorithms_and_keys_without_members(world: World) -> None:
    keys(world, "{}", listed("id_token_signing_alg_values_supported", "a"))


@crowd
def algorithms_and_keys_for_any(world: World) -> None:
    name = "id_token_signing_alg_values_supported"
    keys(world, '{"kty":"RSA","kid":"%d"}', listed(name, "a%d"))


@crowd
def keys_with_kids(world: World) -> None:
    keys(world, '{"kid":"%d"}')


@crowd
def keys_with_the_same_kids(world: World) -> None:
    half = many('{"kid":"%d"}', ROOM // 2)
    world.json(JWKS, f'{{"keys": [{",".join(2 * half)}]}}'.encode())


@crowd
def keys_that_are_weak(world: World) -> None:
    keys(world, '{"kty":"RSA","n":"AA","e":"AQAB","kid":"%d"}')


@crowd
def keys_that_might_have_signed(world: World) -> None:
    """Each is as dear to try as a key can be."""
    large = urlsafe_b64encode(b"\xff" * 384).decode()
    token = ".".join(
        urlsafe_b64encode(part).decode().rstrip("=")
        for part in (b'{"alg":"RS256"}', b"{}", b"\x7f" * 384)
    )
    issuers = json.dumps([ORIGIN, f"{ORIGIN}/a", f"{ORIGIN}/b"])
    told = f'"signed_metadata": "{token}", "authorization_servers": {issuers}'
    keys(world, f'{{"kty":"RSA","n":"{large}","e":"{large[:-4]}"}}', told)
    for path in ("/a", "/b"):
        world.replies[("GET", f"{SERVER}{path}")] = world.replies[("GET", SERVER)]


@crowd
def scopes(world: World) -> None:
    metadata(world, listed("scopes_supported", "a%d"))
    world.json(PRM, document(world.prm, listed("scopes_supported", "b%d")))


@crowd
def scopes_of_clients(world: World) -> None:
    metadata(world, listed("scopes_supported", "openid"))


@crowd
def servers(world: World) -> None:
    metadata(world, listed("authorization_servers", "https://a.test/%d/?"))


@crowd
def servers_in_two_spellings(world: World) -> None:
    metadata(world, listed("authorization_servers", "https://a.test/%%61%d"))


@crowd
def hosts_of_private_networks(world: World) -> None:
    metadata(world, listed("x", "https://a%d.internal/"))


@crowd
def address_that_fills_a_document(world: World) -> None:
    world.server["jwks_uri"] = f"{ORIGIN}/{'a' * ROOM}"
    world.json(world.server["jwks_uri"], {"keys": [{}, None]}, Set_Cookie="a=b")


@crowd
def name_that_fills_a_document(world: World) -> None:
    metadata(world, f'"{"a" * ROOM}": "https://a.internal/"')


@crowd
def lists_in_lists(world: World) -> None:
    metadata(world, f'"x": {"[" * 900}{"]" * 900}')


@crowd
def schemes(world: World) -> None:
    world.challenge = ",".join(many("a", LONGEST_HEADER))


@crowd
def challenges(world: World) -> None:
    world.challenge = ",".join(many('Bearer error="a", scope="%d,"', LONGEST_HEADER))


@crowd
def parameters(world: World) -> None:
    world.challenge = "Bearer " + ",".join(many("a%d=b", LONGEST_HEADER - 7))


def main() -> None:
    for name, plant in CROWDS.items():
        world = World()
        plant(world)
        # Everything beyond the walk compares documents, in the same way whatever they are full of.
        report = Report((report_on(world, probes=plant is members),))
        printed = list(lines(report, defaultdict(lambda: str)))
        size = sum(map(len, printed)) + len(json.dumps(as_json(report, ok=False)))
        sys.stdout.write(json.dumps([name, len(printed), size]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
