"""Is each key of a JWK Set public, well-formed and strong, with a kid of its own?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.key_forms import (
    Key,
    bits,
    fitting,
    private_members,
    problem,
    weakness,
)
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Walk
from mcp_oauth_discovery.keys.algorithms import RSA_BITS

# How many keys of a set are checked for weaknesses, because each check takes some time.
_MOST_JUDGED = 20

JWKS_PRIVATE = Entry(
    code="jwks-private",
    severity=Severity.CRITICAL,
    seen="The JWK Set contains private or symmetric key material.",
    expected="public members only",
    section="RFC 7517 §9.2",
    fix="Revoke the key immediately: anyone can sign with it.",
    django_fix=(
        "Revoke the key immediately (manage.py mcp_keys revoke KID): anyone can sign with it."
    ),
)
JWKS_DUPLICATE_KID = Entry(
    code="jwks-duplicate-kid",
    severity=Severity.ERROR,
    seen="Two keys have the same kid.",
    expected="a kid of its own for each key",
    section="RFC 7517 §4.5",
    fix="Give each key the thumbprint of RFC 7638 as kid.",
    explains=("signed-signature",),
)
JWKS_NO_KID = Entry(
    code="jwks-no-kid",
    severity=Severity.WARNING,
    seen="A key has no kid.",
    expected="a kid for each key: some libraries ignore a key without one",
    section="RFC 7517 §4.5",
    fix="Give each key the thumbprint of RFC 7638 as kid.",
)
JWKS_KEY_INVALID = Entry(
    code="jwks-key-invalid",
    severity=Severity.ERROR,
    seen="A key has missing or invalid members.",
    expected="kty and the public members of its type, base64url without padding",
    section="RFC 7518 §6, RFC 8037 §2",
    fix="Build the key with a JOSE library: EC coordinates keep their leading zero octets.",
    explains=("signed-signature", "signed-key"),
)
JWKS_WEAK = Entry(
    code="jwks-weak",
    severity=Severity.ERROR,
    seen="An RSA key has fewer than 2048 bits, or anyone can sign with a key.",
    expected="2048 bits or more, made by a current library",
    section="RFC 7518 §3.3",
    fix="Replace the key with a longer one, made by a current library.",
    django_fix="Rotate to a longer key: manage.py mcp_keys rotate.",
)
JWKS_ALGORITHM = Entry(
    code="jwks-algorithm",
    severity=Severity.ERROR,
    seen="alg of a key does not fit its type.",
    expected="an asymmetric algorithm of the key's type",
    section="RFC 7518 §3.1, RFC 8725 §3.1",
    fix="Correct alg of the key, such as ES256 for a P-256 key or RS256 for an RSA key.",
)


def private(walk: Walk) -> Iterator[Finding]:
    """Report private key material; the finding does not repeat it."""
    for document, key in _keys(walk):
        leaked = private_members(key)
        if leaked or key.get("kty") == "oct":
            observation = f"The key {_name(key)} has {', '.join(leaked) or 'the type oct'}."
            yield finding(JWKS_PRIVATE, document.url, observation)


def kids(walk: Walk) -> Iterator[Finding]:
    for document in key_sets(walk):
        keys = keys_of(document)
        kids = Counter(str(key["kid"]) for key in keys if "kid" in key)
        for kid in sorted(kid for kid, count in kids.items() if count > 1):
            observation = f"{kids[kid]} keys have the kid {shown(kid)}."
            yield finding(JWKS_DUPLICATE_KID, document.url, observation)
        without = len(keys) - kids.total()
        if without:
            total = f"{len(keys)} key{'s' if len(keys) > 1 else ''}"
            yield finding(JWKS_NO_KID, document.url, f"{without} of {total}.")


def entries(walk: Walk) -> Iterator[Finding]:
    """Report items of the list that are not keys."""
    for document in key_sets(walk):
        keys = document.content.get("keys")
        for key in keys if isinstance(keys, list) else ():
            if not isinstance(key, dict):
                yield finding(JWKS_KEY_INVALID, document.url, f"{shown(key)} is not an object.")


def forms(walk: Walk) -> Iterator[Finding]:
    """Report malformed and weak keys, by the rules of `mcp_keys import`."""
    for document in key_sets(walk):
        for place, key in enumerate(keys_of(document)):
            if fault := problem(key):
                observation = f"The key {_name(key)}: {shown(fault)}."
                yield finding(JWKS_KEY_INVALID, document.url, observation)
            elif key.get("kty") == "RSA" and (size := bits(key)) < RSA_BITS:
                yield finding(JWKS_WEAK, document.url, f"The key {_name(key)} has {size} bits.")
            elif place < _MOST_JUDGED and (fault := weakness(key)):
                yield finding(
                    JWKS_WEAK,
                    document.url,
                    f"The key {_name(key)}: {shown(fault)}",
                    fix="Stop trusting the key, and publish a new one in its place.",
                )


def algorithms(walk: Walk) -> Iterator[Finding]:
    """Report an `alg` that the key cannot have."""
    for document, key in _keys(walk):
        wanted = fitting(key)
        if wanted is not None:
            observation = f"The key {_name(key)} has alg {shown(key['alg'])}."
            expected = f"one of {', '.join(sorted(wanted))}" if wanted else "no alg"
            yield finding(JWKS_ALGORITHM, document.url, observation, expected=expected)


def key_sets(walk: Walk) -> Iterator[Fetched]:
    """Yield the key sets, each URL once."""
    yield from {document.url: document for document in walk.jwks}.values()


def keys_of(document: Fetched) -> list[Key]:
    """Return the keys of a set that are objects."""
    keys = document.content.get("keys")
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def _keys(walk: Walk) -> Iterator[tuple[Fetched, Key]]:
    for document in key_sets(walk):
        yield from ((document, key) for key in keys_of(document))


def _name(key: Key) -> str:
    return shown(key.get("kid", "without kid"))


ENTRIES = (
    JWKS_PRIVATE,
    JWKS_DUPLICATE_KID,
    JWKS_NO_KID,
    JWKS_KEY_INVALID,
    JWKS_WEAK,
    JWKS_ALGORITHM,
)
