"""Is `signed_metadata` signed by a published key, and does it say what the document says?"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import import_key

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.key_forms import Key, problem
from mcp_oauth_discovery.doctor.steps.published_keys import keys_of
from mcp_oauth_discovery.doctor.steps.values import has_value, strings
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Walk
from mcp_oauth_discovery.doctor.walk.reading import check_depth
from mcp_oauth_discovery.standards.identifiers import origin

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
_ALGORITHMS += ["ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"]
# What joserfc raises for headers and keys that are not what they should be.
_NONSENSE = (JoseError, ValueError, TypeError, AttributeError, KeyError, RecursionError)
# A token without a kid may be by any key; each one that is tried takes a while.
_MOST_TRIED = 20
# What the clocks of two machines may be apart, in seconds.
_SKEW = 60
# Of the JWT itself (RFC 7519 §4.1), not of the document.
_OWN_CLAIMS = {"iss", "iat", "exp", "nbf", "jti", "sub", "aud"}

SIGNED_MALFORMED = Entry(
    code="signed-malformed",
    severity=Severity.ERROR,
    seen="signed_metadata is not a JWT in compact form.",
    expected="three base64url parts between dots",
    section="RFC 9728 §2.2, RFC 8414 §2.1",
    fix="Leave it out, or sign it with a JOSE library.",
)
SIGNED_KEY = Entry(
    code="signed-key",
    severity=Severity.ERROR,
    seen="No published key has the kid of signed_metadata.",
    expected="the key in the JWK Set",
    section="RFC 9728 §2.2, RFC 8414 §2.1",
    fix="Publish the key; purge caches that hold an older JWK Set.",
)
SIGNED_SIGNATURE = Entry(
    code="signed-signature",
    severity=Severity.ERROR,
    seen="The signature of signed_metadata does not verify.",
    expected="a signature by that key",
    section="RFC 9728 §2.2, RFC 8414 §2.1",
    fix="Look for two processes with different keys under one kid.",
)
SIGNED_ISSUER = Entry(
    code="signed-issuer",
    severity=Severity.ERROR,
    seen="signed_metadata has no iss, or that of a stranger.",
    expected="iss, naming who attests the values: the issuer, or the resource",
    section="RFC 9728 §2.2, RFC 8414 §2.1",
    fix="Sign with the identifier of whoever publishes the keys as iss.",
)
SIGNED_EXPIRED = Entry(
    code="signed-expired",
    severity=Severity.ERROR,
    seen="signed_metadata is over, or not valid yet.",
    expected="exp to come, nbf past; or neither",
    section="RFC 7519 §4.1.4, §4.1.5",
    fix="Sign it anew before it is over, with a clock that is right.",
)
SIGNED_DIFFERS = Entry(
    code="signed-differs",
    severity=Severity.ERROR,
    seen="signed_metadata says otherwise than the document.",
    expected="the same values; the signed ones take precedence",
    section="RFC 9728 §2.2, RFC 8414 §2.1",
    fix="Sign what is published: a copy is out of date.",
)


@dataclass(frozen=True)
class _Signed:
    """A document with a signed copy of itself: who may sign it, and the keys that were seen.

    `is_whole` says whether that is every key that may have signed it.
    """

    document: Fetched
    issuers: frozenset[str]
    keys: tuple[Key, ...]
    is_whole: bool

    @property
    def token(self) -> object:
        return self.document.told["signed_metadata"]


def signatures(walk: Walk) -> Iterator[Finding]:
    """Verify each one against the keys of whoever may have signed the document."""
    for signed in _all_signed(walk):
        parsed = _parsed(signed.token)
        if parsed is None:
            yield finding(SIGNED_MALFORMED, signed.document.url, f"It is {shown(signed.token)}.")
            continue
        header, claims = parsed
        yield from _judge(signed, claims)
        yield from _verify(signed, header.get("kid"))


def are_verified(walk: Walk) -> bool:
    """Say whether there is signed metadata, and a published key has signed all of it."""
    found = list(_all_signed(walk))
    return bool(found) and all(_is_verified(one, _kid(one)) for one in found)


def _all_signed(walk: Walk) -> Iterator[_Signed]:
    """Yield the signed documents: the resource signs by its own keys or by those of a server."""
    if walk.resource and walk.resource.told.get("signed_metadata"):
        told = walk.resource.told
        named = [told.get("resource"), *strings(told, "authorization_servers"), walk.url]
        issuers = frozenset(one for one in named if isinstance(one, str))
        sets = [one for one in walk.jwks if one.members is not None]
        signers = len(strings(told, "authorization_servers")) + has_value(told.get("jwks_uri"))
        is_whole = bool(walk.servers) and len(sets) == signers
        keys = tuple(key for one in sets for key in keys_of(one))
        yield _Signed(walk.resource, issuers | {origin(walk.url)}, keys, is_whole)
    for server in walk.servers:
        keys = tuple(keys_of(server.jwks)) if server.jwks else ()
        is_whole = server.jwks is not None and server.jwks.members is not None
        for document in server.documents:
            if document.told.get("signed_metadata"):
                issuers = frozenset({server.issuer, str(document.told.get("issuer"))})
                yield _Signed(document, issuers, keys, is_whole)


def _judge(signed: _Signed, claims: Mapping[str, Any]) -> Iterator[Finding]:
    """Report claims that are not those of the document, of whoever publishes it, or of today."""
    url = signed.document.url
    issuer, now = claims.get("iss"), time.time()
    if issuer is None:
        yield finding(SIGNED_ISSUER, url)
    elif not isinstance(issuer, str) or issuer not in signed.issuers:
        yield finding(SIGNED_ISSUER, url, f"iss is {shown(issuer)}, a stranger to the document.")
    if _number(claims, "exp", now) < now:
        yield finding(SIGNED_EXPIRED, url, f"exp is {shown(claims['exp'])}.")
    if _number(claims, "nbf", now) > now + _SKEW:
        yield finding(SIGNED_EXPIRED, url, f"nbf is {shown(claims['nbf'])}.")
    if names := _differing(claims, signed.document.told):
        yield finding(SIGNED_DIFFERS, url, f"Other values: {shown(', '.join(names))}.")


def _number(claims: Mapping[str, Any], name: str, default: float) -> float:
    value = claims.get(name)
    return value if isinstance(value, (int, float)) else default


def _verify(signed: _Signed, kid: object) -> Iterator[Finding]:
    if _is_verified(signed, kid):
        return
    if count := len(_fitting(signed, kid)):
        few = f", as far as tried: {_MOST_TRIED} of {count}" if count > _MOST_TRIED else ""
        seen = f"Not by the key {shown(kid)}{few}."
        yield finding(SIGNED_SIGNATURE, signed.document.url, seen)
    elif signed.is_whole:
        yield finding(SIGNED_KEY, signed.document.url, f"No key has the kid {shown(kid)}.")


def _is_verified(signed: _Signed, kid: object) -> bool:
    return any(_verifies(str(signed.token), key) for key in _fitting(signed, kid)[:_MOST_TRIED])


def _fitting(signed: _Signed, kid: object) -> list[Key]:
    return [key for key in signed.keys if kid is None or key.get("kid") == kid]


def _kid(signed: _Signed) -> object:
    parsed = _parsed(signed.token)
    return parsed[0].get("kid") if parsed else None


def _verifies(token: str, key: Key) -> bool:
    if problem(key):
        return False
    try:
        with warnings.catch_warnings():
            # What is deprecated, or weak, has findings of its own.
            warnings.simplefilter("ignore", SecurityWarning)
            jws.deserialize_compact(token, import_key(dict(key)), algorithms=_ALGORITHMS)
    except _NONSENSE:
        return False
    return True


def _parsed(token: object) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return header and claims of a compact JWT, not verified, or None if it is not one."""
    if not isinstance(token, str):
        return None
    try:
        extracted = jws.extract_compact(token.encode())
        claims = json.loads(extracted.payload)
        header = dict(extracted.headers())
        check_depth([header, claims])
    except _NONSENSE:
        return None
    return (header, claims) if isinstance(claims, dict) else None


def _differing(claims: Mapping[str, Any], members: Mapping[str, Any]) -> list[str]:
    told = {name: value for name, value in claims.items() if name not in _OWN_CLAIMS}
    return sorted(name for name, value in told.items() if members.get(name) != value)


STEP = Step(
    name="signed-metadata",
    title="Signed metadata",
    holds="signed by a published key, and says what the document says",
    entries=(
        SIGNED_MALFORMED,
        SIGNED_KEY,
        SIGNED_SIGNATURE,
        SIGNED_ISSUER,
        SIGNED_EXPIRED,
        SIGNED_DIFFERS,
    ),
    rules=(signatures,),
    has_seen=are_verified,
)
