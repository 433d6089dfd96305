"""Rules for the claims of tokens from other servers, and their scopes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from mcp_oauth_discovery.identity.lookup import is_from_any_host
from mcp_oauth_discovery.logs.lines import logger
from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.signing.rules import check_expiry, check_start
from mcp_oauth_discovery.standards.marking import gettext_noop as _

_ANY_HOST = (
    "All tokens are refused, because none can be verified. ALLOWED_HOSTS has '*', and neither "
    "MCP_ISSUER nor MCP_RESOURCE is set: the sender of a Host header chooses the audience. Write "
    'the URL of the MCP endpoint: MCP_RESOURCE = "https://app.example.com/mcp".'
)

# Keycloak says so in `typ`, Cognito and Ory Hydra in `token_use`.
_NO_ACCESS_TOKEN = ("id", "id_token", "refresh", "refresh_token", "offline", "logout")

# In seconds, for clocks that differ.
LEEWAY = 60


def audiences_for(resource: str, given: Sequence[str] | None) -> Sequence[str]:
    """Return the accepted audiences: the given ones, or that of the resource.

    Raises `InvalidToken` if any client can choose the resource. A token for another site would be
    valid here, if `Host` names the other site.
    """
    if given is not None:
        return given
    if is_from_any_host(resource):
        extra = {"event": "tokens.unverifiable"}
        logger.error(_ANY_HOST, extra=extra)
        raise InvalidToken(_("This site does not know its own identifier"), reason="not_pinned")
    return (resource,)


def check_use(claims: Mapping[str, Any]) -> None:
    """Refuse a token whose claims say that it is an ID token, a refresh token or a logout token."""
    for name in ("typ", "token_use"):
        use = claims.get(name)
        if isinstance(use, str) and use.lower() in _NO_ACCESS_TOKEN:
            raise InvalidToken(
                _("The token is not an access token"), reason="wrong_type", received={name: use}
            )


def check_times(claims: Mapping[str, Any], *, must_expire: bool = True) -> None:
    """Refuse a token that has expired, is not valid yet, or has no `exp` although it must."""
    now = time.time()
    if must_expire or "exp" in claims:
        check_expiry(claims, now, LEEWAY)
    check_start(claims, now, LEEWAY)


def with_scope(claims: dict[str, Any]) -> dict[str, Any]:
    """Return the claims with `scope`; Entra ID and Okta call it `scp`, which stays too."""
    if "scope" in claims or "scp" not in claims:
        return claims
    return {**claims, "scope": claims["scp"]}
