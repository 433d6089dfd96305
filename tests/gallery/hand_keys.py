"""Keys that should not be seen, or not be used; what is signed by them, or is not."""

from __future__ import annotations

import json
import warnings
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey, RSAKey

from mcp_oauth_discovery.keys import jwk
from tests import ASM, JWKS
from tests.doctor.world import PRIVATE
from tests.gallery.by_hand import OPENID, Site, broken, healthy

RS256, EDDSA = 0, 1


@cache
def small_key() -> dict[str, Any]:
    """Return an RSA key as short as they once were."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        key = RSAKey.generate_key(1024, {"kid": "old"}, private=True)
    return dict(key.as_dict(private=False))


@broken("jwks-not-found")
def no_key_set(site: Site) -> None:
    del site.documents[JWKS]


@broken("jwks-not-found")
def one_key_instead_of_a_set(site: Site) -> None:
    site.documents[JWKS] = site.keys["keys"][RS256]


@broken("jwks-private")
def private_half_is_published(site: Site) -> None:
    site.keys["keys"][EDDSA] = {**own_key().as_dict(private=True), "kid": "1"}


@broken("jwks-private")
def shared_secret_is_published(site: Site) -> None:
    site.keys["keys"].append({"kty": "oct", "kid": "s", "alg": "HS256", "k": "c2VjcmV0"})


@broken("jwks-duplicate-kid")
def both_keys_are_called_the_same(site: Site) -> None:
    for key in site.keys["keys"]:
        key["kid"] = "signing-key"


@broken("jwks-no-kid")
def keys_without_names(site: Site) -> None:
    for key in site.keys["keys"]:
        del key["kid"]


@broken("jwks-key-invalid")
def key_with_padding(site: Site) -> None:
    site.keys["keys"][EDDSA]["x"] += "="


@broken("jwks-weak")
def key_of_1024_bits(site: Site) -> None:
    site.keys["keys"].append(dict(small_key()))


@broken("jwks-algorithm")
def key_with_the_algorithm_of_another(site: Site) -> None:
    site.keys["keys"][RS256]["alg"] = "ES256"


@broken("jwks-empty")
def no_key_for_id_tokens(site: Site) -> None:
    site.keys["keys"].clear()
    site.documents[OPENID] = site.openid


@broken("jwks-unserved")
def algorithm_without_a_key(site: Site) -> None:
    site.keys["keys"].pop(EDDSA)
    site.documents[OPENID] = site.openid
    site.server["id_token_signing_alg_values_supported"] = ["RS256", "EdDSA"]


@broken("signed-malformed")
def signature_without_a_token(site: Site) -> None:
    site.prm["signed_metadata"] = "not.a-token"


@broken("signed-key")
def signed_by_a_key_of_yesterday(site: Site) -> None:
    sign(site, OKPKey.generate_key("Ed25519", private=True), "yesterday")


@broken("signed-signature")
def signed_by_another_process(site: Site) -> None:
    kid = site.keys["keys"][EDDSA]["kid"]
    sign(site, OKPKey.generate_key("Ed25519", private=True), kid)


@broken("signed-issuer")
def signed_by_nobody(site: Site) -> None:
    sign(site, iss=None)


@broken("signed-differs")
def signed_copy_is_older(site: Site) -> None:
    sign(site, scopes_supported=["mcp", "mcp:read"])


@broken("signed-issuer", says=("does not belong to the document",))
def signed_by_a_stranger(site: Site) -> None:
    sign(site, iss="https://evil.example.net")


@broken("signed-expired")
def signed_copy_is_over(site: Site) -> None:
    sign(site, exp=1_750_000_000)


@broken("jwks-key-invalid", says=("not on the curve",))
def key_that_is_no_point_of_its_curve(site: Site) -> None:
    key = {"kty": "EC", "crv": "P-256", "kid": "p", "alg": "ES256"}
    site.keys["keys"].append({**key, "x": "A" * 43, "y": "A" * 43})


@broken("jwks-key-invalid", says=("is no object",))
def words_for_keys(site: Site) -> None:
    site.keys["keys"] += ["key", 1]


@broken("jwks-private")
def private_half_of_the_resource_is_published(site: Site) -> None:
    site.prm["jwks_uri"] = f"{site.origin}/keys"
    site.documents["/keys"] = {"keys": [{**own_key().as_dict(private=True), "kid": "1"}]}


@healthy(remarks=("jwks-elsewhere",))
def keys_at_another_host(site: Site) -> None:
    site.server["jwks_uri"] = "https://keys.example.net/jwks.json"


# A point of secp256k1, from no key that is in use.
_POINT = {
    "x": "XL3wZG5dtOqjmPNl8up6Dj1Bm34DMOOc6Svd7crE-bw",
    "y": "auvKQLolWWCjF41thhpU26gT0LgT_ee1pQgmKAhyZNo",
}


@healthy()
def keys_for_everything_under_the_sun(site: Site) -> None:
    site.keys["keys"] += [
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "pq"},
        {"kty": "EC", "crv": "secp256k1", "alg": "ES256K", "kid": "k", **_POINT},
    ]


@healthy()
def signed_by_the_first_of_two_servers(site: Site) -> None:
    issuer = f"{site.origin}/two"
    site.prm["authorization_servers"].append(issuer)
    site.documents[f"{ASM}/two"] = {**site.server, "issuer": issuer, "jwks_uri": f"{issuer}/keys"}
    site.documents["/two/keys"] = {"keys": [site.keys["keys"][RS256]]}
    sign(site)


@healthy()
def signed_by_the_resource_itself(site: Site) -> None:
    site.prm["jwks_uri"] = f"{site.origin}/keys"
    site.documents["/keys"] = {"keys": [site.keys["keys"].pop(EDDSA)]}
    kid = site.documents["/keys"]["keys"][0]["kid"]
    sign(site, kid=kid)


def sign(site: Site, key: Any = None, kid: str = "", **changes: Any) -> None:
    """Add a signed copy of the metadata, by the key of the site or by another one."""
    claims = {"iss": site.origin, "iat": 1_750_000_000, **site.prm, **changes}
    told = {name: value for name, value in claims.items() if value is not None}
    header = {"alg": "EdDSA", "kid": kid or site.keys["keys"][EDDSA]["kid"]}
    with warnings.catch_warnings():
        # The name that all libraries know is the older one.
        warnings.simplefilter("ignore", SecurityWarning)
        signed = jws.serialize_compact(header, json.dumps(told), key or own_key(), ["EdDSA"])
    site.prm["signed_metadata"] = signed


def own_key() -> OKPKey:
    return OKPKey.import_key(jwk.to_pem(PRIVATE["EdDSA"]))
