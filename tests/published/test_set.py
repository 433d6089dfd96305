"""What is in the JWK Set, and how often the database is asked for it."""

from __future__ import annotations

import pytest
from django.db import connection

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing.published import PublishedKeys, published_keys
from tests import JWKS
from tests.keys import DAY, HOUR, MALFORMED, NOW, TICK, make_key, new_key
from tests.published.copies import kids, readings

# What is in the set


@pytest.mark.django_db
def test_published_keys_are_told_in_a_fixed_order(keys):
    made = [make_key(algorithm) for algorithm in ("EdDSA", "ES256", "EdDSA", "ES256")]
    told = keys.at(NOW)
    assert [(key.algorithm, key.kid) for key in told] == sorted(
        (key.algorithm, key.kid) for key in made
    )
    assert [key.jwk for key in told] == [
        SigningKey.objects.get(kid=key.kid).published_jwk for key in told
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("dates", "is_there"),
    [
        pytest.param({}, True, id="active"),
        pytest.param({"activates_at": NOW + DAY}, True, id="pending"),
        pytest.param({"retires_at": NOW, "expires_at": NOW + TICK}, True, id="retired"),
        pytest.param({"retires_at": NOW, "expires_at": NOW}, False, id="expired"),
        pytest.param({"revoked_at": NOW - DAY}, False, id="revoked"),
        pytest.param({"revoked_at": NOW + DAY}, False, id="revoked-by-a-clock-ahead"),
    ],
)
def test_set_holds_what_the_key_store_says_is_published(keys, dates, is_there):
    key = make_key(**dates)
    assert (kids(keys) == [key.kid]) is is_there is key.is_published(NOW)


@pytest.mark.django_db
def test_present_is_the_default(keys):
    make_key(expires_at=NOW - 3650 * DAY)
    key = make_key()
    assert [one.kid for one in keys.at()] == [key.kid]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("algorithm", "after", "signs"),
    [
        pytest.param("EdDSA", -TICK, False, id="pending"),
        pytest.param("EdDSA", 0 * DAY, True, id="from-activation"),
        pytest.param("ES256", 0 * DAY, False, id="other-algorithm"),
        pytest.param("EdDSA", DAY - TICK, True, id="before-retirement"),
        pytest.param("EdDSA", DAY, False, id="from-retirement"),
    ],
)
def test_published_key_knows_when_it_signs(keys, algorithm, after, signs):
    make_key(retires_at=NOW + DAY)
    (key,) = keys.at(NOW)
    assert key.signs(algorithm, NOW + after) is signs


@pytest.mark.django_db
def test_key_without_retirement_signs_on(keys):
    make_key()
    assert keys.at(NOW)[0].signs("EdDSA", NOW + 3650 * DAY)


# How often the database is asked


@pytest.mark.django_db
def test_first_read_asks_once(keys):
    with readings() as seen:
        keys.at(NOW)
    assert len(seen()) == 1


@pytest.mark.django_db
def test_warm_read_asks_nothing(keys, clock, django_assert_num_queries):
    make_key()
    keys.at(NOW)
    clock.seconds += 4.999
    with django_assert_num_queries(0):
        assert len(keys.at(NOW)) == 1


@pytest.mark.django_db
def test_copy_is_good_for_five_seconds(keys, clock):
    keys.at(NOW)
    clock.seconds += 5
    with readings() as seen:
        keys.at(NOW)
        keys.at(NOW)
    assert len(seen()) == 1


@pytest.mark.django_db
def test_empty_set_is_a_copy_as_well(keys, django_assert_num_queries):
    assert keys.at(NOW) == []
    with django_assert_num_queries(0):
        assert keys.at(NOW) == []


@pytest.mark.django_db
def test_minute_of_requests_asks_twelve_times(keys, clock):
    with readings() as seen:
        for _ in range(240):
            keys.at(NOW)
            clock.seconds += 0.25
    assert len(seen()) == 12


@pytest.mark.django_db
def test_change_of_another_process_is_seen_after_five_seconds(keys, clock):
    key = make_key()
    keys.at(NOW)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM mcp_oauth_discovery_signingkey")
    assert kids(keys) == [key.kid]
    clock.seconds += 5
    assert kids(keys) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "count"),
    [
        pytest.param(lambda key: make_key(), 2, id="create"),
        pytest.param(lambda key: key.delete(), 0, id="delete"),
        pytest.param(lambda key: SigningKey.objects.bulk_create([new_key()]), 2, id="bulk-create"),
        pytest.param(lambda key: SigningKey.objects.update(revoked_at=NOW), 0, id="update"),
        pytest.param(lambda key: SigningKey.objects.all().delete(), 0, id="delete-all"),
        pytest.param(lambda key: rotation.rotate("EdDSA", now=NOW), 2, id="rotate"),
        pytest.param(lambda key: rotation.retire(key, now=NOW), 2, id="retire"),
        pytest.param(lambda key: rotation.prune(now=NOW + 3650 * DAY), 1, id="prune"),
    ],
)
def test_local_change_is_seen_at_once(keys, change, count):
    key = make_key(generation=1)
    assert len(keys.at(NOW)) == 1
    change(key)
    assert len(keys.at(NOW)) == count


@pytest.mark.django_db
def test_revoked_key_is_gone_at_once(keys):
    key = rotation.rotate("EdDSA", now=NOW)
    assert kids(keys) == [key.kid]
    rotation.revoke(key, now=NOW)
    assert key.kid not in kids(keys)


@pytest.mark.django_db
def test_key_past_its_deadline_is_left_out_of_a_warm_copy(keys, django_assert_num_queries):
    key = make_key(expires_at=NOW + HOUR)
    keys.at(NOW)
    with django_assert_num_queries(0):
        assert kids(keys, NOW + HOUR - TICK) == [key.kid]
        assert kids(keys, NOW + HOUR) == []


# The copy of this process


@pytest.mark.django_db
def test_process_has_one_copy():
    with readings() as seen:
        published_keys.at(NOW)
        published_keys.at(NOW)
    assert len(seen()) == 1


@pytest.mark.django_db
def test_key_of_an_algorithm_that_is_not_known_is_left_out_and_logged(caplog):
    known, stranger = rotation.rotate("EdDSA"), rotation.rotate("ES256")
    SigningKey.objects.filter(pk=stranger.pk).update(algorithm="ES384")
    assert [key.kid for key in PublishedKeys().at()] == [known.kid]
    [record] = caplog.records
    assert record.event == "jwks.unknown_algorithm"
    said = f"Left {stranger.kid} out of the JWK Set: unknown algorithm 'ES384'."
    assert record.getMessage() == said


@pytest.mark.django_db
@pytest.mark.parametrize("public", MALFORMED, ids=repr)
def test_malformed_key_is_left_out_and_logged(fetch, caplog, public):
    whole, malformed = rotation.rotate("EdDSA"), rotation.rotate("ES256")
    SigningKey.objects.filter(pk=malformed.pk).update(public_jwk=public)
    assert [key["kid"] for key in fetch(JWKS).json()["keys"]] == [whole.kid]
    [record] = caplog.records
    assert (record.event, record.levelname) == ("jwks.malformed_key", "ERROR")
    said = f"Left {malformed.kid} out of the JWK Set: the public JWK is malformed."
    assert record.getMessage() == said


@pytest.mark.django_db
def test_private_halves_are_not_read(keys):
    make_key()
    with readings() as seen:
        assert len(keys.at(NOW)) == 1
    (statement,) = seen()
    assert "private_key" not in statement


@pytest.mark.django_db
def test_set_without_keys_is_served_without_time_zones(settings, fetch):
    settings.USE_TZ = False
    answer = fetch(JWKS)
    assert (answer.status_code, answer.json()) == (200, {"keys": []})
