"""Keys to run the command on."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey, State
from tests.mcp_keys.command import active, ago


@pytest.fixture
def key():
    """Return an active EdDSA key, which is not due for a while."""
    return rotation.rotate("EdDSA")


@pytest.fixture
def keys():
    """Return one key for each state, by its state."""
    for days in (200, 100, 2, 0):
        rotation.rotate("EdDSA", now=ago(days))
    rotation.rotate("ES256")
    rotation.revoke(active("ES256"))
    SigningKey.objects.filter(pk=active("ES256").pk).delete()
    found = {one.state(): one for one in SigningKey.objects.all()}
    assert set(found) == set(State)
    return found


@pytest.fixture
def file(tmp_path):
    """Return a function that puts octets into a file and returns its path."""

    def write(octets):
        path = tmp_path / "key"
        path.write_bytes(octets)
        return str(path)

    return write


@pytest.fixture
def prunable():
    """Return a key that lost its private half's use, and one that expired long ago."""
    rotation.rotate("EdDSA", now=ago(800))
    rotation.rotate("EdDSA", now=ago(700))
    rotation.rotate("EdDSA", now=ago(2))
    deleted, erased, _ = SigningKey.objects.order_by("generation")
    return erased, deleted
