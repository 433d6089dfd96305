"""Does each JWK Set exist, and does it have the keys that the metadata announces?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps import published_keys
from mcp_oauth_discovery.doctor.steps.key_forms import (
    Key,
    is_for_encryption,
    signatures,
)
from mcp_oauth_discovery.doctor.steps.published_keys import key_sets, keys_of
from mcp_oauth_discovery.doctor.steps.values import strings
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Server, Walk
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards.identifiers import origin

JWKS_NOT_FOUND = Entry(
    code="jwks-not-found",
    severity=Severity.ERROR,
    seen="jwks_uri does not lead to a JWK Set.",
    expected="a JWK Set",
    section="RFC 8414 §2, RFC 7517 §5",
    fix="Correct jwks_uri, or leave the member out if nothing is signed.",
    explains=("signed-key", "jwks-unserved"),
)
JWKS_EMPTY = Entry(
    code="jwks-empty",
    severity=Severity.ERROR,
    seen="The JWK Set has no key for signatures, although something is signed.",
    expected="the key that signs",
    section="OpenID Connect Core §10.1",
    fix="Publish the key that signs.",
    django_fix="Run manage.py mcp_keys rotate.",
    explains=("signed-key", "jwks-unserved"),
)
JWKS_CANNOT_SIGN = Entry(
    code="jwks-cannot-sign",
    severity=Severity.ERROR,
    seen="This project is configured to sign tokens, but cannot.",
    expected="an active key and a pinned issuer",
    section="RFC 9068 §2, OAuth 2.1 §3.2.3",
    clients=EVERY,
    fix="Publish a key that signs, and configure the issuer.",
    django_fix="Run manage.py mcp_keys rotate, and pin MCP_ISSUER.",
    explains=("jwks-empty", "jwks-unserved", "signed-key"),
)
JWKS_UNSERVED = Entry(
    code="jwks-unserved",
    severity=Severity.WARNING,
    seen="An announced algorithm has no key.",
    expected="a key for each algorithm of this site, or for one algorithm of an outside provider",
    section="OpenID Connect Discovery §3",
    fix="Publish a key for it, or shorten the list.",
    django_fix="Run manage.py mcp_keys rotate, or shorten MCP_SIGNING_ALGORITHMS.",
)
JWKS_ELSEWHERE = Entry(
    code="jwks-elsewhere",
    severity=Severity.INFO,
    seen="The keys are on another origin; it was not contacted.",
    expected="keys on the origin of the site or of the issuer, so that they can be checked",
    section="RFC 9728 §7.7",
    fix="Check these keys separately, with the tools of their host.",
)


def places(walk: Walk) -> Iterator[Finding]:
    for document in key_sets(walk):
        if document.is_absent:
            yield finding(JWKS_NOT_FOUND, document.url, f"{document.exchange.status}.")
        elif document.members is not None and not isinstance(document.members.get("keys"), list):
            yield finding(JWKS_NOT_FOUND, document.url, "There is no list of keys in it.")


def elsewhere(walk: Walk) -> Iterator[Finding]:
    """Report sets on origins that the doctor does not contact."""
    owners = [walk.resource, *(server.metadata for server in walk.servers)]
    contacted = {document.url for document in key_sets(walk)}
    for owner in owners:
        uri = owner.content.get("jwks_uri") if owner else None
        if owner and isinstance(uri, str) and origin(uri) and uri not in contacted:
            yield finding(JWKS_ELSEWHERE, owner.url, f"jwks_uri is {shown(uri)}.")


def served(walk: Walk) -> Iterator[Finding]:
    """Report a set without the keys that the metadata announces."""
    for server in walk.servers:
        if server.jwks is None or not isinstance(server.jwks.content.get("keys"), list):
            continue
        everything = keys_of(server.jwks)
        keys = [key for key in everything if not is_for_encryption(key)]
        announced = _announced(server.metadata)
        named = [name for name in announced if not _is_symmetric(name) and name != "none"]
        if not everything or not (keys or named):
            if signer := _signed_by(walk, server):
                reason = "All keys are for encryption" if everything else "There are no keys"
                observation = f"{reason}, and {signer} is signed."
                yield finding(JWKS_EMPTY, server.jwks.url, observation)
            continue
        available = {name for key in keys for name in _algorithms(key)}
        missing = [name for name in named if name not in available]
        # The list is for all clients. An outside provider, or one that lets clients choose, may
        # publish a key only after a client uses it.
        is_per_client = any(map(_is_symmetric, announced))
        is_per_client = is_per_client or origin(server.issuer) != origin(walk.url)
        if missing and not (is_per_client and len(missing) < len(named)):
            observation = f"id_token_signing_alg_values_supported has {shown(', '.join(missing))}."
            yield finding(JWKS_UNSERVED, server.jwks.url, observation)


def unable_to_sign(walk: Walk) -> Iterator[Finding]:
    """Report faults in the settings and the key store, which the documents do not show."""
    for fault in walk.signing:
        yield finding(JWKS_CANNOT_SIGN, walk.url, fault.problem, fix=fault.fix)


def _announced(document: Fetched | None) -> list[str]:
    return strings(document.content, "id_token_signing_alg_values_supported") if document else []


def _is_symmetric(algorithm: str) -> bool:
    """Return whether an algorithm signs with the secret of a client."""
    return algorithm.startswith("HS")


def _signed_by(walk: Walk, server: Server) -> str:
    """Return what the keys of a server sign, as far as its documents say."""
    documents = [*server.documents]
    if walk.resource and walk.resource_jwks is None and len(walk.servers) == 1:
        documents.append(walk.resource)
    for document in documents:
        if document.content.get("signed_metadata"):
            return "signed_metadata"
        if document.members is None or document.role not in (Role.OPENID, Role.OPENID_APPENDED):
            continue
        # Without a list it is RS256, which every provider supports (OpenID Connect Discovery §3).
        announced = set(_announced(document)) - {"none"} if _announced(document) else {"RS256"}
        # If clients may choose a symmetric algorithm, perhaps all of them do.
        if announced and not any(map(_is_symmetric, announced)):
            return "the ID Token of OpenID"
    return ""


def _algorithms(key: Key) -> set[str]:
    """Return the algorithms of a key: that of `alg`, or all of its type."""
    known, declared = signatures(key), key.get("alg")
    # RFC 9864: an alg of an OKP key has two names, and only the curve says which algorithm it is.
    if declared is None or key.get("kty") == "OKP":
        return known
    return {str(declared)} & (known or {str(declared)})


def can_pass(walk: Walk) -> bool:
    """Return whether every announced set was read; servers may do without one."""
    servers = [
        server
        for server in walk.servers
        if server.metadata is None or server.metadata.content.get("jwks_uri")
    ]
    return bool(servers) and all(
        server.jwks and server.jwks.members is not None for server in servers
    )


STEP = Step(
    name="jwks",
    title="Keys",
    holds="well-formed public keys, each with its own kid",
    entries=(
        JWKS_NOT_FOUND,
        *published_keys.ENTRIES,
        JWKS_EMPTY,
        JWKS_CANNOT_SIGN,
        JWKS_UNSERVED,
        JWKS_ELSEWHERE,
    ),
    rules=(
        places,
        published_keys.private,
        published_keys.kids,
        published_keys.entries,
        elsewhere,
        published_keys.forms,
        published_keys.algorithms,
        served,
        unable_to_sign,
    ),
    can_pass=can_pass,
)
