"""What the tests of each change do to the key store, and how they look at it."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import FormerKey, SigningKey
from mcp_oauth_discovery.rotation import Refused
from tests.keys import DAY, NOW

AHEAD, INTERVAL, RETENTION = DAY, 90 * DAY, 2 * DAY


def rotate(now=NOW, **kwargs):
    return rotation.rotate("EdDSA", now=now, **kwargs)


def fresh(key):
    return SigningKey.objects.get(pk=key.pk)


def dates(key):
    key = fresh(key)
    return key.activates_at, key.retires_at, key.expires_at, key.revoked_at


def everything():
    """Return all that is stored."""
    rows = SigningKey.objects.order_by("pk").values_list()
    return list(rows), list(FormerKey.objects.order_by("pk").values_list())


def refused(act, *args, **kwargs):
    """Return the reason for which something is not done, having changed nothing."""
    before = everything()
    with pytest.raises(Refused) as caught:
        act(*args, **kwargs)
    assert everything() == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def prune(now, **kwargs):
    return tuple(rotation.prune(now=now, **kwargs))
