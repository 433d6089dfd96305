"""Keys that should not be seen, or not be used; what is signed by them, or is not."""

from __future__ import annotations

import json
import warnings
from typing import Any

from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey

from mcp_oauth_discovery.keys import jwk
from tests.doctor.world import PRIVATE
from tests.gallery.by_hand import Site, broken

EDDSA = 1


@broken("jwks-private")
def private_half_is_published(site: Site) -> None:
    site.keys["keys"][EDDSA] = {**own_key().as_dict(private=True), "kid": "1"}


@broken("signed-signature")
def signed_by_another_process(site: Site) -> None:
    kid = site.keys["keys"][EDDSA]["kid"]
    sign(site, OKPKey.generate_key("Ed25519", private=True), kid)


def sign(site: Site, key: Any = None, kid: str = "") -> None:
    """Add a signed copy of the metadata, by the key of the site or by another one."""
    claims = {"iss": site.origin, "iat": 1_750_000_000, **site.prm}
    header = {"alg": "EdDSA", "kid": kid or site.keys["keys"][EDDSA]["kid"]}
    with warnings.catch_warnings():
        # The name that all libraries know is the older one.
        warnings.simplefilter("ignore", SecurityWarning)
        signed = jws.serialize_compact(header, json.dumps(claims), key or own_key(), ["EdDSA"])
    site.prm["signed_metadata"] = signed


def own_key() -> OKPKey:
    return OKPKey.import_key(jwk.to_pem(PRIVATE["EdDSA"]))
