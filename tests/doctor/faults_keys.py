"""Faults of a set of keys, and of the algorithms that its keys are for."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import ec

from mcp_oauth_discovery.doctor.transport.messages import Fault
from tests.doctor.planting import harmless, planted
from tests.doctor.world import JWKS, OPENID, ORIGIN, World

RS256, EDDSA = 0, 1


OFF = {"kty": "EC", "crv": "P-256", "kid": "p", "x": "A" * 43, "y": "A" * 43}


ELSEWHERE = "https://keys.example.net/jwks.json"


def point(curve: ec.EllipticCurve) -> dict[str, str]:
    """Return the coordinates of a point that every curve has: its generator."""
    numbers = ec.derive_private_key(1, curve).public_key().public_numbers()
    size = (curve.key_size + 7) // 8
    return {name: encoded(getattr(numbers, name).to_bytes(size, "big")) for name in "xy"}


def encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


P256 = {"kty": "EC", "crv": "P-256", "kid": "p", **point(ec.SECP256R1())}
K256 = {"kty": "EC", "crv": "secp256k1", "kid": "k", **point(ec.SECP256K1())}


@planted("jwks-not-found")
def no_jwk_set(world: World):
    world.reply("GET", JWKS, status=404)


@planted("jwks-not-found")
def object_without_keys(world: World):
    world.keys = {"kid": "a"}


@planted("jwks-elsewhere")
def keys_of_another_host(world: World):
    """They are not asked for: that is neither the user's host nor that of the issuer."""
    world.server["jwks_uri"] = ELSEWHERE


@planted("jwks-elsewhere")
def keys_of_the_resource_on_another_host(world: World):
    world.prm["jwks_uri"] = ELSEWHERE


@planted("jwks-private")
def private_member_among_the_keys_of_the_resource(world: World):
    world.prm["jwks_uri"] = f"{ORIGIN}/keys"
    world.json(f"{ORIGIN}/keys", {"keys": [{"kty": "oct", "kid": "s"}]})


@planted("jwks-not-found")
def keys_of_the_resource_that_are_not_there(world: World):
    world.prm["jwks_uri"] = f"{ORIGIN}/keys"


@harmless
def nothing_is_signed(world: World):
    del world.server["jwks_uri"]


@planted("jwks-private")
def private_member(world: World):
    world.keys["keys"][EDDSA]["d"] = "A" * 43


@planted("jwks-private")
def symmetric_key(world: World):
    world.keys["keys"].append({"kty": "oct", "kid": "s", "alg": "HS256"})


@planted("jwks-duplicate-kid")
def two_keys_under_one_kid(world: World):
    for key in world.keys["keys"]:
        key["kid"] = "1"


@planted("jwks-no-kid")
def key_without_kid(world: World):
    del world.keys["keys"][RS256]["kid"]


@planted("jwks-no-kid", shows=("1 of 1 key.",))
def single_key_without_kid(world: World):
    world.keys["keys"] = world.keys["keys"][:1]
    del world.keys["keys"][0]["kid"]
    world.server["id_token_signing_alg_values_supported"] = ["RS256"]


@planted("jwks-algorithm")
def algorithm_of_another_type(world: World):
    world.keys["keys"].append({**P256, "alg": "RS256"})


@planted("jwks-algorithm")
def no_signature_at_all(world: World):
    world.keys["keys"].append({**P256, "alg": "none"})


@harmless
def key_for_encryption(world: World):
    world.keys["keys"].append({**P256, "use": "enc", "alg": "ECDH-ES"})


@harmless
def key_without_algorithm(world: World):
    world.keys["keys"].append(P256)


@harmless
def keys_of_types_that_are_not_known_here(world: World):
    """RFC 7517 §5: whoever does not understand them ignores them."""
    world.keys["keys"] += [
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "pq"},
        {**K256, "alg": "ES256K"},
        {"kty": "OKP", "crv": "Ed1", "x": "A", "kid": "o"},
    ]


WRAPS = {"kty": "RSA", "kid": "w", "alg": "RSA-OAEP-256", "key_ops": ["wrapKey"]}


def rsa(world: World, **members: object) -> None:
    """Add the RSA key of the site once more, with other members."""
    own = {name: world.keys["keys"][RS256][name] for name in ("kty", "n", "e")}
    world.keys["keys"].append({**own, "kid": "r", **members})


@harmless
def keys_for_encryption_by_key_ops_or_alg(world: World):
    rsa(world, **WRAPS)
    rsa(world, kid="a", alg="RSA1_5")
    rsa(world, kid="o", use="enc")
    rsa(world, kid="new", use="enc", alg="HPKE-0")
    world.keys["keys"] += [
        {**P256, "kid": "e", "alg": "ECDH-ES+A256KW"},
        {**P256, "kid": "d", "key_ops": ["deriveKey"]},
        {"kty": "OKP", "crv": "X25519", "kid": "x", "x": "B" * 42 + "A", "alg": "ECDH-ES"},
    ]


@planted("jwks-algorithm")
def signature_algorithm_of_a_key_for_encryption(world: World):
    rsa(world, use="enc", alg="RS256")


@planted("jwks-algorithm")
def encryption_algorithm_of_a_key_for_signatures(world: World):
    rsa(world, use="sig", alg="RSA-OAEP")


@planted("jwks-algorithm")
def key_agreement_with_rsa(world: World):
    rsa(world, alg="ECDH-ES")


@planted("jwks-algorithm")
def signature_by_a_curve_for_encryption(world: World):
    key = {"kty": "OKP", "crv": "X25519", "kid": "x", "x": "B" * 42 + "A"}
    world.keys["keys"].append({**key, "alg": "EdDSA"})


@planted("jwks-algorithm")
def encryption_by_a_curve_for_signatures(world: World):
    rsa(world, **{**world.keys["keys"][EDDSA], "kid": "x", "use": "enc", "alg": "ECDH-ES"})


@planted("jwks-empty", shows=("All keys are for encryption, and",))
def keys_for_encryption_alone(world: World):
    """Without alg they would do for RS256 to PS512, and use rules that out."""
    rsa(world, use="enc")
    world.keys["keys"] = world.keys["keys"][2:]
    world.server["id_token_signing_alg_values_supported"] = ["RS256"]


@planted("jwks-empty", shows=("All keys are for encryption, and",))
def keys_for_wrapping_alone(world: World):
    world.server["id_token_signing_alg_values_supported"] = ["RS256"]
    rsa(world, key_ops=["wrapKey", "encrypt"])
    world.keys["keys"] = world.keys["keys"][2:]


@harmless
def symmetric_id_tokens_need_no_key(world: World):
    world.keys = {"keys": []}
    world.server["id_token_signing_alg_values_supported"] = ["HS256"]
    world.json(OPENID, {**world.server, "subject_types_supported": ["public"]})


@harmless
def every_client_may_have_chosen_a_symmetric_algorithm(world: World):
    world.keys = {"keys": []}
    world.server["id_token_signing_alg_values_supported"] = ["ES256", "HS256", "RS256"]
    world.json(OPENID, {**world.server, "subject_types_supported": ["public"]})


@harmless
def id_tokens_without_a_signature(world: World):
    world.keys = {"keys": []}
    world.server["id_token_signing_alg_values_supported"] = ["none"]
    world.json(OPENID, {**world.server, "subject_types_supported": ["public"]})


@harmless
def symmetric_id_tokens_among_others(world: World):
    """The list is made for all clients, and each of them has one of its algorithms."""
    world.server["id_token_signing_alg_values_supported"] = ["HS256", "RS256", "PS256"]


@harmless
def algorithms_that_clients_choose_from(world: World):
    names = [f"{family}{size}" for family in ("RS", "PS", "ES", "HS") for size in (256, 384, 512)]
    world.keys["keys"] = world.keys["keys"][:1]
    world.server["id_token_signing_alg_values_supported"] = [*names, "EdDSA", "none"]


@harmless
def curve_that_has_two_names(world: World):
    world.server["id_token_signing_alg_values_supported"] = ["RS256", "Ed25519"]


@harmless
def algorithms_of_key_types_that_are_not_known_here(world: World):
    world.keys["keys"] += [
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "pq"},
        K256,
    ]
    world.server["id_token_signing_alg_values_supported"] = ["RS256", "ML-DSA-44", "ES256K"]


@planted("jwks-unserved")
def symmetric_and_an_algorithm_without_any_key(world: World):
    world.server["id_token_signing_alg_values_supported"] = ["HS256", "ES256"]


@harmless
def exponent_of_three(world: World):
    rsa(world, e="Aw")


@planted("jwks-private")
def private_half_of_a_type_that_is_not_known_here(world: World):
    key = {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "pq"}
    world.keys["keys"].append({**key, "priv": "AAAA"})


@planted("jwks-no-keys", shows=("There are no keys.",))
def no_keys_and_nothing_signed(world: World):
    world.keys = {"keys": []}
    del world.server["id_token_signing_alg_values_supported"]


@planted("jwks-no-keys", shows=("All keys are for encryption.",))
def keys_for_encryption_and_nothing_signed(world: World):
    world.keys = {"keys": [{**P256, "use": "enc", "alg": "ECDH-ES"}]}
    del world.server["id_token_signing_alg_values_supported"]


@planted("jwks-empty", shows=("There are no keys, and the ID Token of OpenID is signed.",))
def no_keys_for_announced_algorithms(world: World):
    world.keys = {"keys": []}


@planted("jwks-no-keys")
def no_keys_of_the_resource(world: World):
    world.prm["jwks_uri"] = f"{ORIGIN}/keys"
    world.json(f"{ORIGIN}/keys", {"keys": []})


@planted("jwks-key-invalid")
def text_in_place_of_the_only_key(world: World):
    world.keys = {"keys": ["key"]}


@planted("jwks-cannot-sign", in_process=True)
def empty_set_of_a_project_that_cannot_sign(world: World):
    world.keys = {"keys": []}
    world.signing = (Fault("No key is active."),)


@planted("as-issuer-unpinned", in_process=True, shows=("MCP_ISSUER is None",))
def keys_of_a_project_without_a_pinned_issuer(world: World):
    world.unpinned = (Fault("MCP_ISSUER is None: this site has keys.", "Pin it."),)


@planted("jwks-empty")
def no_keys_for_id_tokens(world: World):
    world.keys = {"keys": []}
    world.json(OPENID, {**world.server, "subject_types_supported": ["public"]})


@planted("jwks-unserved")
def algorithm_without_a_key(world: World):
    world.keys["keys"] = world.keys["keys"][:1]


@planted("jwks-unserved")
def keys_without_alg_of_another_type(world: World):
    world.keys["keys"] = [P256]
    world.server["id_token_signing_alg_values_supported"] = ["ES256", "RS256"]


@harmless
def keys_of_every_curve(world: World):
    for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()):
        name = f"P-{curve.key_size}"
        world.keys["keys"].append({"kty": "EC", "crv": name, "kid": name, **point(curve)})
    for name, size in {"Ed448": 57, "X25519": 32, "X448": 56}.items():
        x = encoded(b"\1" * size)
        world.keys["keys"].append({"kty": "OKP", "crv": name, "kid": name, "x": x})


@planted("jwks-cannot-sign", in_process=True)
def keys_that_cannot_sign(world: World):
    """The command asks the system checks of the project; the documents are as ever."""
    world.signing = (Fault("No key is active.", "Run 'manage.py mcp_keys rotate'."),)


@harmless
def key_on_a_curve_that_is_not_known_here(world: World):
    world.keys["keys"].append({**P256, "crv": "BP-256"})


@planted("jwks-empty", "as-openid-incomplete")
def no_keys_of_a_provider_that_lists_no_algorithm(world: World):
    """Every provider supports RS256."""
    world.keys = {"keys": []}
    del world.server["id_token_signing_alg_values_supported"]
    world.json(OPENID, {**world.server, "subject_types_supported": ["public"]})
