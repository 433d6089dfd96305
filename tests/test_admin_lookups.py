"""The query of the list in the admin: filters and search work, and nothing else reads a column."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.admin import SigningKeyAdmin
from mcp_oauth_discovery.admin.states import StateFilter
from mcp_oauth_discovery.models import SigningKey

pytestmark = pytest.mark.django_db

LIST = "/admin/mcp_oauth_discovery/signingkey/"


@pytest.fixture(autouse=True)
def keys(settings):
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA", "ES256"]
    return [rotation.rotate(algorithm) for algorithm in ("EdDSA", "ES256")]


@pytest.fixture
def viewer(client, django_user_model):
    user = django_user_model.objects.create_user("viewer", is_staff=True)
    kind = ContentType.objects.get_for_model(SigningKey)
    user.user_permissions.set(
        Permission.objects.filter(codename="view_signingkey", content_type=kind)
    )
    client.force_login(user)
    # A refusal has to be an answer; an exception that Django raises for it is none.
    client.raise_request_exception = False
    return client


LOOKUPS = [
    "private_key",
    "private_key__regex",
    "private_key__isnull",
    "public_jwk__x__regex",
    "kid",
    "pk",
    "created_at__gte",
    "algorithm__regex",
    "algorithm__exact__regex",
    "state__regex",
    "no_such_column",
    "__",
]


# A broken pattern too: no database gets it.
@pytest.mark.parametrize(
    ("lookup", "value"), [*[(lookup, "g") for lookup in LOOKUPS], ("private_key__regex", "[")]
)
def test_lookup_that_no_filter_needs_is_refused(viewer, caplog, lookup, value):
    response = viewer.get(LIST, {lookup: value})
    assert response.status_code == 400
    name = "django.security.DisallowedModelAdminLookup"
    assert f"Filtering by {lookup} not allowed" in [
        record.getMessage() for record in caplog.records if record.name == name
    ]


def test_lookup_beside_an_action_is_refused(viewer):
    response = viewer.post(f"{LIST}?private_key__regex=g", {"action": "x"})
    assert response.status_code == 400


def test_refusal_is_that_of_a_superuser_too(admin_client):
    assert admin_client.get(LIST, {"private_key__regex": "g"}).status_code == 400


@pytest.mark.parametrize(
    "around", [{"q": "x"}, {"algorithm": "EdDSA"}, {"_popup": "1"}, {"e": "1"}]
)
def test_lookup_is_refused_beside_what_is_allowed(viewer, around):
    assert viewer.get(LIST, {**around, "private_key__regex": "^g"}).status_code == 400


@pytest.mark.parametrize("column", ["private_key", "kid", "public_jwk", "algorithm"])
def test_column_is_no_way_to_name_a_key(viewer, keys, column):
    for where in (LIST, f"{LIST}{keys[0].pk}/change/"):
        assert viewer.get(where, {"_to_field": column}).status_code == 400


@pytest.mark.parametrize("name", ["algorithm", "state"])
def test_value_with_nul_is_refused(viewer, name):
    assert viewer.get(LIST, {name: "a\x00b"}).status_code == 400


def shown(response, keys):
    assert response.status_code == 200
    page = response.content.decode()
    return [key.algorithm for key in keys if key.kid in page]


@pytest.mark.parametrize(
    ("query", "algorithms"),
    [
        ({"algorithm": "ES256"}, ["ES256"]),
        ({"algorithm__exact": "ES256"}, ["ES256"]),
        ({"algorithm__isnull": "True"}, []),
        ({"algorithm": ["ES256", "EdDSA"]}, ["EdDSA", "ES256"]),
        ({"state": "active"}, ["EdDSA", "ES256"]),
        ({"state": "revoked"}, []),
        ({"state": "nonsense"}, []),
        ({"state": "active", "algorithm": "EdDSA", "q": ""}, ["EdDSA"]),
        ({"q": "nothing"}, []),
        ({"_facets": "True"}, ["EdDSA", "ES256"]),
        ({"o": "3.-6", "p": "1", "all": ""}, ["EdDSA", "ES256"]),
        ({"o": "-99.x", "e": "1"}, ["EdDSA", "ES256"]),
        ({"_popup": "1", "_to_field": "id"}, ["EdDSA", "ES256"]),
    ],
)
def test_filters_search_and_order_still_work(viewer, keys, query, algorithms):
    assert shown(viewer.get(LIST, query), keys) == algorithms


def test_every_link_of_the_filters_is_answered(viewer):
    response = viewer.get(LIST, {"_facets": "True"})
    changes = response.context["cl"]
    links = [
        choice["query_string"] for spec in changes.filter_specs for choice in spec.choices(changes)
    ]
    assert len(links) > len(changes.filter_specs)
    for link in links:
        assert viewer.get(LIST + link).status_code == 200


def test_search_finds_a_kid(viewer, keys):
    assert shown(viewer.get(LIST, {"q": keys[1].kid[:12]}), keys) == ["ES256"]


class WithDates(SigningKeyAdmin):
    list_filter = (("created_at", admin.DateFieldListFilter), StateFilter)
    date_hierarchy = "activates_at"


@pytest.mark.parametrize(
    ("lookup", "allowed"),
    [
        ("created_at__gte", True),
        ("created_at__lt", True),
        ("activates_at__year", True),
        ("state", True),
        ("algorithm", False),
        ("private_key__gte", False),
    ],
)
def test_subclass_has_the_lookups_of_its_own_filters(rf, lookup, allowed):
    assert WithDates(SigningKey, admin.site).lookup_allowed(lookup, "x", rf.get("/")) is allowed
