"""DPoP (RFC 9449): a token works only with a proof that the client has a private key.

Experimental, as long as MCP itself only has a draft of it (SEP-1932).
"""

from __future__ import annotations

from mcp_oauth_discovery.protection.dpop.proofs import (
    PROOF_ALGORITHMS,
    InvalidProof,
    NonceRequired,
    Proof,
    verify_proof,
)

__all__ = ["PROOF_ALGORITHMS", "InvalidProof", "NonceRequired", "Proof", "verify_proof"]
