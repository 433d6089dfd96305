"""Faults of single keys: members that are malformed, and keys that anyone can sign with."""

from __future__ import annotations

import base64

from tests.doctor.faults_keys import EDDSA, K256, OFF, P256, RS256, encoded, rsa
from tests.doctor.planting import planted
from tests.doctor.world import World


@planted("jwks-key-invalid")
def padding(world: World):
    world.keys["keys"][EDDSA]["x"] += "="


@planted("jwks-key-invalid")
def letters_beyond_base64url(world: World):
    world.keys["keys"][EDDSA]["x"] = "!" * 43


@planted("jwks-key-invalid")
def number_for_a_coordinate(world: World):
    world.keys["keys"][EDDSA]["x"] = 7


@planted("jwks-key-invalid")
def coordinate_without_its_leading_zero(world: World):
    world.keys["keys"].append({**P256, "y": "A" * 42})


@planted("jwks-key-invalid")
def name_of_a_curve_from_elsewhere(world: World):
    world.keys["keys"].append({**P256, "crv": "secp256r1"})


@planted("jwks-key-invalid")
def list_for_a_type(world: World):
    world.keys["keys"].append({"kty": ["RSA"], "kid": ["x"], "alg": ["RS256"]})


@planted("jwks-weak")
def short_rsa_key(world: World):
    world.keys["keys"][RS256]["n"] = encoded(b"\xaa" * 128)


@planted("jwks-key-invalid", shows=("key is not an object",))
def something_that_is_no_key(world: World):
    world.keys["keys"].append("key")


@planted("jwks-key-invalid", shows=("not on the curve",))
def point_off_the_curve(world: World):
    world.keys["keys"].append(OFF)


@planted("jwks-key-invalid")
def key_without_a_type(world: World):
    world.keys["keys"].append({"kid": "a"})


@planted("jwks-key-invalid")
def alphabet_of_plain_base64(world: World):
    world.keys["keys"][EDDSA]["x"] = "+" + "A" * 42


@planted("jwks-key-invalid")
def modulus_with_a_leading_zero(world: World):
    rsa(world, n="AA" + "q" * 340)


@planted("jwks-key-invalid")
def exponent_with_a_leading_zero(world: World):
    rsa(world, e="AAEAAQ")


@planted("jwks-key-invalid")
def exponent_of_one(world: World):
    """With exponent 1, every message is its own signature."""
    rsa(world, e="AQ")


@planted("jwks-key-invalid")
def even_exponent(world: World):
    rsa(world, e="BA")


@planted("jwks-key-invalid")
def exponent_as_large_as_the_modulus(world: World):
    world.keys["keys"][RS256]["e"] = world.keys["keys"][RS256]["n"]


@planted("jwks-weak")
def modulus_with_a_small_factor(world: World):
    rsa(world, n=encoded((3 * (2**2047 + 1)).to_bytes(257, "big")))


@planted("jwks-weak")
def point_of_small_order(world: World):
    """The neutral element: a signature that takes no private key verifies."""
    world.keys["keys"][EDDSA]["x"] = encoded(b"\1" + 31 * b"\0")


@planted("jwks-key-invalid")
def number_for_a_kid(world: World):
    world.keys["keys"][EDDSA]["kid"] = 7


@planted("jwks-key-invalid")
def string_for_operations(world: World):
    world.keys["keys"][EDDSA]["key_ops"] = "verify"


@planted("jwks-key-invalid")
def use_against_operations(world: World):
    world.keys["keys"][EDDSA]["key_ops"] = ["wrapKey"]


@planted("jwks-key-invalid")
def private_member_without_a_value(world: World):
    world.keys["keys"][EDDSA]["d"] = None


def with_spare_bits(text: str) -> str:
    """Return the base64url of the same octets with a bit set that belongs to none of them."""
    return text[:-1] + chr(ord(text[-1]) + 1)


@planted("jwks-key-invalid")
def coordinate_with_bits_left_over(world: World):
    world.keys["keys"].append({**P256, "x": with_spare_bits(P256["x"])})


@planted("jwks-key-invalid")
def point_with_bits_left_over(world: World):
    """Its form is wrong, and the key may be a good one."""
    world.keys["keys"][EDDSA]["x"] = with_spare_bits(encoded(b"\x66" * 32))


@planted("jwks-key-invalid")
def modulus_with_bits_left_over(world: World):
    key = world.keys["keys"][RS256]
    octets = base64.urlsafe_b64decode(key["n"] + "==")
    key["n"] = with_spare_bits(encoded(octets))


@planted("jwks-key-invalid")
def type_in_lower_case(world: World):
    world.keys["keys"].append({**P256, "kty": "ec"})


@planted("jwks-key-invalid")
def curve_without_its_hyphen(world: World):
    world.keys["keys"].append({**P256, "crv": "P256"})


@planted("jwks-key-invalid")
def no_curve(world: World):
    world.keys["keys"].append({name: one for name, one in P256.items() if name != "crv"})


@planted("jwks-key-invalid")
def curve_of_another_type(world: World):
    world.keys["keys"].append({**P256, "kty": "OKP"})


@planted("jwks-key-invalid")
def use_in_capitals(world: World):
    world.keys["keys"].append({**P256, "use": "SIG"})


@planted("jwks-key-invalid", shows=("x has 1 octet, not 32.",))
def short_coordinates_on_a_curve_beyond_the_nist_ones(world: World):
    world.keys["keys"].append({**K256, "x": "AA"})


@planted("jwks-key-invalid")
def string_for_a_chain_of_certificates(world: World):
    world.keys["keys"][EDDSA]["x5c"] = "MIIB"


@planted("jwks-key-invalid")
def number_for_a_thumbprint(world: World):
    world.keys["keys"][EDDSA]["x5t#S256"] = 7
