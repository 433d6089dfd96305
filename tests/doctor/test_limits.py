"""What is beyond a limit of the doctor is told to be so."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest

from mcp_oauth_discovery.doctor.walk.challenges import LONGEST_HEADER
from tests.doctor.faults_signed import compact
from tests.doctor.world import KEYS, ORIGIN, World, diagnose, only


def test_keys_that_might_have_signed_are_tried_a_few_times():
    world = World()
    other, own = ({name: one[name] for name in one if name != "kid"} for one in KEYS)
    world.keys["keys"] = [*[other] * 20, own]
    world.prm["signed_metadata"] = compact({"alg": "EdDSA"}, {**world.prm, "iss": ORIGIN})
    [one] = [one for one in diagnose(world) if one.code == "signed-signature"]
    assert one.seen == "It is not by the key None: 20 of 21 were tried."


@pytest.mark.parametrize("place", [0, 1], ids=["header", "claims"])
def test_token_of_lists_in_lists_is_malformed(place):
    parts = [{"alg": "EdDSA"}, {"iss": ORIGIN}]
    parts[place]["x"] = json.loads("[" * 64 + "]" * 64)
    octets = [*(json.dumps(part).encode() for part in parts), b"signature"]
    world = World()
    world.prm["signed_metadata"] = b".".join(
        urlsafe_b64encode(one).rstrip(b"=") for one in octets
    ).decode()
    assert only(world, "signed-malformed")


def test_challenge_that_no_client_has_room_for_is_malformed():
    world = World()
    world.challenge = f'Bearer realm="{"a" * LONGEST_HEADER}"'
    seen = only(world, "challenge-malformed").seen
    assert seen.endswith(": 16399 characters, of which Node.js reads 16384 at most.")
