from __future__ import annotations

import base64
import json

import pytest
from django.db import InterfaceError, OperationalError

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.discovery import documents, signed
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing import InvalidToken, NoSigningKey, verify_jwt
from mcp_oauth_discovery.signing.published import published_keys
from mcp_oauth_discovery.signing.readings import current_store
from mcp_oauth_discovery.signing.sign import LONGEST_CLAIMS
from tests import ORIGIN
from tests.keys import (
    DAY,
    EC,
    ED,
    NOW,
    RSA,
    VECTORS,
    as_file,
    broken_database,
    make_key,
    statements,
)
from tests.published.copies import silence

pytestmark = pytest.mark.django_db

DOCUMENTS = {
    "oauth-protected-resource+jwt": documents.protected_resource_metadata,
    "oauth-authorization-server+jwt": documents.authorization_server_metadata,
}
# Has an issuer, and a signature that does not fit.
FOREIGN = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJoIn0.c2lnbmF0dXJl"
EACH_DOCUMENT = pytest.mark.parametrize(("typ", "build"), DOCUMENTS.items(), ids=["prm", "asm"])


@pytest.fixture(autouse=True)
def _signs(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNED_METADATA = True
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    # As in a process that has just been started.
    signed._sign.cache_clear()  # noqa: SLF001
    signed._log_left_out.cache_clear()  # noqa: SLF001
    signed._failures.clear()  # noqa: SLF001


@pytest.fixture
def key():
    """The key that signs, since long before the present."""
    return rotation.rotate("EdDSA", now=NOW - 3650 * DAY)


def part(token, number):
    text = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def plain(document):
    return {name: value for name, value in document.items() if name != "signed_metadata"}


def left_out(caplog):
    """Return why the member was left out, as the one log record has it."""
    (record,) = [one for one in caplog.records if "Left signed_metadata out" in one.getMessage()]
    assert (record.name, record.levelname) == ("mcp_oauth_discovery", "WARNING")
    return record.getMessage()


@EACH_DOCUMENT
def test_claims_are_the_members_and_the_issuer(site, key, typ, build):
    document = build(site)
    claims = part(document["signed_metadata"], 1)
    assert claims == {**plain(document), "iss": ORIGIN}
    assert list(document)[-1] == "signed_metadata"


@EACH_DOCUMENT
def test_header_has_a_type_of_its_own(site, key, typ, build):
    token = build(site)["signed_metadata"]
    assert part(token, 0) == {"alg": "EdDSA", "kid": key.kid, "typ": typ}


@EACH_DOCUMENT
@pytest.mark.parametrize("name", [RSA, EC, ED], ids=["RS256", "ES256", "EdDSA"])
def test_signature_verifies_by_the_published_key(settings, site, typ, build, name):
    settings.MCP_SIGNING_ALGORITHMS = [VECTORS[name]["algorithm"]]
    settings.MCP_RESOURCE_METADATA = settings.MCP_AUTHORIZATION_SERVER_METADATA = {
        "aud": "x",
        "exp": 2**40,
    }
    rotation.import_key(as_file(VECTORS[name]), now=NOW - 3650 * DAY)
    token = build(site)["signed_metadata"]
    assert verify_jwt(token, audience="x", typ=typ)["iss"] == ORIGIN


@EACH_DOCUMENT
def test_signed_metadata_is_no_access_token(settings, site, key, typ, build):
    settings.MCP_RESOURCE_METADATA = settings.MCP_AUTHORIZATION_SERVER_METADATA = {
        "aud": f"{ORIGIN}/mcp",
        "exp": 2**40,
    }
    with pytest.raises(InvalidToken, match="of another type"):
        verify_jwt(build(site)["signed_metadata"], audience=f"{ORIGIN}/mcp")


@EACH_DOCUMENT
def test_member_cannot_name_another_issuer(settings, site, key, typ, build):
    settings.MCP_RESOURCE_METADATA = settings.MCP_AUTHORIZATION_SERVER_METADATA = {
        "iss": "https://evil.test"
    }
    assert part(build(site)["signed_metadata"], 1)["iss"] == ORIGIN


@EACH_DOCUMENT
def test_member_that_a_project_wrote_is_not_within_the_signed_one(settings, site, key, typ, build):
    settings.MCP_RESOURCE_METADATA = settings.MCP_AUTHORIZATION_SERVER_METADATA = {
        "signed_metadata": FOREIGN
    }
    token = build(site)["signed_metadata"]
    assert token != FOREIGN
    assert "signed_metadata" not in part(token, 1)


@EACH_DOCUMENT
def test_signature_is_the_same_in_every_process(site, key, typ, build):
    first = build(site)
    signed._sign.cache_clear()  # noqa: SLF001
    assert build(site) == first
    assert part(first["signed_metadata"], 1).keys().isdisjoint({"iat", "exp", "jti"})


@EACH_DOCUMENT
def test_signature_is_taken_from_memory(site, key, typ, build, django_assert_num_queries):
    build(site)
    with django_assert_num_queries(0):
        assert "signed_metadata" in build(site)


@EACH_DOCUMENT
def test_signature_follows_the_document(settings, site, key, typ, build):
    build(site)
    settings.MCP_RESOURCE_METADATA = settings.MCP_AUTHORIZATION_SERVER_METADATA = {"x": 1}
    assert part(build(site)["signed_metadata"], 1)["x"] == 1


@EACH_DOCUMENT
def test_signature_follows_the_key(site, key, typ, build):
    build(site)
    rotation.revoke(key)
    successor = SigningKey.objects.signing_key("EdDSA")
    assert part(build(site)["signed_metadata"], 0)["kid"] == successor.kid != key.kid


@EACH_DOCUMENT
@pytest.mark.parametrize("value", [False, None], ids=["off", "unset"])
def test_nothing_is_signed_unasked(settings, site, key, caplog, typ, build, value):
    if value is None:
        del settings.MCP_SIGNED_METADATA
    else:
        settings.MCP_SIGNED_METADATA = value
    assert "signed_metadata" not in build(site)
    assert not caplog.records


@EACH_DOCUMENT
@pytest.mark.parametrize("issuer", [None, lambda request: ORIGIN], ids=["unset", "callable"])
def test_nothing_is_signed_for_an_issuer_that_is_not_pinned(
    settings, site, key, caplog, typ, build, issuer
):
    settings.MCP_ISSUER = issuer
    assert "signed_metadata" not in build(site)
    assert "an issuer that is not pinned" in left_out(caplog)


def test_nothing_is_signed_that_came_from_the_request(settings, site, key, caplog):
    settings.MCP_RESOURCE = lambda request: f"{ORIGIN}/mcp"
    assert "signed_metadata" not in documents.protected_resource_metadata(site)
    assert "not pinned" in left_out(caplog)


@EACH_DOCUMENT
@pytest.mark.parametrize(
    "dates",
    [
        pytest.param(None, id="no-key"),
        pytest.param({"activates_at": NOW + 36500 * DAY}, id="pending"),
        pytest.param({"retires_at": NOW - 3650 * DAY}, id="retired"),
        pytest.param({"revoked_at": NOW}, id="revoked"),
    ],
)
def test_nothing_is_signed_without_an_active_key(site, caplog, typ, build, dates):
    if dates:
        make_key(generation=1, **{"activates_at": NOW - 3660 * DAY, **dates})
    assert "signed_metadata" not in build(site)
    assert "No EdDSA key is active. Run 'manage.py mcp_keys rotate" in left_out(caplog)


@EACH_DOCUMENT
def test_nothing_is_signed_with_a_key_that_cannot_be_decrypted(
    settings, site, key, caplog, typ, build
):
    settings.SECRET_KEY = "another"
    assert "signed_metadata" not in build(site)
    assert "cannot be decrypted" in left_out(caplog)


@EACH_DOCUMENT
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_nothing_is_signed_without_the_database(site, key, caplog, typ, build, error):
    with broken_database(error):
        assert "signed_metadata" not in build(site)
    assert "the database is down" in left_out(caplog)


def test_document_is_left_unsigned_while_the_database_is_silent(
    settings, site, transactional_db, caplog
):
    rotation.rotate("EdDSA", now=NOW - 3650 * DAY)
    published_keys.at()
    with silence() as silent:
        for _ in range(3):
            assert "signed_metadata" not in documents.protected_resource_metadata(site)
        assert silent.asked == 1
    assert "has not answered" in left_out(caplog)


def test_database_that_is_down_is_logged_once_a_minute(site, transactional_db, caplog):
    with broken_database():
        for _ in range(3):
            assert "signed_metadata" not in documents.protected_resource_metadata(site)
    assert "the database is down" in left_out(caplog)


def test_document_of_a_process_without_keys_is_left_unsigned_while_the_database_is_silent(
    settings, site, transactional_db, caplog
):
    with silence():
        assert "signed_metadata" not in documents.protected_resource_metadata(site)
    assert "has not answered" in left_out(caplog)


@EACH_DOCUMENT
def test_signature_in_memory_survives_a_dead_database(site, key, caplog, typ, build):
    document = build(site)
    with broken_database():
        assert build(site) == document


def test_nothing_is_signed_with_a_key_that_another_process_has_deleted(key):
    published_keys.at()
    # Without a trace in this process, whose copy goes on to name the key.
    SigningKey.objects.filter(pk=key.pk)._raw_delete("default")  # noqa: SLF001
    with pytest.raises(NoSigningKey, match=f"The key {key.kid} has just been deleted"):
        signed.sign_document({"x": 1}, ORIGIN, "x+jwt")


def test_key_of_another_algorithm_does_not_sign(settings, site, key, caplog):
    settings.MCP_SIGNING_ALGORITHMS = ["ES256", "EdDSA"]
    assert "signed_metadata" not in documents.protected_resource_metadata(site)
    assert "--algorithm ES256" in left_out(caplog)


# Again and again


@pytest.fixture
def clock():
    """The seconds by which this process knows that its copy of the keys is old."""
    seconds = [1000.0]
    published_keys.__init__(lambda: seconds[0])
    return seconds


@EACH_DOCUMENT
def test_key_that_cannot_be_had_costs_no_query_on_the_next_request(
    settings, site, key, caplog, clock, typ, build, django_assert_num_queries
):
    settings.SECRET_KEY = "another"
    build(site)
    with django_assert_num_queries(0):
        assert all("signed_metadata" not in build(site) for _ in range(9))
    assert "cannot be decrypted" in left_out(caplog)


@EACH_DOCUMENT
def test_key_that_cannot_be_had_is_tried_again_when_the_keys_are_read_anew(
    settings, site, key, caplog, clock, typ, build
):
    good = settings.SECRET_KEY
    settings.SECRET_KEY = "another"
    build(site)
    clock[0] += 5
    build(site)
    assert len(caplog.records) == 2
    settings.SECRET_KEY = good
    assert "signed_metadata" not in build(site)
    clock[0] += 5
    assert "signed_metadata" in build(site)


def test_key_that_is_followed_by_a_good_one_is_not_held_against_it(settings, site, key, clock):
    settings.SECRET_KEY = "another"
    assert "signed_metadata" not in documents.protected_resource_metadata(site)
    rotation.retire(key)
    assert "signed_metadata" in documents.protected_resource_metadata(site)


def test_key_that_one_store_cannot_open_is_not_held_against_another(settings, site, key, clock):
    settings.SECRET_KEY = "another"
    documents.protected_resource_metadata(site)
    kept = signed._failures[current_store()]  # noqa: SLF001
    signed._failures[current_store()._replace(schema="b")] = ("other", None, "")  # noqa: SLF001
    with statements() as seen:
        documents.protected_resource_metadata(site)
    assert (seen, signed._failures[current_store()]) == ([], kept)  # noqa: SLF001


def test_each_document_that_is_left_unsigned_is_logged(settings, site, key, caplog, clock):
    settings.SECRET_KEY = "another"
    for build in DOCUMENTS.values():
        build(site)
    assert len(caplog.records) == 2


@EACH_DOCUMENT
def test_want_of_a_key_is_logged_once_for_each_reading(site, caplog, clock, typ, build):
    for _ in range(9):
        build(site)
    assert "No EdDSA key is active" in left_out(caplog)


def test_signatures_of_many_resources_are_all_kept(
    settings, site, key, clock, django_assert_num_queries
):
    settings.MCP_RESOURCES = {f"/{number}": {} for number in range(200)}
    paths = list(settings.MCP_RESOURCES)
    for path in paths:
        documents.protected_resource_metadata(site, path)
    with django_assert_num_queries(0):
        for path in paths:
            assert documents.protected_resource_metadata(site, path)["signed_metadata"]


@EACH_DOCUMENT
def test_document_that_is_too_long_to_be_signed_is_served_without(
    settings, site, key, typ, build, caplog
):
    settings.MCP_RESOURCE_METADATA = {"extra": "x" * LONGEST_CLAIMS}
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"extra": "x" * LONGEST_CLAIMS}
    document = build(site)
    assert "signed_metadata" not in document
    assert document["extra"] == "x" * LONGEST_CLAIMS
    assert "octets; expected 96000 at most" in left_out(caplog)
