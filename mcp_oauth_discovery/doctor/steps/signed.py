"""Is `signed_metadata` signed by a published key, and equal to the document?"""

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
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.exchanges import are_read
from mcp_oauth_discovery.doctor.steps.key_forms import Key, problem
from mcp_oauth_discovery.doctor.steps.published_keys import keys_of
from mcp_oauth_discovery.doctor.steps.values import stated, strings
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Walk
from mcp_oauth_discovery.doctor.walk.reading import check_depth
from mcp_oauth_discovery.standards.identifiers import origin
from mcp_oauth_discovery.standards.metadata import has_value

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
_ALGORITHMS += ["ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"]
# What joserfc raises for invalid headers and keys.
_NONSENSE = (JoseError, ValueError, TypeError, AttributeError, KeyError, RecursionError)
# Any key may have signed a token without a kid, and each attempt takes some time.
_MOST_TRIED = 20
# The accepted difference between the clocks of two machines, in seconds.
_SKEW = 60
# Claims about the JWT itself (RFC 7519 §4.1), not about the document.
_OWN_CLAIMS = {"iss", "iat", "exp", "nbf", "jti", "sub", "aud"}

SIGNED_MALFORMED = Entry(
    code="signed-malformed",
    severity=Severity.ERROR,
    seen=_("signed_metadata is not a JWT in compact form."),
    expected=_("three base64url parts between dots"),
    section="RFC 9728 §2.2, RFC 8414 §2.1",
    fix=_("Leave signed_metadata out of the document, or sign it with a JOSE library."),
)
SIGNED_KEY = Entry(
    code="signed-key",
    severity=Severity.ERROR,
    seen=_("No published key has the kid of signed_metadata."),
    expected=_("this key in the JWK Set"),
    section="RFC 9728 §2.2, RFC 8414 §2.1",
    fix=_(
        "Publish the key that signed signed_metadata, and purge caches that hold an older JWK Set."
    ),
)
SIGNED_SIGNATURE = Entry(
    code="signed-signature",
    severity=Severity.ERROR,
    seen=_("The signature of signed_metadata is invalid."),
    expected=_("a valid signature by that key"),
    section="RFC 9728 §2.2, RFC 8414 §2.1",
    fix=_("Look for two processes that sign with different private keys under one kid."),
)
SIGNED_ISSUER = Entry(
    code="signed-issuer",
    severity=Severity.ERROR,
    seen=_("signed_metadata has no iss, or one that does not belong to the document."),
    expected=_("iss, naming the party that attests the values: the issuer, or the resource"),
    section="RFC 9728 §2.2, RFC 8414 §2.1",
    fix=_("Set iss in signed_metadata to the identifier of the site that publishes the keys."),
)
SIGNED_EXPIRED = Entry(
    code="signed-expired",
    severity=Severity.ERROR,
    seen=_("signed_metadata has expired, or is not valid yet."),
    expected=_("exp in the future and nbf in the past, or neither"),
    section="RFC 7519 §4.1.4, §4.1.5",
    fix=_("Sign signed_metadata again before it expires, on a host with a correct clock."),
)
SIGNED_DIFFERS = Entry(
    code="signed-differs",
    severity=Severity.ERROR,
    seen=_("signed_metadata differs from the document."),
    expected=_("the same values; the signed ones take precedence"),
    section="RFC 9728 §2.2, RFC 8414 §2.1",
    fix=_("Sign the current document again: signed_metadata is a copy that is out of date."),
)


@dataclass(frozen=True)
class _Signed:
    """A document with a signed copy: its possible signers, and the keys that were read.

    `has_all_keys` says whether these are all keys that may have signed it.
    """

    document: Fetched
    issuers: frozenset[str]
    keys: tuple[Key, ...]
    has_all_keys: bool

    @property
    def token(self) -> object:
        return self.document.content["signed_metadata"]

    def candidates(self, kid: object) -> list[Key]:
        """Return the keys that may have signed the copy."""
        return [key for key in self.keys if kid is None or key.get("kid") == kid]

    def is_verified(self, kid: object) -> bool:
        """Return whether one of the keys has signed the copy."""
        keys = self.candidates(kid)[:_MOST_TRIED]
        return any(verifies(str(self.token), key) for key in keys)


def signatures(walk: Walk) -> Iterator[Finding]:
    """Verify each signed copy with the keys of its possible signers."""
    for signed in _all_signed(walk):
        url = signed.document.url
        parsed = _parsed(signed.token)
        if parsed is None:
            observation = gettext("It is %(value)s.") % {"value": shown(signed.token)}
            yield finding(SIGNED_MALFORMED, url, observation)
            continue
        header, claims = parsed
        yield from _judge_claims(signed, claims)
        kid = header.get("kid")
        count = len(signed.candidates(kid))
        if signed.is_verified(kid):
            continue
        values = {"kid": shown(kid), "tried": _MOST_TRIED, "count": count}
        if count > _MOST_TRIED:
            sentence = gettext("It is not by the key %(kid)s: %(tried)d of %(count)d were tried.")
            yield finding(SIGNED_SIGNATURE, url, sentence % values)
        elif count:
            sentence = gettext("It is not by the key %(kid)s.")
            yield finding(SIGNED_SIGNATURE, url, sentence % values)
        elif signed.has_all_keys:
            yield finding(SIGNED_KEY, url, gettext("No key has the kid %(kid)s.") % values)


def can_pass(walk: Walk) -> bool:
    """Return whether there is signed metadata, and published keys have signed all of it."""
    copies = [(signed, _parsed(signed.token)) for signed in _all_signed(walk)]
    return bool(copies) and all(
        signed.is_verified(parsed[0].get("kid") if parsed else None) for signed, parsed in copies
    )


def _all_signed(walk: Walk) -> Iterator[_Signed]:
    """Yield the signed documents: the resource signs by its own keys or by those of a server."""
    if walk.resource and walk.resource.content.get("signed_metadata"):
        members = walk.resource.content
        servers = strings(members, "authorization_servers")
        names = [members.get("resource"), *servers, walk.url, origin(walk.url)]
        issuers = frozenset(name for name in names if isinstance(name, str))
        sets = [document for document in walk.jwks if document.members is not None]
        signers = len(servers) + has_value(members.get("jwks_uri"))
        has_all_keys = bool(walk.servers) and len(sets) == signers
        keys = tuple(key for document in sets for key in keys_of(document))
        yield _Signed(walk.resource, issuers, keys, has_all_keys)
    for server in walk.servers:
        keys = tuple(keys_of(server.jwks)) if server.jwks else ()
        has_all_keys = server.jwks is not None and server.jwks.members is not None
        for document in server.documents:
            if document.content.get("signed_metadata"):
                issuers = frozenset({server.issuer, str(document.content.get("issuer"))})
                yield _Signed(document, issuers, keys, has_all_keys)


def _judge_claims(signed: _Signed, claims: Mapping[str, Any]) -> Iterator[Finding]:
    """Report a foreign issuer, expiry, and values that differ from the document."""
    url = signed.document.url
    issuer, now = claims.get("iss"), time.time()
    if issuer is None:
        yield finding(SIGNED_ISSUER, url)
    elif not isinstance(issuer, str) or issuer not in signed.issuers:
        sentence = gettext("iss is %(value)s, which does not belong to the document.")
        yield finding(SIGNED_ISSUER, url, sentence % {"value": shown(issuer)})
    if _number(claims, "exp", now) < now:
        yield finding(SIGNED_EXPIRED, url, stated("exp", claims["exp"]))
    if _number(claims, "nbf", now) > now + _SKEW:
        yield finding(SIGNED_EXPIRED, url, stated("nbf", claims["nbf"]))
    members = signed.document.content
    names = sorted(
        name
        for name, value in claims.items()
        if name not in _OWN_CLAIMS and members.get(name) != value
    )
    if names:
        sentence = gettext("Different members: %(names)s.")
        yield finding(SIGNED_DIFFERS, url, sentence % {"names": shown(", ".join(names))})


def _number(claims: Mapping[str, Any], name: str, default: float) -> float:
    value = claims.get(name)
    return value if isinstance(value, (int, float)) else default


def verifies(token: str, key: Key) -> bool:
    """Return whether a published key has signed a JWT."""
    if problem(key):
        return False
    try:
        with warnings.catch_warnings():
            # Other findings report deprecated and weak keys.
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


def is_absent(walk: Walk) -> bool:
    """Return whether the site has documents, and signs none of them."""
    documents = walk.published
    has_copy = any(one.content.get("signed_metadata") for one in documents)
    return bool(documents) and are_read(walk) and not has_copy


STEP = Step(
    name="signed-metadata",
    title=_("Signed metadata"),
    holds=_("signed by a published key, with the values of the document"),
    entries=(
        SIGNED_MALFORMED,
        SIGNED_KEY,
        SIGNED_SIGNATURE,
        SIGNED_ISSUER,
        SIGNED_EXPIRED,
        SIGNED_DIFFERS,
    ),
    rules=(signatures,),
    can_pass=can_pass,
    lacks=_("no document has signed_metadata"),
    is_absent=is_absent,
)
