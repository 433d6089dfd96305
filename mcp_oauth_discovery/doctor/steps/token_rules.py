"""Why an endpoint may refuse a token: its claims beside the documents and the clock."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.published_keys import keys_of
from mcp_oauth_discovery.doctor.steps.signed import verifies
from mcp_oauth_discovery.doctor.steps.values import strings
from mcp_oauth_discovery.doctor.walk.acceptance import difference
from mcp_oauth_discovery.doctor.walk.challenges import challenges_of
from mcp_oauth_discovery.doctor.walk.credentials import Refusal, Token
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.tokens import needed_scopes
from mcp_oauth_discovery.standards.token_parts import Parts

# The accepted difference between the clocks of two machines, in seconds.
_SKEW = 60
_TYPES = ("at+jwt", "application/at+jwt")
# Members that only ID tokens have.
_OF_ID_TOKENS = ("nonce", "at_hash", "c_hash")
_OF_KEYS = (
    "Get a new token from the server whose keys are published, and publish the key that signs."
)


def refusals(walk: Walk, parts: Parts) -> Iterator[Refusal]:
    """Yield each rule that refuses a token, as far as the documents show it, with the fix."""
    if parts.header is None:
        yield Refusal("form", "It is opaque, not a JWT: only the server can read it.")
        return
    if parts.claims is None:
        problem = "It is encrypted, or its claims are no JSON object: only the server can read it."
        yield Refusal("form", problem)
        return
    yield from _issuer(walk, parts.claims)
    yield from _audience(walk, parts)
    yield from _times(parts.claims)
    yield from _signature(walk, parts, parts.header)
    yield from _type(parts.header, parts.claims)
    yield from _scope(walk, parts.claims)
    if "cnf" in parts.claims:
        problem = "It has cnf: it needs a proof of possession, and may never pass as Bearer."
        yield Refusal("cnf", problem, "Get a token that is not bound to a key.")


def _issuer(walk: Walk, claims: Mapping[str, Any]) -> Iterator[Refusal]:
    issuers = strings(walk.resource.content, "authorization_servers") if walk.resource else []
    issuer = claims.get("iss")
    if issuers and issuer not in issuers:
        problem = _compared("iss", issuer, issuers, "authorization_servers has")
        yield Refusal("iss", problem, f"Get the token from {shown(issuers[0])}.")


def _audience(walk: Walk, parts: Parts) -> Iterator[Refusal]:
    resource = walk.resource.content.get("resource") if walk.resource else None
    accepted = list(dict.fromkeys([resource, walk.url])) if isinstance(resource, str) else []
    audiences = parts.audiences
    if not any(audience in audiences for audience in accepted or [walk.url]):
        received = audiences[0] if len(audiences) == 1 else audiences or None
        expected = (accepted or [walk.url])[:1]
        fix = (
            f"Get a token for this resource: request it with resource={shown(expected[0])}, and "
            "have the authorization server write that into aud."
        )
        yield Refusal("aud", _compared("aud", received, expected, "the resource is"), fix)


def _compared(name: str, received: object, expected: list[str], source: str) -> str:
    """Return a sentence about a claim, with the difference if there is one expected value."""
    start = f"It has no {name}" if received is None else f"{name} is {shown(received)}"
    hint = ""
    if isinstance(received, str) and len(expected) == 1:
        hint = f" {difference(received, expected[0])}".rstrip()
    return f"{start}; {source} {shown(', '.join(expected))}.{hint}"


def _times(claims: Mapping[str, Any]) -> Iterator[Refusal]:
    now = time.time()
    expiry, start = _number(claims, "exp"), _number(claims, "nbf")
    if expiry is None:
        yield Refusal("exp", "It has no exp that is a number.", "Issue tokens with exp.")
    elif expiry <= now:
        yield Refusal("exp", f"It expired: exp is {_stamp(expiry)}.", "Get a new token.")
    if start is not None and start > now + _SKEW:
        problem = f"It is not valid yet: nbf is {_stamp(start)}."
        yield Refusal("nbf", problem, "Compare the clocks of both servers.")


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
        yield Refusal("alg", "alg is none: it has no signature.", "Get a signed token.")
        return
    issuer = (parts.claims or {}).get("iss")
    sets = [server.jwks for server in walk.servers if server.issuer == issuer]
    if not sets or any(document is None or document.members is None for document in sets):
        # Without all keys of the issuer, no signature can be judged.
        return
    keys = [key for document in sets if document for key in keys_of(document)]
    named = [key for key in keys if kid is None or key.get("kid") == kid]
    if not named:
        published = ", ".join(str(key.get("kid")) for key in keys) or "no key"
        problem = f"No published key has its kid {shown(kid)}; the JWK Set has {shown(published)}."
        yield Refusal("kid", problem, _OF_KEYS)
    elif not any(key.get("alg", algorithm) == algorithm for key in named):
        problem = f"alg is {shown(algorithm)}; its key is for {shown(named[0].get('alg'))}."
        yield Refusal("alg", problem, _OF_KEYS)
    elif not any(verifies(parts.token, key) for key in named):
        problem = (
            "The published keys did not sign it: it was changed or cut, or the keys are others."
        )
        yield Refusal("signature", problem, _OF_KEYS)


def _type(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Iterator[Refusal]:
    if any(name in claims for name in _OF_ID_TOKENS):
        fix = "Send the access token of the same answer."
        yield Refusal("typ", "It looks like an ID token.", fix)
    elif str(header.get("typ")).lower() not in _TYPES:
        problem = f"typ is {shown(header.get('typ'))}; strict servers require at+jwt (RFC 9068 §4)."
        yield Refusal("typ", problem, "Issue access tokens with typ at+jwt.")


def _scope(walk: Walk, claims: Mapping[str, Any]) -> Iterator[Refusal]:
    answered = walk.tokens.get(Token.GIVEN)
    named = [challenge.parameters.get("scope", "") for challenge in challenges_of(answered)]
    needed = " ".join(named).split() or list(needed_scopes(walk))
    scope = claims.get("scope", claims.get("scp", ""))
    granted = scope.split() if isinstance(scope, str) else scope
    missing = [name for name in needed if not isinstance(granted, list) or name not in granted]
    if missing:
        lacking = shown(" ".join(dict.fromkeys(missing)))
        problem = f"It lacks the scope {lacking} of the challenge."
        yield Refusal("scope", problem, f"Get a token with the scope {lacking}.")
