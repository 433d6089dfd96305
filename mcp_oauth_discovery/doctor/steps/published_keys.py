"""Is each key of a JWK Set public, well-formed and strong, with a kid of its own?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext, ngettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
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
    seen=_("The JWK Set contains private or symmetric key material."),
    expected=_("public members only"),
    section="RFC 7517 §9.2",
    fix=_("Revoke the key immediately: anyone can sign with it."),
    django_fix=_(
        "Revoke the key immediately (manage.py mcp_keys revoke KID): anyone can sign with it."
    ),
)
JWKS_DUPLICATE_KID = Entry(
    code="jwks-duplicate-kid",
    severity=Severity.ERROR,
    seen=_("Two keys have the same kid."),
    expected=_("a kid of its own for each key"),
    section="RFC 7517 §4.5",
    fix=_("Give each key the thumbprint of RFC 7638 as kid."),
    explains=("signed-signature",),
)
JWKS_NO_KID = Entry(
    code="jwks-no-kid",
    severity=Severity.WARNING,
    seen=_("A key has no kid."),
    expected=_("a kid for each key: some libraries ignore a key without one"),
    section="RFC 7517 §4.5",
    fix=_("Give each key the thumbprint of RFC 7638 as kid."),
)
JWKS_KEY_INVALID = Entry(
    code="jwks-key-invalid",
    severity=Severity.ERROR,
    seen=_("A key has missing or invalid members."),
    expected=_("kty and the public members of its type, base64url without padding"),
    section="RFC 7518 §6, RFC 8037 §2",
    fix=_("Build the key with a JOSE library: EC coordinates keep their leading zero octets."),
    explains=("signed-signature", "signed-key"),
)
JWKS_WEAK = Entry(
    code="jwks-weak",
    severity=Severity.ERROR,
    seen=_("An RSA key has fewer than 2048 bits, or anyone can sign with a key."),
    expected=_("2048 bits or more, made by a current library"),
    section="RFC 7518 §3.3",
    fix=_("Replace the key with a longer one, made by a current library."),
    django_fix=_("Rotate to a longer key: manage.py mcp_keys rotate."),
)
JWKS_ALGORITHM = Entry(
    code="jwks-algorithm",
    severity=Severity.ERROR,
    seen=_("alg of a key does not fit its type."),
    expected=_("an asymmetric algorithm of the key's type"),
    section="RFC 7518 §3.1, RFC 8725 §3.1",
    fix=_("Correct alg of the key, such as ES256 for a P-256 key or RS256 for an RSA key."),
)


def private(walk: Walk) -> Iterator[Finding]:
    """Report private key material; the finding does not repeat it."""
    for document, key in _keys(walk):
        leaked = private_members(key)
        if leaked or key.get("kty") == "oct":
            observation = gettext("The key %(key)s has the type oct.")
            if leaked:
                observation = gettext("The key %(key)s has %(members)s.")
            observation %= {"key": _name(key), "members": ", ".join(leaked)}
            yield finding(JWKS_PRIVATE, document.url, observation)


def kids(walk: Walk) -> Iterator[Finding]:
    for document in key_sets(walk):
        keys = keys_of(document)
        kids = Counter(str(key["kid"]) for key in keys if "kid" in key)
        for kid in sorted(kid for kid, count in kids.items() if count > 1):
            observation = ngettext(
                "%(number)d key has the kid %(kid)s.",
                "%(number)d keys have the kid %(kid)s.",
                kids[kid],
            )
            observation %= {"number": kids[kid], "kid": shown(kid)}
            yield finding(JWKS_DUPLICATE_KID, document.url, observation)
        without = len(keys) - kids.total()
        if without:
            # Translators: how many of the keys have no kid.
            observation = ngettext(
                "%(number)d of %(total)d key.", "%(number)d of %(total)d keys.", len(keys)
            )
            observation %= {"number": without, "total": len(keys)}
            yield finding(JWKS_NO_KID, document.url, observation)


def entries(walk: Walk) -> Iterator[Finding]:
    """Report items of the list that are not keys."""
    for document in key_sets(walk):
        keys = document.content.get("keys")
        for key in keys if isinstance(keys, list) else ():
            if not isinstance(key, dict):
                observation = gettext("%(name)s is not an object.") % {"name": shown(key)}
                yield finding(JWKS_KEY_INVALID, document.url, observation)


def forms(walk: Walk) -> Iterator[Finding]:
    """Report malformed and weak keys, by the rules of `mcp_keys import`."""
    for document in key_sets(walk):
        for place, key in enumerate(keys_of(document)):
            if flaw := problem(key):
                observation = gettext("The key %(key)s: %(flaw)s.")
                observation %= {"key": _name(key), "flaw": flaw}
                yield finding(JWKS_KEY_INVALID, document.url, observation)
            elif key.get("kty") == "RSA" and (size := bits(key)) < RSA_BITS:
                observation = ngettext(
                    "The key %(key)s has %(number)d bit.",
                    "The key %(key)s has %(number)d bits.",
                    size,
                )
                observation %= {"key": _name(key), "number": size}
                yield finding(JWKS_WEAK, document.url, observation)
            elif place < _MOST_JUDGED and (flaw := weakness(key)):
                observation = gettext("The key %(key)s: %(flaw)s")
                observation %= {"key": _name(key), "flaw": flaw}
                fix = gettext("Stop trusting the key, and publish a new one in its place.")
                yield finding(JWKS_WEAK, document.url, observation, fix=fix)


def algorithms(walk: Walk) -> Iterator[Finding]:
    """Report an `alg` that the key cannot have."""
    for document, key in _keys(walk):
        wanted = fitting(key)
        if wanted is not None:
            observation = gettext("The key %(key)s has alg %(alg)s.")
            observation %= {"key": _name(key), "alg": shown(key["alg"])}
            expected = gettext("one of %(names)s") if wanted else gettext("no alg")
            expected %= {"names": ", ".join(sorted(wanted))}
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
    # Translators: in the place of the name of a key, as in "The key without kid has 1024 bits."
    return shown(key["kid"]) if "kid" in key else gettext("without kid")


ENTRIES = (
    JWKS_PRIVATE,
    JWKS_DUPLICATE_KID,
    JWKS_NO_KID,
    JWKS_KEY_INVALID,
    JWKS_WEAK,
    JWKS_ALGORITHM,
)
