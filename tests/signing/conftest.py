"""A pinned issuer, and the keys that sign for it."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery import rotation
from tests import ORIGIN
from tests.keys import EC, ED, NOW, RSA, VECTORS, as_file


@pytest.fixture(autouse=True)
def _pinned(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA", "ES256", "RS256"]


@pytest.fixture
def key():
    """The active EdDSA key."""
    return rotation.rotate("EdDSA", now=NOW)


@pytest.fixture(params=[RSA, EC, ED], ids=["RS256", "ES256", "EdDSA"])
def each(request):
    """The active key of each algorithm in turn."""
    return rotation.import_key(as_file(VECTORS[request.param]), now=NOW)


@pytest.fixture
def pair(key):
    """The active key, which retires a day after NOW, and its successor."""
    return key, rotation.rotate("EdDSA", now=NOW)
