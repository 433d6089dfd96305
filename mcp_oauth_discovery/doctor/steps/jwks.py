"""Does each JWK Set exist, and does it have the keys that the metadata announces?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps import published_keys
from mcp_oauth_discovery.doctor.steps.key_forms import (
    Key,
    is_for_encryption,
    signatures,
)
from mcp_oauth_discovery.doctor.steps.outside import NO_KEYS, readvised
from mcp_oauth_discovery.doctor.steps.published_keys import key_sets, keys_of
from mcp_oauth_discovery.doctor.steps.values import stated, strings
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Walk
from mcp_oauth_discovery.doctor.walk.well_known import Role, sendable
from mcp_oauth_discovery.standards.identifiers import origin
from mcp_oauth_discovery.standards.metadata import has_value

JWKS_NOT_FOUND = Entry(
    code="jwks-not-found",
    severity=Severity.ERROR,
    seen=_("jwks_uri does not lead to a JWK Set."),
    expected=_("a JWK Set"),
    section="RFC 8414 §2, RFC 7517 §5",
    fix=_(
        "Correct jwks_uri in the metadata of the authorization server, or leave it out if nothing "
        "is signed."
    ),
    explains=("signed-key", "jwks-unserved"),
)
JWKS_EMPTY = Entry(
    code="jwks-empty",
    severity=Severity.ERROR,
    seen=_("The JWK Set has no key for signatures, although something is signed."),
    expected=_("the key that signs"),
    section="OpenID Connect Core §10.1",
    fix=_("Publish the key that signs. If nothing is signed, announce no signatures."),
    django_fix=_(
        "Run manage.py mcp_keys rotate. If this site signs nothing, announce nothing: "
        'MCP_AUTHORIZATION_SERVER_METADATA = {"jwks_uri": None, '
        '"id_token_signing_alg_values_supported": None}.'
    ),
    explains=("signed-key", "jwks-unserved"),
)
JWKS_NO_KEYS = Entry(
    code="jwks-no-keys",
    severity=Severity.WARNING,
    seen=_("The JWK Set has no key for signatures."),
    expected=_("a key, or no jwks_uri if nothing is signed"),
    section="RFC 8414 §2, RFC 7517 §5",
    fix=_("Publish the key that signs. If nothing is signed, leave jwks_uri out."),
    django_fix=_(
        "Run manage.py mcp_keys rotate. If nothing is signed, set "
        'MCP_AUTHORIZATION_SERVER_METADATA = {"jwks_uri": None}.'
    ),
)
JWKS_CANNOT_SIGN = Entry(
    code="jwks-cannot-sign",
    severity=Severity.ERROR,
    seen=_("This project is configured to sign tokens, but cannot."),
    expected=_("an active key and a pinned issuer"),
    section="RFC 9068 §2, OAuth 2.1 §3.2.3",
    clients=EVERY,
    fix=_("Publish a key that signs, and configure the issuer."),
    django_fix=_("Run manage.py mcp_keys rotate, and pin MCP_ISSUER."),
    explains=("jwks-empty", "jwks-no-keys", "jwks-unserved", "signed-key"),
)
JWKS_UNSERVED = Entry(
    code="jwks-unserved",
    severity=Severity.WARNING,
    seen=_("An announced algorithm has no key."),
    expected=_(
        "a key for each algorithm of this site, or for one algorithm of an outside provider"
    ),
    section="OpenID Connect Discovery §3",
    fix=_("Publish a key for the algorithm, or leave the algorithm out of the metadata."),
    django_fix=_(
        "Run manage.py mcp_keys rotate, or remove the algorithm from MCP_SIGNING_ALGORITHMS."
    ),
)
JWKS_ELSEWHERE = Entry(
    code="jwks-elsewhere",
    severity=Severity.INFO,
    seen=_("The keys are on another origin; it was not contacted."),
    expected=_("keys on the origin of the site or of the issuer, so that they can be checked"),
    section="RFC 9728 §7.7",
    fix=_("Check the keys separately, with the tools of their host."),
)


def places(walk: Walk) -> Iterator[Finding]:
    for document in key_sets(walk):
        if document.is_absent:
            result = finding(JWKS_NOT_FOUND, document.url, f"{document.exchange.status}.")
            yield readvised(walk, result, gettext(NO_KEYS))
        elif document.members is not None and not isinstance(document.members.get("keys"), list):
            observation = gettext("There is no list of keys in it.")
            yield finding(JWKS_NOT_FOUND, document.url, observation)


def elsewhere(walk: Walk) -> Iterator[Finding]:
    """Report sets on origins that the doctor does not contact."""
    contacted = {document.url for document in key_sets(walk)}
    for owner in _owners(walk):
        uri = owner.content.get("jwks_uri")
        if isinstance(uri, str) and origin(uri) and uri not in contacted:
            yield finding(JWKS_ELSEWHERE, owner.url, stated("jwks_uri", uri))


def empty(walk: Walk) -> Iterator[Finding]:
    """Report a set without any key for signatures: an error if something is signed."""
    for document in key_sets(walk):
        listed, everything = document.content.get("keys"), keys_of(document)
        is_judged = isinstance(listed, list) and (bool(everything) or not listed)
        # `unable_to_sign` reports the cause.
        if not is_judged or _for_signatures(document) or walk.signing:
            continue
        if signed := _signed_with(walk, document):
            yield finding(JWKS_EMPTY, document.url, _lack(everything, signed))
        elif not _needs_none(walk, document):
            yield finding(JWKS_NO_KEYS, document.url, _lack(everything))


def _lack(keys: list[Key], signed: str = "") -> str:
    """Return a sentence about a set without a key for signatures, and about what is signed."""
    if not signed:
        return gettext("All keys are for encryption.") if keys else gettext("There are no keys.")
    text = gettext("There are no keys, and %(signed)s is signed.")
    if keys:
        text = gettext("All keys are for encryption, and %(signed)s is signed.")
    return text % {"signed": signed}


def served(walk: Walk) -> Iterator[Finding]:
    """Report a set without some of the keys that the metadata announces."""
    for server in walk.servers:
        keys = _for_signatures(server.jwks) if server.jwks else []
        if server.jwks is None or not keys:
            continue
        announced = _announced(server.metadata)
        named = [name for name in announced if not _is_symmetric(name) and name != "none"]
        available = {name for key in keys for name in _algorithms(key)}
        missing = [name for name in named if name not in available]
        # The list is for all clients. An outside provider, or one that lets clients choose, may
        # publish a key only after a client uses it.
        is_per_client = any(map(_is_symmetric, announced))
        is_per_client = is_per_client or origin(server.issuer) != origin(walk.url)
        if missing and not (is_per_client and len(missing) < len(named)):
            observation = gettext("id_token_signing_alg_values_supported has %(algorithms)s.")
            observation %= {"algorithms": shown(", ".join(missing))}
            yield finding(JWKS_UNSERVED, server.jwks.url, observation)


def unable_to_sign(walk: Walk) -> Iterator[Finding]:
    """Report faults in the settings and the key store, which the documents do not show."""
    for fault in walk.signing:
        text, expected = fault.problem, fault.expected
        yield finding(JWKS_CANNOT_SIGN, walk.url, text, expected=expected, fix=fault.fix)


def _announced(document: Fetched | None) -> list[str]:
    return strings(document.content, "id_token_signing_alg_values_supported") if document else []


def _is_symmetric(algorithm: str) -> bool:
    """Return whether an algorithm signs with the secret of a client."""
    return algorithm.startswith("HS")


def _for_signatures(document: Fetched) -> list[Key]:
    return [key for key in keys_of(document) if not is_for_encryption(key)]


def _signed_with(walk: Walk, keys: Fetched) -> str:
    """Return what a set of keys signs, as far as the documents say."""
    owners = [server for server in walk.servers if server.jwks and server.jwks.url == keys.url]
    documents = [document for server in owners for document in server.documents]
    own = walk.resource_jwks
    if walk.resource and (own.url == keys.url if own else len(walk.servers) == 1):
        documents.append(walk.resource)
    if any(document.content.get("signed_metadata") for document in documents):
        return "signed_metadata"
    # Translators: what is signed, in "There are no keys, and … is signed."
    phrase = gettext("the ID Token of OpenID")
    return phrase if any(map(_promises_signatures, documents)) else ""


def _needs_none(walk: Walk, keys: Fetched) -> bool:
    """Return whether the metadata says that the secrets of clients sign, or that nothing does."""
    servers = [server for server in walk.servers if server.jwks and server.jwks.url == keys.url]
    announced = [name for server in servers for name in _announced(server.metadata)]
    return any(_is_symmetric(name) or name == "none" for name in announced)


def _promises_signatures(document: Fetched) -> bool:
    """Return whether metadata announces ID Tokens with signatures by a published key."""
    announced = set(_announced(document))
    if not announced and document.members and document.role in (Role.OPENID, Role.OPENID_APPENDED):
        # Without a list it is RS256, which every provider supports (OpenID Connect Discovery §3).
        announced = {"RS256"}
    # If clients may choose a symmetric algorithm, perhaps all of them do.
    return bool(announced - {"none"}) and not any(map(_is_symmetric, announced))


def _algorithms(key: Key) -> set[str]:
    """Return the algorithms of a key: that of `alg`, or all of its type."""
    known, declared = signatures(key), key.get("alg")
    # RFC 9864: an alg of an OKP key has two names, and only the curve says which algorithm it is.
    if declared is None or key.get("kty") == "OKP":
        return known
    return {str(declared)} & (known or {str(declared)})


def can_pass(walk: Walk) -> bool:
    """Return whether each announced set was read, and one has a key."""
    return _are_read(walk) and any(map(_for_signatures, key_sets(walk)))


def is_absent(walk: Walk) -> bool:
    """Return whether each announced set was read, and none has a key; perhaps there is no set."""
    return _are_read(walk) and not any(map(_for_signatures, key_sets(walk)))


def skipped(walk: Walk) -> str:
    has_metadata = bool(walk.servers) and all(server.metadata for server in walk.servers)
    return "" if has_metadata else gettext("the metadata of the authorization server was not read")


def _are_read(walk: Walk) -> bool:
    """Return whether the metadata of each server was read, and each JWK Set that it names."""
    if not walk.servers or not all(server.metadata for server in walk.servers):
        return False
    sets = {document.url for document in key_sets(walk) if document.members is not None}
    named = [owner.content.get("jwks_uri") for owner in _owners(walk)]
    return {sendable(str(uri)) for uri in named if has_value(uri)} <= sets


def _owners(walk: Walk) -> list[Fetched]:
    """Return the documents that may announce keys."""
    owners = [walk.resource, *(server.metadata for server in walk.servers)]
    return [owner for owner in owners if owner]


STEP = Step(
    name="jwks",
    title=_("Keys"),
    holds=_("the published keys are public and well-formed, each with its own kid"),
    entries=(
        JWKS_NOT_FOUND,
        *published_keys.ENTRIES,
        JWKS_EMPTY,
        JWKS_NO_KEYS,
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
        empty,
        served,
        unable_to_sign,
    ),
    can_pass=can_pass,
    lacks=_("no key for signatures is published, and the metadata needs none"),
    is_absent=is_absent,
    skipped=skipped,
)
