"""What this site's own rules say about a token, whatever it is for; `verify_jwt` has the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.doctor.language import gettext, ngettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.project.tokens.keys import named_key, signature_verdicts
from mcp_oauth_discovery.doctor.project.tokens.times import time_verdicts
from mcp_oauth_discovery.doctor.project.tokens.verdicts import (
    NO_CLAIMS,
    NO_HEADER,
    Verdict,
    failed,
    judged,
    near_miss,
    passed,
    skipped,
)
from mcp_oauth_discovery.identity import pinned_issuer
from mcp_oauth_discovery.signing.jose import Registry
from mcp_oauth_discovery.signing.rules import (
    check_audience,
    check_header,
    check_issuer,
    check_type,
    extract,
)
from mcp_oauth_discovery.standards.token_parts import Parts

TYPE = "at+jwt"
_ELSEWHERE = _("this site issues no tokens: MCP_AUTHORIZATION_SERVERS names another server")

# Members that only ID tokens have, and what Keycloak writes into the claim `typ`.
_OF_ID_TOKENS = frozenset({"nonce", "at_hash", "c_hash"})
_ID, _REFRESH = "ID", "Refresh"


def token_verdicts(parts: Parts, now: datetime, *, issues_tokens: bool) -> list[Verdict]:
    """Return the verdicts that do not depend on a resource, each even if an earlier one failed.

    If this site issues no tokens, its rules about key and issuer are skipped.
    """
    own = _own_verdicts(parts, now) if issues_tokens else _skipped_verdicts()
    return [
        _form(parts),
        _header(parts.header),
        *own,
        *time_verdicts(parts.claims, now),
        _possession(parts.claims),
    ]


def _own_verdicts(parts: Parts, now: datetime) -> list[Verdict]:
    key = named_key(parts.header, now)
    signature = signature_verdicts(parts, key.key)
    return [_type(parts), key.verdict, *signature, _issuer(parts.claims)]


def _skipped_verdicts() -> list[Verdict]:
    why = gettext(_ELSEWHERE)
    return [skipped(rule, why) for rule in ("typ", "key", "alg", "signature", "iss")]


def audience_verdict(parts: Parts, identifier: str) -> Verdict:
    """Return whether a token is for a resource."""
    if parts.claims is None:
        return skipped("aud", gettext(NO_CLAIMS))
    claims, audience = parts.claims, parts.claims.get("aud")
    values = audience if isinstance(audience, list) else [audience]
    hints = filter(None, (near_miss(value, identifier) for value in values))
    return judged(
        "aud",
        lambda: check_audience(claims, identifier),
        gettext("The token is for this resource."),
        _audience_fix(next(hints, ""), identifier),
    )


def _audience_fix(difference: str, identifier: str) -> str:
    request = gettext("Clients request a token for this resource with resource=%(identifier)s.")
    request %= {"identifier": identifier}
    if difference:
        compared = gettext("Identifiers are compared character by character.")
        return f"{difference} {compared} {request}"
    return request


def _form(parts: Parts) -> Verdict:
    length = {"number": len(parts.token)}
    if parts.is_encrypted:
        text = gettext(
            "The token is encrypted (JWE, %(number)d characters). This site can read signed tokens "
            "only."
        )
        fix = gettext("Have the authorization server issue signed access tokens.")
        return failed("form", text % length, "malformed", fix)
    if parts.is_opaque:
        text = ngettext(
            "The token is not a JWT but a text of %(number)d character: opaque, or a refresh "
            "token.",
            "The token is not a JWT but a text of %(number)d characters: opaque, or a refresh "
            "token.",
            len(parts.token),
        )
        fix = gettext(
            "A refresh token is for the token endpoint alone. To accept opaque access tokens, "
            "write a verifier such as Introspection(…) or ApiKey(…) in the protection."
        )
        return failed("form", text % length, "malformed", fix)
    fix = gettext("Copy the whole token again: three parts with dots between them.")
    text = gettext("The token is a signed JWT of %(number)d characters.") % length
    return judged("form", lambda: extract(parts.token, Registry()), text, fix)


def _header(header: Mapping[str, Any] | None) -> Verdict:
    if header is None:
        return skipped("header", gettext(NO_HEADER))
    fix = gettext(
        "The header must not supply a key, or require an extension. This may be an attack."
    )
    text = gettext("The header supplies no key, and requires no extension.")
    return judged("header", lambda: check_header(header), text, fix)


def _type(parts: Parts) -> Verdict:
    header = parts.header
    if header is None:
        return skipped("typ", gettext(NO_HEADER))
    text = gettext("typ is %(typ)s.") % {"typ": TYPE}
    return judged("typ", lambda: check_type(header, TYPE), text, _type_fix(parts))


def _type_fix(parts: Parts) -> str:
    claims = parts.claims or {}
    if claims.get("typ") == _REFRESH:
        return gettext("This is a refresh token. Send the access token of the same answer.")
    if claims.get("typ") == _ID or not _OF_ID_TOKENS.isdisjoint(claims):
        return gettext("This looks like an ID token. Send the access token of the same answer.")
    return gettext("Issue access tokens with typ at+jwt (RFC 9068), as sign_jwt() does.")


def _issuer(claims: Mapping[str, Any] | None) -> Verdict:
    try:
        issuer = pinned_issuer()
    except Misconfigured as error:
        text = gettext("This site can have issued no token.")
        return failed("iss", f"{text} {error.problem}", "not_pinned", error.hint)
    if claims is None:
        return skipped("iss", gettext(NO_CLAIMS))
    fix = near_miss(claims.get("iss"), issuer) or gettext(
        "If this other issuer is right, write verify=RemoteIssuer(…) in the protection."
    )
    text = gettext("iss is MCP_ISSUER.")
    return judged("iss", lambda: check_issuer(claims, issuer), text, fix)


def _possession(claims: Mapping[str, Any] | None) -> Verdict:
    if claims is None:
        return skipped("cnf", gettext(NO_CLAIMS))
    if "cnf" in claims:
        text = gettext(
            "The token has cnf: it needs a proof of possession, and never passes as Bearer."
        )
        fix = gettext(
            "Send it with a DPoP proof to a view with dpop. Or have the authorization server issue "
            "Bearer tokens for this resource."
        )
        return failed("cnf", text, "sender_constrained", fix)
    return passed("cnf", gettext("The token needs no proof of possession."))
