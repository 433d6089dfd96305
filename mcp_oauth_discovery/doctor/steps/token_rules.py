"""Why an endpoint may refuse a token: its claims beside the documents and the clock."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.published_keys import keys_of
from mcp_oauth_discovery.doctor.steps.signed import verifies
from mcp_oauth_discovery.doctor.steps.values import strings
from mcp_oauth_discovery.doctor.walk.acceptance import difference
from mcp_oauth_discovery.doctor.walk.challenges import challenges_of, is_dpop, is_readable
from mcp_oauth_discovery.doctor.walk.credentials import Refusal, Token
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.tokens import needed_scopes
from mcp_oauth_discovery.standards.token_parts import Parts

# The accepted difference between the clocks of two machines, in seconds.
_SKEW = 60
_TYPES = ("at+jwt", "application/at+jwt")
# Members that only ID tokens have.
_OF_ID_TOKENS = ("nonce", "at_hash", "c_hash")
_OF_KEYS = _(
    "Get a new token from the server whose keys are published, and publish the key that signs."
)


def refusals(walk: Walk, parts: Parts) -> Iterator[Refusal]:
    """Yield each rule that refuses a token, as far as the documents show it, with the fix."""
    if parts.header is None:
        yield Refusal("form", gettext("It is opaque, not a JWT: only the server can read it."))
        return
    if parts.claims is None:
        problem = gettext(
            "It is encrypted, or its claims are no JSON object: only the server can read it."
        )
        yield Refusal("form", problem)
        return
    yield from _issuer(walk, parts.claims)
    yield from _audience(walk, parts)
    yield from _times(parts.claims)
    yield from _signature(walk, parts, parts.header)
    yield from _type(parts.header, parts.claims)
    yield from _scope(walk, parts.claims)
    offered = list(filter(is_readable, walk.challenges))
    if "cnf" not in parts.claims and offered and all(map(is_dpop, offered)):
        problem = gettext("It is not bound to a key, and the endpoint offers DPoP alone.")
        yield Refusal("cnf", problem, gettext("Request the token with a DPoP proof."))
    elif "cnf" in parts.claims:
        problem = gettext(
            "It has cnf: it needs a proof of possession, and may never pass as Bearer."
        )
        yield Refusal("cnf", problem, gettext("Get a token that is not bound to a key."))


def _issuer(walk: Walk, claims: Mapping[str, Any]) -> Iterator[Refusal]:
    issuers = strings(walk.resource.content, "authorization_servers") if walk.resource else []
    issuer = claims.get("iss")
    if issuers and issuer not in issuers:
        text = (
            gettext("It has no iss; authorization_servers has %(issuers)s.")
            if issuer is None
            else gettext("iss is %(received)s; authorization_servers has %(issuers)s.")
        )
        problem = text % {"received": shown(issuer), "issuers": shown(", ".join(issuers))}
        fix = gettext("Get the token from %(issuer)s.") % {"issuer": shown(issuers[0])}
        yield Refusal("iss", _with_difference(problem, issuer, issuers), fix)


def _audience(walk: Walk, parts: Parts) -> Iterator[Refusal]:
    resource = walk.resource.content.get("resource") if walk.resource else None
    accepted = list(dict.fromkeys([resource, walk.url])) if isinstance(resource, str) else []
    audiences = parts.audiences
    if not any(audience in audiences for audience in accepted or [walk.url]):
        received = audiences[0] if len(audiences) == 1 else audiences or None
        expected = accepted[0] if accepted else walk.url
        values = {"received": shown(received), "resource": shown(expected)}
        text = (
            gettext("It has no aud; the resource is %(resource)s.")
            if received is None
            else gettext("aud is %(received)s; the resource is %(resource)s.")
        )
        fix = gettext(
            "Get a token for this resource: request it with resource=%(resource)s, and have the "
            "authorization server write that into aud."
        )
        yield Refusal("aud", _with_difference(text % values, received, [expected]), fix % values)


def _with_difference(problem: str, received: object, expected: list[str]) -> str:
    """Return a sentence about a claim, with the difference if there is one expected value."""
    if isinstance(received, str) and len(expected) == 1:
        return f"{problem} {difference(received, expected[0])}".rstrip()
    return problem


def _times(claims: Mapping[str, Any]) -> Iterator[Refusal]:
    now = time.time()
    expiry, start = _number(claims, "exp"), _number(claims, "nbf")
    if expiry is None:
        problem = gettext("It has no exp that is a number.")
        yield Refusal("exp", problem, gettext("Issue tokens with exp."))
    elif expiry <= now:
        problem = gettext("It expired: exp is %(date)s.") % {"date": _stamp(expiry)}
        yield Refusal("exp", problem, gettext("Get a new token."))
    if start is not None and start > now + _SKEW:
        problem = gettext("It is not valid yet: nbf is %(date)s.") % {"date": _stamp(start)}
        yield Refusal("nbf", problem, gettext("Compare the clocks of both servers."))


def _number(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _stamp(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, OSError, ValueError):
        return f"{seconds}"


def _signature(walk: Walk, parts: Parts, header: Mapping[str, Any]) -> Iterator[Refusal]:
    algorithm, kid = header.get("alg"), header.get("kid")
    if str(algorithm).lower() == "none":
        problem = gettext("alg is none: it has no signature.")
        yield Refusal("alg", problem, gettext("Get a signed token."))
        return
    issuer = (parts.claims or {}).get("iss")
    sets = [server.jwks for server in walk.servers if server.issuer == issuer]
    if not sets or any(document is None or document.members is None for document in sets):
        # Without all keys of the issuer, no signature can be judged.
        return
    keys = [key for document in sets if document for key in keys_of(document)]
    named = [key for key in keys if kid is None or key.get("kid") == kid]
    if not named:
        yield Refusal("kid", _unpublished(kid, keys), gettext(_OF_KEYS))
    elif not any(key.get("alg", algorithm) == algorithm for key in named):
        text = gettext("alg is %(alg)s; its key is for %(other)s.")
        problem = text % {"alg": shown(algorithm), "other": shown(named[0].get("alg"))}
        yield Refusal("alg", problem, gettext(_OF_KEYS))
    elif not any(verifies(parts.token, key) for key in named):
        problem = gettext(
            "The published keys did not sign it: it was changed or cut, or the keys are others."
        )
        yield Refusal("signature", problem, gettext(_OF_KEYS))


def _unpublished(kid: object, keys: list[Mapping[str, Any]]) -> str:
    text = (
        gettext("No published key has its kid %(kid)s; the JWK Set has %(kids)s.")
        if keys
        else gettext("No published key has its kid %(kid)s; the JWK Set has no key.")
    )
    published = ", ".join(str(key.get("kid")) for key in keys)
    return text % {"kid": shown(kid), "kids": shown(published)}


def _type(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Iterator[Refusal]:
    if any(name in claims for name in _OF_ID_TOKENS):
        fix = gettext("Send the access token of the same answer.")
        yield Refusal("typ", gettext("It looks like an ID token."), fix)
    elif str(header.get("typ")).lower() not in _TYPES:
        text = gettext("typ is %(typ)s; strict servers require at+jwt (RFC 9068 §4).")
        problem = text % {"typ": shown(header.get("typ"))}
        yield Refusal("typ", problem, gettext("Issue access tokens with typ at+jwt."))


def _scope(walk: Walk, claims: Mapping[str, Any]) -> Iterator[Refusal]:
    answered = walk.tokens.get(Token.GIVEN)
    named = [challenge.parameters.get("scope", "") for challenge in challenges_of(answered)]
    needed = " ".join(named).split() or list(needed_scopes(walk))
    scope = claims.get("scope", claims.get("scp", ""))
    granted = scope.split() if isinstance(scope, str) else scope
    missing = [name for name in needed if not isinstance(granted, list) or name not in granted]
    if missing:
        lacking = {"scope": shown(" ".join(dict.fromkeys(missing)))}
        problem = gettext("It lacks the scope %(scope)s of the challenge.") % lacking
        fix = gettext("Get a token with the scope %(scope)s.") % lacking
        yield Refusal("scope", problem, fix)
