from __future__ import annotations

import itertools
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys import cache, jwk
from mcp_oauth_discovery.models import FormerKey, SigningKey, State, Unpublishable
from tests.keys import DAY, EC, ED, MALFORMED, NOW, RSA, TICK, VECTORS, as_file, make_key, new_key

pytestmark = pytest.mark.django_db

ACTIVE, RETIRED, EXPIRED = NOW + DAY, NOW + 2 * DAY, NOW + 3 * DAY
DATES = {"activates_at": ACTIVE, "retires_at": RETIRED, "expires_at": EXPIRED}


# State


@pytest.mark.parametrize(
    ("now", "state"),
    [
        pytest.param(NOW, State.PENDING, id="created"),
        pytest.param(ACTIVE - TICK, State.PENDING, id="before-activation"),
        pytest.param(ACTIVE, State.ACTIVE, id="activation"),
        pytest.param(RETIRED - TICK, State.ACTIVE, id="before-retirement"),
        pytest.param(RETIRED, State.RETIRED, id="retirement"),
        pytest.param(EXPIRED - TICK, State.RETIRED, id="before-expiry"),
        pytest.param(EXPIRED, State.EXPIRED, id="expiry"),
    ],
)
def test_state_at_each_boundary(now, state):
    assert SigningKey(**DATES).state(now) is state


@pytest.mark.parametrize("now", [NOW, ACTIVE, RETIRED, EXPIRED], ids=["P", "A", "R", "E"])
def test_revoked_key_is_revoked_for_ever(now):
    assert SigningKey(**DATES, revoked_at=RETIRED).state(now) is State.REVOKED


@pytest.mark.parametrize(
    ("dates", "instant"),
    [
        ({}, None),
        ({"expires_at": EXPIRED}, EXPIRED),
        ({"revoked_at": ACTIVE}, ACTIVE),
        ({"expires_at": EXPIRED, "revoked_at": ACTIVE}, ACTIVE),
        ({"expires_at": ACTIVE, "revoked_at": EXPIRED}, ACTIVE),
    ],
    ids=["neither", "expiry", "revocation", "revoked first", "expired first"],
)
def test_key_leaves_the_jwk_set_when_it_expires_or_is_revoked(dates, instant):
    assert SigningKey(**dates).leaves_at == instant


def test_short_kid_is_the_beginning():
    assert SigningKey(kid="abcdefghijklm").short_kid == "abcdefghij…"


def test_key_without_a_successor_is_active_for_ever():
    assert SigningKey(activates_at=NOW).state(NOW + 36500 * DAY) is State.ACTIVE


def test_present_is_the_default():
    key = make_key(activates_at=NOW - 3650 * DAY, expires_at=NOW - 3649 * DAY)
    assert key.state() is State.EXPIRED
    assert not key.is_published()
    assert key not in SigningKey.objects.published()
    assert key not in SigningKey.objects.active()


@pytest.mark.parametrize("state", State)
def test_label_is_the_state_in_words(state):
    assert state.label == state.name.capitalize()


# Who is published, who signs


@pytest.fixture
def rows():
    """Keys of every combination of dates, in the past, at and after NOW."""
    public = jwk.public_jwk(jwk.generate("EdDSA"), "EdDSA")
    around = (NOW - DAY, NOW - TICK, NOW, NOW + TICK, NOW + DAY)
    ends = (None, *around)
    dates = itertools.product(around, ends, ends, (None, NOW - DAY, NOW + DAY))
    for number, (activates, retires, expires, revoked) in enumerate(dates):
        SigningKey.objects.create(
            kid=f"key {number}",
            algorithm="EdDSA",
            public_jwk=public,
            created_at=NOW - DAY,
            activates_at=activates,
            retires_at=retires,
            expires_at=expires,
            revoked_at=revoked,
        )
    return SigningKey.objects.all()


@pytest.mark.parametrize("now", [NOW - TICK, NOW, NOW + TICK], ids=["before", "at", "after"])
def test_querysets_agree_with_the_state(rows, now):
    gone = (State.REVOKED, State.EXPIRED)
    published = {key.kid for key in rows if key.state(now) not in gone}
    active = {key.kid for key in rows if key.state(now) is State.ACTIVE}
    assert {key.kid for key in SigningKey.objects.published(now)} == published
    assert {key.kid for key in SigningKey.objects.active(now)} == active
    assert 0 < len(active) < len(published) < len(rows)


def test_exactly_one_key_of_an_algorithm_is_active_at_any_instant():
    for day in range(0, 400, 30):
        for algorithm in ("EdDSA", "ES256"):
            rotation.rotate(algorithm, now=NOW + day * DAY, if_due=True)
    dates = SigningKey.objects.values_list("activates_at", "retires_at", "expires_at")
    instants = {date for row in dates for date in row if date}
    assert len(instants) > 8
    for now in (instant + tick for instant in instants for tick in (-TICK, 0 * TICK, TICK)):
        active = [key.algorithm for key in SigningKey.objects.active(now)]
        assert sorted(active) == (["ES256", "EdDSA"] if now >= NOW else [])


def test_signing_key_is_the_active_one_of_an_algorithm():
    key = make_key("ES256", generation=1)
    make_key("ES256", generation=2, activates_at=NOW + DAY)
    make_key("EdDSA", generation=1)
    assert SigningKey.objects.signing_key("ES256", NOW) == key


def test_first_algorithm_signs_by_default(settings):
    settings.MCP_SIGNING_ALGORITHMS = ["ES256", "EdDSA"]
    make_key("EdDSA", generation=1)
    key = make_key("ES256", generation=1)
    assert SigningKey.objects.signing_key(now=NOW) == key


def test_nobody_may_sign():
    make_key(generation=1, revoked_at=NOW)
    assert SigningKey.objects.signing_key("EdDSA", NOW) is None


# What every database enforces


def test_kid_is_unique():
    key = make_key()
    with pytest.raises(IntegrityError), transaction.atomic():
        SigningKey.objects.create(
            kid=key.kid, algorithm="ES256", public_jwk={}, created_at=NOW, activates_at=NOW
        )
    assert SigningKey.objects.count() == 1


def test_second_key_of_a_generation_is_refused():
    make_key(generation=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_key(generation=1)
    assert SigningKey.objects.count() == 1


def test_each_algorithm_has_generations_of_its_own():
    make_key("EdDSA", generation=1)
    make_key("ES256", generation=1)
    assert SigningKey.objects.count() == 2


def test_any_number_of_keys_that_never_sign_is_outside_of_the_succession():
    make_key(retires_at=NOW)
    SigningKey.objects.bulk_create([new_key(retires_at=NOW - DAY)])
    assert SigningKey.objects.filter(generation=None).count() == 2


@pytest.mark.parametrize("private", [True, False])
def test_key_that_is_stored_by_hand_gets_the_next_place(private):
    make_key("EdDSA", generation=7)
    keys = [make_key(name, private=private) for name in ("EdDSA", "ES256", "EdDSA")]
    assert [key.generation for key in keys] == [8, 1, 9]


def test_keys_that_are_stored_at_once_get_places_of_their_own():
    make_key("EdDSA")
    keys = [new_key("EdDSA"), new_key("ES256"), new_key("EdDSA", generation=3), new_key("EdDSA")]
    SigningKey.objects.bulk_create(key for key in keys)
    stored = [SigningKey.objects.get(kid=key.kid).generation for key in keys]
    assert stored == [4, 1, 3, 5]


def test_key_that_is_changed_keeps_its_place():
    key = make_key(generation=3)
    key.retires_at = NOW + DAY
    key.save()
    assert SigningKey.objects.get().generation == 3


def test_former_kid_is_unique():
    FormerKey.objects.create(kid="x", deleted_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        FormerKey.objects.create(kid="x", deleted_at=NOW)


def test_migrations_are_complete():
    call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())


# The public half


@pytest.mark.parametrize("name", [RSA, EC, ED])
def test_published_jwk_has_the_order_of_its_allow_list(name):
    key = rotation.import_key(as_file(VECTORS[name]), now=NOW)
    key.public_jwk = dict(sorted(key.public_jwk.items(), reverse=True))
    key.save()
    stored = SigningKey.objects.get(kid=key.kid)
    assert list(stored.published_jwk)[:4] == ["kty", "kid", "alg", "use"]
    assert stored.published_jwk["kid"] == VECTORS[name]["thumbprint"]


def test_member_that_got_into_the_database_is_not_published():
    key = make_key()
    key.public_jwk["d"] = "private"
    assert "d" not in key.published_jwk


@pytest.mark.parametrize("public", MALFORMED, ids=repr)
def test_malformed_public_half_is_not_published(public):
    key = make_key()
    key.public_jwk = public
    assert not key.is_published(NOW)
    with pytest.raises(Unpublishable, match=r"^the public JWK is malformed$"):
        assert key.published_jwk


def test_key_of_an_unknown_algorithm_is_not_published():
    key = make_key()
    SigningKey.objects.update(algorithm="Ed448")
    key.refresh_from_db()
    assert not key.is_published(NOW)
    assert key not in SigningKey.objects.published(NOW)
    assert key not in SigningKey.objects.active(NOW)
    with pytest.raises(Unpublishable, match=r"^unknown algorithm 'Ed448'$"):
        assert key.published_jwk


def test_published_jwk_is_labelled_as_the_key_is():
    key = make_key()
    whole = key.published_jwk
    key.public_jwk = {"kty": "OKP", "crv": "Ed25519", "x": whole["x"], "kid": "other", "alg": None}
    assert key.published_jwk == whole


# Changes


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda key: make_key(), id="create"),
        pytest.param(lambda key: key.save(), id="save"),
        pytest.param(lambda key: key.delete(), id="delete"),
        pytest.param(lambda key: SigningKey.objects.update(retires_at=NOW), id="update"),
        pytest.param(lambda key: SigningKey.objects.all().delete(), id="delete-all"),
        pytest.param(
            lambda key: SigningKey.objects.bulk_update([key], ["algorithm"]), id="bulk-update"
        ),
        pytest.param(lambda key: SigningKey.objects.bulk_create([new_key()]), id="bulk-create"),
        pytest.param(
            lambda key: SigningKey.objects.update_or_create(
                pk=key.pk, defaults={"private_key": ""}
            ),
            id="update-or-create",
        ),
    ],
)
def test_change_is_counted(change):
    key = make_key()
    before = cache.changes()
    change(key)
    assert cache.changes() > before


@pytest.mark.django_db(transaction=True)
def test_flush_is_counted():
    before = cache.changes()
    call_command("flush", interactive=False, verbosity=0)
    assert cache.changes() > before


def test_change_is_counted_again_when_others_can_see_it(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        make_key()
    before = cache.changes()
    for callback in callbacks:
        callback()
    assert cache.changes() > before


def test_reading_is_no_change():
    make_key()
    before = cache.changes()
    list(SigningKey.objects.published(NOW))
    assert cache.changes() == before
