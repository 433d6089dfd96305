"""Verifiers that nobody here wrote hold to their caches while the keys of the example change."""

from __future__ import annotations

ALGORITHMS = ["RS256", "ES256", "EdDSA"]
