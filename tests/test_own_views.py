"""Views that a project makes of `DiscoveryView`, and documents that cannot be made."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import SuspiciousOperation

from mcp_oauth_discovery.views import (
    AuthorizationServerMetadataView,
    DiscoveryView,
    JWKSView,
    ProtectedResourceMetadataView,
)

# The JWK Set and the AS metadata tell of the keys in the database.
pytestmark = pytest.mark.django_db


class WithIssuer:
    """Adds a member that comes from the site."""

    def get_document(self, request, **kwargs):
        return {**super().get_document(request, **kwargs), "x-issuer": self.site.issuer}


@pytest.mark.parametrize(
    "view", [ProtectedResourceMetadataView, AuthorizationServerMetadataView, JWKSView]
)
def test_subclass_adds_a_member(rf, view):
    mine = type("Mine", (WithIssuer, view), {})
    response = mine.as_view()(rf.get("/", secure=True))
    assert json.loads(response.content)["x-issuer"] == "https://testserver"
    assert response["Cache-Control"] == "no-store"


class Custom(DiscoveryView):
    """What a project may write."""

    document = None

    def get_document(self, request, **kwargs):
        if isinstance(self.document, Exception):
            raise self.document
        return {"x": self.document, **kwargs}


def test_view_of_a_new_document_needs_nothing_else(rf):
    response = Custom.as_view(document=[1])(rf.get("/"), tenant="7")
    assert json.loads(response.content) == {"x": [1], "tenant": "7"}
    assert response["Cache-Control"] == "public, max-age=300"


def test_view_may_say_how_long_its_document_keeps(rf):
    mine = type("Mine", (Custom,), {"get_max_age": lambda self: 7})
    assert mine.as_view()(rf.get("/"))["Cache-Control"] == "public, max-age=7"


def test_view_without_a_document_is_a_logged_error(rf, caplog):
    bare = type("Bare", (DiscoveryView,), {})
    response = bare.as_view()(rf.get("/"))
    assert (response.status_code, response.content) == (500, b'{"error": "server_error"}')
    assert "Bare must define get_document()" in caplog.text


@pytest.mark.parametrize(
    "document", [{1, 2}, float("nan"), "\ud800", RuntimeError("secret")], ids=repr
)
def test_document_that_cannot_be_made_is_a_logged_error(rf, caplog, document):
    request = rf.get("/")
    response = Custom.as_view(document=document)(request)
    assert (response.status_code, response.content) == (500, b'{"error": "server_error"}')
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("mcp_oauth_discovery", "ERROR")
    assert (record.status_code, record.request) == (500, request)
    assert record.exc_info


def test_suspicious_request_is_logged_where_django_logs_it(rf, caplog):
    response = Custom.as_view(document=SuspiciousOperation("secret"))(rf.get("/"))
    assert (response.status_code, response.content) == (400, b'{"error": "invalid_request"}')
    assert caplog.record_tuples == [("django.security.SuspiciousOperation", 40, "secret")]
