"""Every change of the key store: rotate, retire, revoke, prune, re-encrypt, import."""

from __future__ import annotations

from mcp_oauth_discovery.rotation.changes import (
    Pruned,
    prune,
    reencrypt,
    retire,
    revoke,
    rotate,
)
from mcp_oauth_discovery.rotation.intake import import_key
from mcp_oauth_discovery.rotation.writes import Refused

__all__ = ["Pruned", "Refused", "import_key", "prune", "reencrypt", "retire", "revoke", "rotate"]
