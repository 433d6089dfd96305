"""Which key a token names, in what state it is, and whether it has signed the token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import Error as AnyDatabaseError

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.project.captured_logs import fault_of
from mcp_oauth_discovery.doctor.project.tokens.times import when
from mcp_oauth_discovery.doctor.project.tokens.verdicts import (
    NO_HEADER,
    Verdict,
    failed,
    judged,
    passed,
    skipped,
)
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import FormerKey, SigningKey, State, Unpublishable
from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.signing.jose import REGISTRIES, Registry
from mcp_oauth_discovery.signing.readings import PublishedKey
from mcp_oauth_discovery.signing.rules import extract, verified_claims
from mcp_oauth_discovery.standards.token_parts import Parts

_UNKNOWN = "unknown_key"
# The length of the field.
_LONGEST_KID = 64
_RENEW = _("Get a new token: with the refresh token, or by signing in again.")
_FOREIGN = _(
    "If another server has issued the token, write verify=RemoteIssuer(…) in the protection. If "
    "this site has, compare the database with that of the site: manage.py mcp_keys list."
)

# What the states mean in which the key of a token is published.
_STATES = {
    State.PENDING: _("%(kid)s is pending: published, and signs from %(activates)s."),
    State.ACTIVE: _("%(kid)s is active: published, and signs since %(activates)s."),
    State.RETIRED: _("%(kid)s is retired: no longer signs, and published until %(expires)s."),
}


@dataclass(frozen=True)
class NamedKey:
    """What is known about the key of a `kid`: the verdict, and the key if the site still has it."""

    verdict: Verdict
    key: PublishedKey | None = None


def named_key(header: Mapping[str, Any] | None, now: datetime) -> NamedKey:
    """Return what this site knows about the key that a header names."""
    if header is None:
        return NamedKey(skipped("key", gettext(NO_HEADER)))
    kid = header.get("kid")
    if kid is None:
        return NamedKey(_foreign(gettext("The header has no kid.")))
    if not isinstance(kid, str):
        text = gettext("kid is %(kid)s, which is not a string.")
        return NamedKey(_foreign(text % {"kid": shown(kid)}))
    try:
        return _looked_up(kid, now)
    # The second is for a site without a database, whose tokens come from elsewhere.
    except (AnyDatabaseError, ImproperlyConfigured) as error:
        fault = fault_of(error)
        text = gettext("The keys cannot be read.")
        return NamedKey(failed("key", f"{text} {fault.problem}", fix=fault.fix))


def _foreign(text: str) -> Verdict:
    return failed("key", text, _UNKNOWN, gettext(_FOREIGN))


def _looked_up(kid: str, now: datetime) -> NamedKey:
    # Databases refuse some characters. No key of this site has them.
    is_possible = len(kid) <= _LONGEST_KID and kid.isprintable()
    row = SigningKey.objects.authoritative().filter(kid=kid).first() if is_possible else None
    if row is not None and row.kid == kid:
        return _of_row(row, now)
    former = FormerKey.objects.filter(kid=kid).first() if is_possible else None
    if former is not None and former.kid == kid:
        text = gettext("%(kid)s was deleted %(when)s, after it had left the JWK Set.")
        text %= {"kid": kid, "when": when(former.deleted_at, now)}
        return NamedKey(failed("key", text, _UNKNOWN, gettext(_RENEW)))
    text = gettext("This site has no key %(kid)s, and no record that it had one.")
    return NamedKey(_foreign(text % {"kid": shown(kid)}))


def _of_row(row: SigningKey, now: datetime) -> NamedKey:
    try:
        dates = (row.activates_at, row.retires_at, row.expires_at)
        key = PublishedKey(row.kid, row.algorithm, row.published_jwk, *dates)
    except Unpublishable as error:
        text = gettext("The JWK Set leaves %(kid)s out: %(problem)s.")
        text %= {"kid": row.kid, "problem": error}
        fix = gettext("Restore the row, or run 'manage.py mcp_keys revoke %(kid)s'.")
        return NamedKey(failed("key", text, _UNKNOWN, fix % {"kid": row.kid}))
    return NamedKey(_state_verdict(row, now), key)


def _state_verdict(row: SigningKey, now: datetime) -> Verdict:
    state = row.state(now)
    if state is State.REVOKED and row.revoked_at:
        text = gettext("%(kid)s was revoked %(when)s.")
        text %= {"kid": row.kid, "when": when(row.revoked_at, now)}
        return failed("key", text, _UNKNOWN, gettext(_RENEW))
    if state is State.EXPIRED and row.expires_at:
        text = gettext("%(kid)s expired: it left the JWK Set %(when)s.")
        text %= {"kid": row.kid, "when": when(row.expires_at, now)}
        longer = gettext("If tokens live longer, raise MCP_KEY_RETENTION.")
        return failed("key", text, _UNKNOWN, f"{gettext(_RENEW)} {longer}")
    values = {
        "kid": row.kid,
        "activates": stamp(row.activates_at),
        "expires": stamp(row.expires_at),
    }
    return passed("key", gettext(_STATES[state]) % values)


def signature_verdicts(parts: Parts, key: PublishedKey | None) -> list[Verdict]:
    """Return the verdicts about the algorithm and the signature."""
    if parts.header is None or key is None:
        why = gettext("the public key of the token is not known")
        return [skipped("alg", why), skipped("signature", why)]
    received = parts.header.get("alg")
    if received != key.algorithm:
        text = gettext("alg is %(received)s; expected %(alg)s, the algorithm of the key.")
        text %= {"received": shown(received), "alg": key.algorithm}
        fix = gettext(
            "Sign with sign_jwt(), which writes alg and kid. Such a token may be an attack."
        )
        verdict = failed("alg", text, "bad_signature", fix)
        return [verdict, skipped("signature", gettext("the algorithm is not that of the key"))]
    text = gettext("alg is %(alg)s, the algorithm of the key.")
    algorithm = passed("alg", text % {"alg": key.algorithm})
    try:
        signed = extract(parts.token, Registry())
    except InvalidToken:
        return [algorithm, skipped("signature", gettext("the token is malformed"))]
    verdict = judged(
        "signature",
        lambda: verified_claims(signed, key.parsed, key.algorithm, REGISTRIES[key.algorithm]),
        gettext("The signature is valid."),
        gettext(
            "The token was changed or cut, or its payload is not a JSON object. Copy it again."
        ),
    )
    return [algorithm, verdict]
