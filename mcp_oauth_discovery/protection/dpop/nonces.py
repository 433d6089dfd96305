"""Nonces for proofs (RFC 9449 §8, §9): a time that this site has signed, so that none is stored."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.signing import BadSignature, Signer

from mcp_oauth_discovery.conf import Misconfigured, conf

# A client gets a new nonce with the refusal of an old one.
LIFETIME = timedelta(minutes=5)
# The host that made a nonce may be ahead of the one that reads it.
_AHEAD = timedelta(minutes=1)

_SALT = "mcp_oauth_discovery.protection.dpop"


def are_required() -> bool:
    """Return `MCP_DPOP_NONCE_REQUIRED`; raises `Misconfigured`."""
    value: object = conf.MCP_DPOP_NONCE_REQUIRED
    if not isinstance(value, bool):
        hint = "Write MCP_DPOP_NONCE_REQUIRED = True, or leave it out."
        raise Misconfigured.of("MCP_DPOP_NONCE_REQUIRED", value, "expected True or False", hint)
    return value


def new_nonce(now: datetime) -> str:
    """Return a nonce that is valid from an instant on, for `LIFETIME`."""
    return Signer(salt=_SALT).sign(str(int(now.timestamp())))


def is_valid(nonce: object, now: datetime) -> bool:
    """Return whether this site made a nonce, not longer than `LIFETIME` ago."""
    if not isinstance(nonce, str):
        return False
    try:
        made_at = int(Signer(salt=_SALT).unsign(nonce))
    except (BadSignature, ValueError):
        return False
    age = now.timestamp() - made_at
    return -_AHEAD.total_seconds() <= age <= LIFETIME.total_seconds()
