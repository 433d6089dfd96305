"""Faults of what is signed by the keys."""

from __future__ import annotations

import json
import time
import warnings

from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey, RSAKey

from mcp_oauth_discovery.keys import jwk
from tests.doctor.faults_keys import EDDSA, ELSEWHERE, OFF, P256, RS256, rsa
from tests.doctor.planting import harmless, planted
from tests.doctor.world import ENDPOINT, JWKS, ORIGIN, PRIVATE, PRM, World


@planted("jwks-empty", "signed-key")
def no_keys_for_signed_metadata(world: World):
    sign(world, world.prm)
    world.keys = {"keys": []}


@planted("jwks-empty", "signed-key")
def keys_for_encryption_where_metadata_is_signed(world: World):
    sign(world, world.prm)
    del world.server["id_token_signing_alg_values_supported"]
    rsa(world, use="enc")
    world.keys["keys"] = world.keys["keys"][2:]


def sign(world: World, members, *, key="EdDSA", kid: str | None = None, **claims: object):
    """Sign a document as this package does."""
    kids = {"RS256": world.keys["keys"][RS256]["kid"], "EdDSA": world.keys["keys"][EDDSA]["kid"]}
    header = {"alg": key, "kid": kid or kids[key]}
    payload = {**members, "iss": ORIGIN, "iat": 1, **claims}
    told = {name: one for name, one in payload.items() if one is not None}
    members["signed_metadata"] = compact(header, told)


def compact(header, payload) -> str:
    """Return a JWS of any payload that JSON can carry."""
    kind = OKPKey if header["alg"] == "EdDSA" else RSAKey
    key = kind.import_key(jwk.to_pem(PRIVATE[header["alg"]]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        text = json.dumps(payload)
        return jws.serialize_compact(header, text, key, algorithms=[header["alg"]])


@harmless
def signed_metadata(world: World):
    sign(world, world.prm)
    sign(world, world.server, key="RS256")


@planted("jwks-elsewhere")
def signed_metadata_without_keys_to_see(world: World):
    sign(world, world.prm)
    world.server["jwks_uri"] = ELSEWHERE


def second_server(world: World, keys, *, first: bool = False) -> str:
    """Have another authorization server with keys of its own."""
    issuer = "https://login.example.net"
    servers = world.prm["authorization_servers"]
    servers.insert(0 if first else len(servers), issuer)
    metadata = {**world.server, "issuer": issuer, "jwks_uri": f"{issuer}/keys"}
    del metadata["id_token_signing_alg_values_supported"]
    world.json(f"{issuer}/.well-known/oauth-authorization-server", metadata)
    world.json(f"{issuer}/keys", {"keys": keys})
    return issuer


@harmless
def signed_by_the_first_of_two_servers(world: World):
    second_server(world, [P256])
    sign(world, world.prm)


@harmless
def signed_by_the_second_of_two_servers(world: World):
    second_server(world, [P256], first=True)
    sign(world, world.prm)


@planted("jwks-no-keys")
def signed_by_one_of_two_servers_the_other_signs_nothing(world: World):
    second_server(world, [])
    sign(world, world.prm)


@planted("signed-key")
def signed_by_neither_of_two_servers(world: World):
    second_server(world, [P256])
    sign(world, world.prm, kid="unknown")


@planted("jwks-elsewhere")
def signed_perhaps_by_a_server_whose_keys_are_not_seen(world: World):
    issuer = second_server(world, [])
    metadata = {**world.server, "issuer": issuer, "jwks_uri": ELSEWHERE}
    world.json(f"{issuer}/.well-known/oauth-authorization-server", metadata)
    sign(world, world.prm, kid="unknown")


@harmless
def signed_by_the_resource_itself(world: World):
    keys = world.keys["keys"]
    world.prm["jwks_uri"] = f"{ORIGIN}/keys"
    world.json(f"{ORIGIN}/keys", {"keys": [keys[EDDSA]]})
    sign(world, world.prm, iss=ENDPOINT)
    world.keys = {"keys": [P256]}
    del world.server["id_token_signing_alg_values_supported"]


@harmless
def signed_resource_without_any_keys(world: World):
    """The keys may be anywhere."""
    sign(world, world.prm)
    del world.server["jwks_uri"]


@planted("signed-expired")
def signed_metadata_of_last_year(world: World):
    sign(world, world.server, key="RS256", exp=1000)


@planted("signed-expired")
def signed_metadata_of_next_century(world: World):
    sign(world, world.prm, nbf=time.time() + 3600)


@harmless
def signed_metadata_of_today(world: World):
    sign(world, world.prm, nbf=time.time() + 30, exp=time.time() + 60)


@harmless
def signed_metadata_with_a_date_in_words(world: World):
    """Whoever verifies it says so; here nothing is known."""
    sign(world, world.prm, exp="tomorrow")


@planted("signed-issuer", shows=("iss is https://evil.example.net",))
def signed_by_a_stranger(world: World):
    sign(world, world.server, iss="https://evil.example.net")


@planted("signed-issuer")
def signed_by_a_list(world: World):
    sign(world, world.server, iss=[ORIGIN])


@planted("signed-issuer")
def resource_signed_by_a_stranger(world: World):
    sign(world, world.prm, iss="https://evil.example.net")


@planted("signed-malformed")
def signed_metadata_as_json(world: World):
    world.prm["signed_metadata"] = {"payload": "…"}


@planted("signed-malformed")
def signed_metadata_of_no_claims(world: World):
    world.prm["signed_metadata"] = compact({"alg": "EdDSA"}, [])


@planted("signed-malformed")
def signed_metadata_of_nonsense(world: World):
    world.prm["signed_metadata"] = "a.b.c"


@planted("signed-malformed")
def signed_metadata_of_nonsense_at_the_server(world: World):
    world.server["signed_metadata"] = "a.b.c"


@planted("signed-issuer")
def server_signed_by_nobody(world: World):
    sign(world, world.server, iss=None)


@planted("signed-key")
def signed_by_an_unknown_key(world: World):
    sign(world, world.prm, kid="unknown")


@planted("signed-signature")
def signed_by_another_key(world: World):
    sign(world, world.prm, key="RS256", kid=world.keys["keys"][EDDSA]["kid"])


@planted("jwks-key-invalid", "signed-signature")
def signed_by_a_broken_key(world: World):
    sign(world, world.prm)
    world.keys["keys"][EDDSA]["x"] = "A"


@planted("jwks-key-invalid", "signed-signature")
def signed_by_a_point_off_the_curve(world: World):
    sign(world, world.prm, kid="p")
    world.keys["keys"].append(OFF)


@planted("signed-issuer")
def signed_by_nobody(world: World):
    sign(world, world.prm, iss=None)


@planted("signed-differs")
def signed_before_the_last_change(world: World):
    sign(world, world.prm, scopes_supported=["files"])


@planted("signed-differs", shows=("Different members: signed_metadata.",))
def signed_metadata_within_itself(world: World):
    sign(world, world.server, signed_metadata="a.b.c")


@planted("signed-differs")
def signed_copy_of_another_document(world: World):
    sign(world, world.prm)
    world.server["signed_metadata"] = world.prm["signed_metadata"]


@harmless
def signed_metadata_without_kid(world: World):
    token = compact({"alg": "EdDSA"}, {**world.prm, "iss": ORIGIN})
    world.json(PRM, {**world.prm, "signed_metadata": token})


@planted("jwks-not-found")
def signed_metadata_without_a_jwk_set(world: World):
    sign(world, world.prm)
    world.reply("GET", JWKS, status=404)
