"""The JWK Set as it is served, and documents while the database is down."""

from __future__ import annotations

import base64
import json
from collections import Counter

import pytest
from django.db import connection
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.signing.published import published_keys
from tests import ASM, JWKS, PRM
from tests.keys import (
    DAY,
    EC,
    ED,
    PRIVATE_MEMBERS,
    RSA,
    SECOND,
    VECTORS,
    as_file,
    broken_database,
    make_key,
    statements,
)

# The JWK Set and the AS metadata tell of the keys in the database.
pytestmark = pytest.mark.django_db

DOCUMENTS = pytest.mark.parametrize("url", [PRM, ASM, JWKS], ids=["resource", "server", "keys"])


@pytest.fixture
def now():
    return timezone.now()


def test_keys_are_served_as_they_are_published(fetch):
    keys = sorted(
        [make_key(algorithm) for algorithm in ("RS256", "EdDSA", "ES256", "EdDSA")],
        key=lambda key: (key.algorithm, key.kid),
    )
    body = json.dumps({"keys": [key.published_jwk for key in keys]}).encode()
    assert fetch(JWKS).content == body


def test_order_of_the_keys_is_not_that_of_their_creation(fetch):
    for name in (RSA, ED, EC):
        rotation.import_key(as_file(VECTORS[name]))
    assert [key["alg"] for key in fetch(JWKS).json()["keys"]] == ["ES256", "EdDSA", "RS256"]


def test_no_private_member_is_served(fetch):
    for name in (RSA, ED, EC):
        rotation.import_key(as_file(VECTORS[name]))
    keys = fetch(JWKS).json()["keys"]
    assert len(keys) == 3
    assert all(PRIVATE_MEMBERS.isdisjoint(key) for key in keys)


def test_no_member_is_in_an_object_twice(fetch):
    names = []

    def note(pairs):
        names.append([name for name, _ in pairs])
        return dict(pairs)

    for name in (RSA, ED, EC):
        rotation.import_key(as_file(VECTORS[name]))
    json.loads(fetch(JWKS).content, object_pairs_hook=note)
    assert len(names) == 4
    assert all(max(Counter(each).values()) == 1 for each in names)


def test_numbers_and_coordinates_have_one_spelling(fetch):
    for name in (RSA, ED, EC):
        rotation.import_key(as_file(VECTORS[name]))
    keys = fetch(JWKS).json()["keys"]
    assert len(keys) == 3
    for key in keys:
        for name in {"n", "e", "x", "y"} & set(key):
            octets = base64.b64decode(key[name] + "=" * (-len(key[name]) % 4), b"-_", validate=True)
            assert base64.urlsafe_b64encode(octets).rstrip(b"=").decode() == key[name]


def test_etag_changes_with_a_rotation(fetch):
    rotation.rotate("EdDSA")
    before = fetch(JWKS)["ETag"]
    assert fetch(JWKS, headers={"if-none-match": before}).status_code == 304
    rotation.rotate("EdDSA")
    response = fetch(JWKS, headers={"if-none-match": before})
    assert (response.status_code, len(response.json()["keys"])) == (200, 2)
    assert response["ETag"] != before


def test_keys_are_not_cached_past_the_end_of_one(fetch, now):
    make_key(activates_at=now, expires_at=now + 100 * SECOND)
    age = int(fetch(JWKS)["Cache-Control"].removeprefix("public, max-age="))
    assert 0 < age < 100


def test_keys_are_cached_for_as_long_as_the_setting_says(settings, fetch, now):
    settings.MCP_JWKS_MAX_AGE = 86400
    make_key(activates_at=now, expires_at=now + 3 * DAY)
    assert fetch(JWKS)["Cache-Control"] == "public, max-age=86400"


def test_warm_request_for_keys_asks_the_database_nothing(fetch, django_assert_num_queries):
    make_key()
    fetch(JWKS)
    with django_assert_num_queries(0):
        assert len(fetch(JWKS).json()["keys"]) == 1


def test_keys_are_served_while_the_database_is_down(fetch):
    make_key()
    before = fetch(JWKS).content
    with broken_database():
        assert fetch(JWKS).content == before


def test_keys_that_were_never_read_are_an_error(fetch, caplog):
    with broken_database():
        response = fetch(JWKS)
    assert (response.status_code, response.json()) == (500, {"error": "server_error"})
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("url", [PRM, ASM])
def test_metadata_survives_a_dead_database(fetch, url):
    before = fetch(url).content
    published_keys.__init__()
    with broken_database():
        response = fetch(url)
    assert (response.status_code, response.content) == (200, before)


@DOCUMENTS
def test_transaction_of_a_request_is_not_begun(fetch, monkeypatch, url):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    fetch(url)
    with statements() as seen:
        assert fetch(url).status_code == 200
    assert seen == []


def test_algorithm_of_a_published_key_is_advertised(settings, fetch, now):
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    make_key("ES256", activates_at=now, expires_at=now + DAY)
    advertised = fetch(ASM).json()["id_token_signing_alg_values_supported"]
    assert advertised == ["EdDSA", "ES256"]
