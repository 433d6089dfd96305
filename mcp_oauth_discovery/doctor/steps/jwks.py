"""Are the published keys public, well-formed, and told apart?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.key_forms import (
    Key,
    bits,
    fitting,
    is_for_encryption,
    private_members,
    problem,
    signatures,
    weakness,
)
from mcp_oauth_discovery.doctor.steps.values import strings
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Server, Walk
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.keys.jwk import RSA_BITS
from mcp_oauth_discovery.standards.identifiers import origin

# How many keys of a set are checked for weaknesses, because each check takes some time.
_MOST_JUDGED = 20


def places(walk: Walk) -> Iterator[Finding]:
    for document in _sets(walk):
        if document.is_absent:
            yield finding("jwks-not-found", document.url, f"{document.exchange.status}.")
        elif document.members is not None and not isinstance(document.members.get("keys"), list):
            yield finding("jwks-not-found", document.url, "There is no list of keys in it.")


def private(walk: Walk) -> Iterator[Finding]:
    """Report key material that is nobody's to see; the finding does not repeat it."""
    for document, key in _keys(walk):
        leaked = private_members(key)
        if leaked or key.get("kty") == "oct":
            seen = f"The key {_name(key)} has {', '.join(leaked) or 'the type oct'}."
            yield finding("jwks-private", document.url, seen)


def kids(walk: Walk) -> Iterator[Finding]:
    for document in _sets(walk):
        keys = keys_of(document)
        kids = Counter(str(key["kid"]) for key in keys if "kid" in key)
        for kid in sorted(one for one, count in kids.items() if count > 1):
            seen = f"{kids[kid]} keys have the kid {shown(kid)}."
            yield finding("jwks-duplicate-kid", document.url, seen)
        without = len(keys) - kids.total()
        if len(keys) > 1 and without:
            yield finding("jwks-no-kid", document.url, f"{without} of {len(keys)} keys.")


def entries(walk: Walk) -> Iterator[Finding]:
    """Report what is in the list and no key at all."""
    for document in _sets(walk):
        keys = document.told.get("keys")
        for one in keys if isinstance(keys, list) else ():
            if not isinstance(one, dict):
                yield finding("jwks-key-invalid", document.url, f"{shown(one)} is no object.")


def elsewhere(walk: Walk) -> Iterator[Finding]:
    """Report sets on other origins than those that are asked."""
    owners = [walk.resource, *(server.found for server in walk.servers)]
    asked = {document.url for document in _sets(walk)}
    for owner in owners:
        uri = owner.told.get("jwks_uri") if owner else None
        if owner and isinstance(uri, str) and origin(uri) and uri not in asked:
            yield finding("jwks-elsewhere", owner.url, f"jwks_uri is {shown(uri)}.")


def forms(walk: Walk) -> Iterator[Finding]:
    """Report malformed and weak keys, as strictly as an import does."""
    for document in _sets(walk):
        for place, key in enumerate(keys_of(document)):
            if fault := problem(key):
                seen = f"The key {_name(key)}: {shown(fault)}."
                yield finding("jwks-key-invalid", document.url, seen)
            elif key.get("kty") == "RSA" and (size := bits(key)) < RSA_BITS:
                yield finding("jwks-weak", document.url, f"The key {_name(key)} has {size} bits.")
            elif place < _MOST_JUDGED and (fault := weakness(key)):
                yield finding(
                    "jwks-weak",
                    document.url,
                    f"The key {_name(key)}: {shown(fault)}",
                    fix="Stop trusting the key, and publish a new one in its place.",
                )


def algorithms(walk: Walk) -> Iterator[Finding]:
    """Report an `alg` that the key cannot have."""
    for document, key in _keys(walk):
        wanted = fitting(key)
        if wanted is not None:
            seen = f"The key {_name(key)} has alg {shown(key['alg'])}."
            expected = f"one of {', '.join(sorted(wanted))}" if wanted else "no alg"
            yield finding("jwks-algorithm", document.url, seen, expected=expected)


def served(walk: Walk) -> Iterator[Finding]:
    """Report a set that lacks what the metadata needs."""
    for server in walk.servers:
        if server.jwks is None or not isinstance(server.jwks.told.get("keys"), list):
            continue
        everything = keys_of(server.jwks)
        keys = [key for key in everything if not is_for_encryption(key)]
        announced = _announced(server.found)
        named = [name for name in announced if not _is_symmetric(name) and name != "none"]
        if not everything or not (keys or named):
            if signer := _signed_by(walk, server):
                seen = "All keys are for encryption, and " if everything else ""
                yield finding("jwks-empty", server.jwks.url, f"{seen}{signer} is signed.")
            continue
        served_by_keys = _served_by(keys)
        missing = [name for name in named if name not in served_by_keys]
        # The list is for all clients. An outside provider, or one with algorithms per client, may
        # publish a key only once a client uses it.
        is_per_client = any(map(_is_symmetric, announced))
        is_per_client = is_per_client or origin(server.issuer) != origin(walk.url)
        if missing and not (is_per_client and len(missing) < len(named)):
            seen = f"id_token_signing_alg_values_supported has {shown(', '.join(missing))}."
            yield finding("jwks-unserved", server.jwks.url, seen)


def _announced(document: Fetched | None) -> list[str]:
    return strings(document.told, "id_token_signing_alg_values_supported") if document else []


def _is_symmetric(algorithm: str) -> bool:
    """Say whether an algorithm signs with the secret of a client."""
    return algorithm.startswith("HS")


def _signed_by(walk: Walk, server: Server) -> str:
    """Return what is signed by the keys of a server, as far as its documents tell."""
    documents = [*server.documents]
    if walk.resource and walk.resource_jwks is None and len(walk.servers) == 1:
        documents.append(walk.resource)
    for document in documents:
        if document.told.get("signed_metadata"):
            return "signed_metadata"
        if document.members is None or document.role not in (Role.OPENID, Role.OPENID_APPENDED):
            continue
        # Without a list it is RS256, which every provider supports (OpenID Connect Discovery §3).
        announced = set(_announced(document)) - {"none"} if _announced(document) else {"RS256"}
        # If clients may choose a symmetric algorithm, perhaps all of them do.
        if announced and not any(map(_is_symmetric, announced)):
            return "The ID Token of OpenID"
    return ""


def keys_of(document: Fetched) -> list[Key]:
    """Return the keys of a set that are objects."""
    keys = document.told.get("keys")
    return [one for one in keys if isinstance(one, dict)] if isinstance(keys, list) else []


def _sets(walk: Walk) -> Iterator[Fetched]:
    yield from {one.url: one for one in walk.jwks}.values()


def _keys(walk: Walk) -> Iterator[tuple[Fetched, Key]]:
    for document in _sets(walk):
        yield from ((document, key) for key in keys_of(document))


def _served_by(keys: Iterable[Key]) -> set[str]:
    """Return the algorithms that keys can sign with: that of `alg`, or all of the type."""
    served: set[str] = set()
    for key in keys:
        known, given = signatures(key), key.get("alg")
        # RFC 9864: an alg of an OKP key has two names, and the curve alone says which it is.
        if given is None or key.get("kty") == "OKP":
            served |= known
        else:
            served |= {str(given)} & (known or {str(given)})
    return served


def _name(key: Key) -> str:
    return shown(key.get("kid", "without kid"))


RULES = (places, private, kids, entries, elsewhere, forms, algorithms, served)
