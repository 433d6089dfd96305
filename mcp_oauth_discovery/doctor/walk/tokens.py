"""Requests with tokens: forged ones, those of this project, and that of the user.

Each is an empty POST to the MCP endpoint. No tool can be called with it.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.transport.messages import Transport
from mcp_oauth_discovery.doctor.transport.reachability import is_exposed
from mcp_oauth_discovery.doctor.walk import headers
from mcp_oauth_discovery.doctor.walk.challenges import bearer_of, is_dpop
from mcp_oauth_discovery.doctor.walk.credentials import Token
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.probes import Get
from mcp_oauth_discovery.doctor.walk.reading import is_html
from mcp_oauth_discovery.standards.identifiers import is_loopback, origin
from mcp_oauth_discovery.standards.www_authenticate import scope_tokens

MADE_UP = "made-up-by-the-doctor"
# Why the token of the user is not sent; reports translate it.
IN_THE_CLEAR = _("The URL is http, so anyone on the way could read the token.")
FOR_ANOTHER = _("It is for another endpoint of this project.")
BOUND = _("It is bound to a key, and the doctor cannot make the DPoP proof that goes with it.")
# The statuses for an empty body, its type, Accept, and the protocol version.
OF_THE_REQUEST = (400, 406, 411, 412, 413, 415, 422)
# RFC 6750 §3.1: a token is refused with one of these, and with a 503 none is judged.
_REFUSALS = (401, 403)
_UNDECIDED = 503
_TYPE = "at+jwt"

# In seconds. The tokens of this project are only for the next request.
_LIFETIME = 60
# Longer ago than any clock is wrong.
_LONG_AGO = 30 * 24 * 3600

# Words with which a server refuses a token, whatever the status; "Unexpected token" of a parser
# of JSON is none of them.
_OF_TOKENS = re.compile(
    rb"(access|invalid|expired|bad|bearer|malformed)[ _-]?token|token (is|has|was|not|could)\b|"
    rb"\bjwts?\b|invalid_request|un_?authori[sz]ed|unauthenticated|not authenticated|"
    rb"\b(authentication|authorization)\b|forbidden|(access|permission) denied|"
    rb"(log|sign)(ged)?[ -]in\b|credentials|signature",
    re.I,
)


def is_protected(walk: Walk) -> bool:
    """Return whether the endpoint itself refuses a POST without a token with 401."""
    return walk.post is not None and walk.post.status == 401 and not walk.post.intermediary


def is_let_in(exchange: Exchange | None) -> bool:
    """Return whether an answer judges the empty body, and no longer the token."""
    answer = exchange.answer if exchange and not exchange.intermediary else None
    if answer is None or answer.header("www-authenticate"):
        return False
    # Django's views send text/html unless they choose another type.
    if is_html(answer) and answer.body.lstrip().startswith(b"<"):
        return False
    is_of_the_body = 200 <= answer.status < 300 or answer.status in OF_THE_REQUEST
    return is_of_the_body and not _OF_TOKENS.search(answer.body)


def is_refused(exchange: Exchange | None) -> bool:
    """Return whether an answer refuses the token with one of the statuses for that."""
    return exchange is not None and exchange.status in _REFUSALS and not exchange.intermediary


def is_admitted(exchange: Exchange | None) -> bool:
    """Return whether a token of this project is let in, even if the view then fails."""
    if exchange is None or exchange.answer is None or exchange.intermediary:
        return False
    status = exchange.status
    return not (300 <= status < 400 or status in _REFUSALS or status == _UNDECIDED)


def needed_scopes(walk: Walk) -> tuple[str, ...]:
    """Return the scopes that the challenge of the POST asks for."""
    challenge = bearer_of(walk.post)
    try:
        return scope_tokens(challenge.parameters.get("scope")) if challenge else ()
    except ValueError:
        # Another finding reports it.
        return ()


def ask_with_forged_tokens(walk: Walk, get: Get, transport: Transport) -> None:
    """Send a made-up token, the same in the query, and a token without a signature."""
    if not is_protected(walk):
        return
    made_up = _ask(walk, transport, Token.MADE_UP, MADE_UP)
    if made_up.answer is None or is_let_in(made_up):
        # The other tokens would show nothing more.
        return
    url = f"{walk.url}{'&' if urlsplit(walk.url).query else '?'}access_token={MADE_UP}"
    walk.tokens[Token.IN_QUERY] = Exchange(url, transport.send("POST", url, headers.ENDPOINT))
    _ask(walk, transport, Token.UNSIGNED, _unsigned(walk))


def ask_with_own_tokens(walk: Walk, get: Get, transport: Transport) -> None:
    """Send tokens that this project signs: a good one, and one for each rule.

    They never leave the process, and none is in a URL.
    """
    if not _can_judge_own(walk):
        return
    claims = _claims(walk, walk.url)
    good = _ask_with_own(walk, transport, Token.OWN, claims)
    challenge = bearer_of(good)
    if challenge and challenge.parameters.get("error") == "insufficient_scope":
        # A client would ask for the scope that the 403 names, and try again.
        named = challenge.parameters.get("scope", "")
        claims = {**claims, "scope": f"{claims.get('scope', '')} {named}".strip()}
        _ask_with_own(walk, transport, Token.OWN, claims)
    for kind, (changed, typ) in _bad_tokens(walk, claims).items():
        _ask_with_own(walk, transport, kind, changed, typ)


def _ask_with_own(
    walk: Walk, transport: Transport, kind: Token, claims: Mapping[str, Any], typ: str = _TYPE
) -> Exchange | None:
    token = walk.credentials.sign(claims, typ)
    if token is None:
        return None
    exchange = _ask(walk, transport, kind, token)
    if kind is Token.OWN and is_refused(exchange):
        _explain(walk, kind, token)
    return exchange


def _can_judge_own(walk: Walk) -> bool:
    """Return whether this project issues the tokens for the endpoint, and forged ones are refused.

    An endpoint that lets a forged token in, or fails on it, judges none. One that offers
    only DPoP refuses every token without a proof.
    """
    members = walk.resource.content if walk.resource else {}
    issuers = members.get("authorization_servers")
    is_ours = isinstance(issuers, list) and walk.credentials.issuer in issuers
    forged = [walk.tokens.get(kind) for kind in (Token.MADE_UP, Token.UNSIGNED)]
    takes_bearer = any(challenge.is_bearer for challenge in walk.challenges)
    requires_dpop = not takes_bearer and any(map(is_dpop, walk.challenges))
    return (
        walk.in_process
        and not walk.signing
        and not requires_dpop
        and is_ours
        and members.get("resource") == walk.url
        and all(map(is_refused, forged))
    )


def ask_with_given_token(walk: Walk, get: Get, transport: Transport) -> None:
    """Send the token of the user, to the endpoint alone, and never in the clear."""
    given = walk.credentials.given
    if given is None or not is_protected(walk) or unsent_because(walk):
        return
    exchange = _ask(walk, transport, Token.GIVEN, given.token)
    # Without an answer, code of the project may hang, and so may its explanation.
    if exchange.answer and not is_let_in(exchange):
        _explain(walk, Token.GIVEN, given.token)


def unsent_because(walk: Walk) -> str:
    """Return why the token of the user is not sent to a protected endpoint, or ""."""
    given, url = walk.credentials.given, walk.url
    if not walk.in_process and (is_exposed(url) or _leads_away(walk)):
        return IN_THE_CLEAR
    audiences = given.audiences if given else []
    if url not in audiences and not walk.credentials.endpoints.isdisjoint(map(str, audiences)):
        return FOR_ANOTHER
    claims = (given.claims if given else None) or {}
    return BOUND if "cnf" in claims and any(map(is_dpop, walk.challenges)) else ""


def _leads_away(walk: Walk) -> bool:
    """Return whether plain http to a name of this machine leads to another machine."""
    addresses = walk.post.outcome.addresses if walk.post else ()
    is_plain = urlsplit(walk.url).scheme == "http"
    return is_plain and not all(map(is_loopback, addresses))


def _ask(walk: Walk, transport: Transport, kind: Token, token: str) -> Exchange:
    """Send an empty POST with a token, and keep the answer. Redirects are not followed."""
    request = (*headers.ENDPOINT, ("Authorization", f"Bearer {token}"))
    exchange = Exchange(walk.url, transport.send("POST", walk.url, request))
    walk.tokens[kind] = exchange
    return exchange


def _explain(walk: Walk, kind: Token, token: str) -> None:
    explanation = walk.credentials.explain(token, walk.url)
    if explanation is not None:
        walk.explanations[kind] = explanation


def _unsigned(walk: Walk) -> str:
    """Return a JWT with the right claims that anyone can write (RFC 7519 §6)."""
    members = walk.resource.content if walk.resource else {}
    issuers = members.get("authorization_servers")
    first = issuers[0] if isinstance(issuers, list) and issuers else origin(walk.url)
    audience = members.get("resource", walk.url)
    claims = {"iss": first, "sub": MADE_UP, **_claims(walk, audience)}
    parts = ({"alg": "none", "typ": _TYPE}, claims)
    return ".".join([*map(_encoded, parts), ""])


def _bad_tokens(
    walk: Walk, claims: Mapping[str, Any]
) -> dict[Token, tuple[Mapping[str, Any], str]]:
    """Return the claims and the type of each token that differs from a good one in one point."""
    issued = claims["iat"] - _LONG_AGO
    # RemoteIssuer and others recognise an ID token by its claims.
    of_an_id_token = {"token_use": "id", "nonce": MADE_UP}
    tokens: dict[Token, tuple[Mapping[str, Any], str]] = {
        Token.OTHER_AUDIENCE: ({**claims, "aud": f"{origin(walk.url)}/{MADE_UP}"}, _TYPE),
        Token.EXPIRED: ({**claims, "iat": issued, "exp": issued + _LIFETIME}, _TYPE),
        Token.OTHER_TYPE: ({**claims, **of_an_id_token}, "JWT"),
    }
    if needed_scopes(walk):
        without = {name: value for name, value in claims.items() if name != "scope"}
        tokens[Token.WITHOUT_SCOPE] = (without, _TYPE)
    return tokens


def _claims(walk: Walk, audience: object) -> dict[str, Any]:
    """Return the claims of a good token, with every scope that the site names."""
    now = int(time.time())
    offered = (walk.resource.content if walk.resource else {}).get("scopes_supported")
    names = [*needed_scopes(walk), *(offered if isinstance(offered, list) else [])]
    scope = " ".join(dict.fromkeys(name for name in names if isinstance(name, str)))
    claims = {"aud": audience, "client_id": MADE_UP, "iat": now, "exp": now + _LIFETIME}
    return {**claims, "scope": scope} if scope else claims


def _encoded(members: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()
