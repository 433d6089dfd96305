"""The clock of the host goes back by an hour while the site serves."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from django.utils import timezone as clock

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from tests import ASM, JWKS, PRM
from tests.example.walk import claims
from tests.keys import DAY, HOUR

pytestmark = pytest.mark.django_db

DOCUMENTS = (f"{PRM}/mcp", ASM, JWKS)


@pytest.fixture
def set_clock(monkeypatch):
    def set_clock(ahead):
        monkeypatch.setattr(clock, "now", lambda: datetime.now(timezone.utc) + ahead)

    return set_clock


@pytest.fixture
def pair(example, set_clock):
    """A key that has handed over half an hour ago, and its successor."""
    SigningKey.objects.all().delete()
    rotation.rotate("ES256", now=clock.now() - 30 * DAY)
    successor = rotation.rotate("ES256", now=clock.now() - 20 * DAY)
    handover = clock.now() - HOUR / 2
    former = SigningKey.objects.filter(generation=1)
    former.update(retires_at=handover, expires_at=handover + DAY)
    SigningKey.objects.filter(generation=2).update(activates_at=handover)
    return SigningKey.objects.get(generation=1), successor


def documents(walk):
    return [(response.status_code, response.content) for response in map(walk.http.get, DOCUMENTS)]


def test_nothing_differs_for_clients(pair, walk, set_clock, caplog):
    before, tokens = documents(walk), walk.sign_in()
    set_clock(-HOUR)
    assert documents(walk) == before
    assert walk.send(None).status_code == 401
    assert walk.send(tokens["access_token"]).status_code == 200
    assert walk.send(tokens["access_token"][:-9] + "forged-it").status_code == 401
    later = walk.sign_in()
    assert walk.send(later["access_token"]).status_code == 200
    assert [record for record in caplog.records if hasattr(record, "event")] == []


def test_token_of_the_wrong_clock_is_refreshed_when_the_clock_is_right(
    pair, walk, set_clock, caplog
):
    caplog.set_level("INFO", "mcp_oauth_discovery")
    set_clock(-HOUR)
    tokens = walk.sign_in()
    assert claims(tokens["access_token"])["exp"] < datetime.now(timezone.utc).timestamp()
    set_clock(0 * HOUR)
    assert walk.send(tokens["access_token"]).status_code == 401
    [refused] = [
        record for record in caplog.records if getattr(record, "event", "") == "token.refused"
    ]
    assert refused.reason == "expired"
    assert (
        walk.send(walk.refresh(tokens["refresh_token"]).json()["access_token"]).status_code == 200
    )


@pytest.mark.parametrize("is_pruned", [False, True])
def test_no_key_is_lost_and_one_signs(pair, walk, set_clock, is_pruned):
    if is_pruned:
        # By a host whose clock is right: the private key of the former key is gone.
        rotation.prune()
    kids = set(SigningKey.objects.values_list("kid", flat=True))
    set_clock(-HOUR)
    rotation.rotate("ES256", if_due=True)
    rotation.prune()
    assert set(SigningKey.objects.values_list("kid", flat=True)) == kids
    assert walk.send(walk.sign_in()["access_token"]).status_code == 200
