"""A change takes effect on the next request, although documents are kept."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.discovery.kept import Place
from mcp_oauth_discovery.discovery.publication import present_publication
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.views import (
    AuthorizationServerMetadataView,
    JWKSView,
    ProtectedResourceMetadataView,
)
from tests import ASM, JWKS, ORIGIN, PRM
from tests.keys import broken_database, make_key
from tests.server.requests import WSGI

ALGORITHMS = "id_token_signing_alg_values_supported"


def kids(shown):
    return {key["kid"] for key in shown.members["keys"]}


def test_changed_issuer_takes_effect(ask, settings):
    assert ask(ASM).members["issuer"] == ORIGIN
    settings.MCP_ISSUER = "https://www.example.com"
    assert ask(ASM).members["issuer"] == "https://www.example.com"
    assert ask(PRM).members["resource"] == "https://www.example.com/mcp"


def test_override_and_its_end_take_effect(ask):
    for _ in range(2):
        with override_settings(MCP_METADATA_MAX_AGE=60):
            assert ask(PRM).headers["Cache-Control"] == "public, max-age=60"
        assert ask(PRM).headers["Cache-Control"] == "public, max-age=300"


def test_member_changed_in_place_takes_effect(ask, settings):
    settings.MCP_RESOURCE_METADATA = {"scopes_supported": ["mcp"]}
    assert ask(PRM).members["scopes_supported"] == ["mcp"]
    settings.MCP_RESOURCE_METADATA["scopes_supported"].append("files")
    assert ask(PRM).members["scopes_supported"] == ["mcp", "files"]


def test_member_of_the_server_added_in_place_takes_effect(ask, settings):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {}
    assert "revocation_endpoint" not in ask(ASM).members
    settings.MCP_AUTHORIZATION_SERVER_METADATA["revocation_endpoint"] = "/revoke"
    assert ask(ASM).members["revocation_endpoint"] == f"{ORIGIN}/revoke"


def test_resource_added_changed_and_removed_in_place_takes_effect(ask, settings):
    settings.MCP_RESOURCES = {"/mcp": {"resource_name": "Old"}}
    assert ask(f"{PRM}/files").status == 404
    settings.MCP_RESOURCES["/files"] = {}
    assert ask(f"{PRM}/files").members["resource"] == f"{ORIGIN}/files"
    settings.MCP_RESOURCES["/mcp"]["resource_name"] = "New"
    assert ask(f"{PRM}/mcp").members["resource_name"] == "New"
    del settings.MCP_RESOURCES["/files"]
    assert ask(f"{PRM}/files").status == 404


def test_resource_among_many_changed_in_place_takes_effect(ask, settings):
    settings.MCP_RESOURCES = {f"/{number}": {"resource_name": "Old"} for number in range(100)}
    assert ask(f"{PRM}/7").members["resource_name"] == "Old"
    settings.MCP_RESOURCES["/7"]["resource_name"] = "New"
    assert ask(f"{PRM}/7").members["resource_name"] == "New"
    settings.MCP_RESOURCES["/7"]["enabled"] = False
    assert ask(f"{PRM}/7").status == 404


def test_wrong_value_is_not_mistaken_for_an_equal_right_one(ask, settings):
    settings.MCP_METADATA_MAX_AGE = 1
    assert ask(PRM).status == 200
    settings.MCP_METADATA_MAX_AGE = True
    assert ask(PRM).status == 500


def test_wrong_setting_fails_only_the_documents_that_need_it(ask, settings):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": 5}
    settings.MCP_RESOURCES = {"/mcp": {}, "/files": {"scopes_supported": "mcp"}}
    statuses = {path: ask(path).status for path in (f"{PRM}/mcp", f"{PRM}/files", ASM, JWKS)}
    assert list(statuses.values()) == [200, 500, 500, 200]
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {}
    settings.MCP_RESOURCES = {"/mcp": {}, "/files": {}}
    assert [ask(path).status for path in statuses] == [200, 200, 200, 200]


def test_error_in_resources_begins_and_ends_immediately(ask, settings):
    statuses = []
    for resources in ({}, {"mcp": {}}, {}):
        settings.MCP_RESOURCES = resources
        statuses.append(ask(PRM).status)
    assert statuses == [200, 500, 200]


def test_changed_urlconf_takes_effect(ask, settings):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": "oauth2_provider:token"}
    assert ask(ASM).members["token_endpoint"] == f"{ORIGIN}/o/token/"
    settings.ROOT_URLCONF = "tests.publication.urls"
    assert ask(ASM).members["token_endpoint"] == f"{ORIGIN}/moved/token/"


def test_urlconf_of_a_request_takes_effect(settings, rf, db):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": "oauth2_provider:token"}
    view, request = AuthorizationServerMetadataView.as_view(), rf.get(ASM)
    assert b"/o/token/" in view(request).content
    request.urlconf = "tests.publication.urls"
    assert b"/moved/token/" in view(request).content


def test_prefix_of_a_request_and_of_the_settings_takes_effect(settings, transactional_db):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": "oauth2_provider:token"}
    server = WSGI()
    for prefix in (None, "/app", None):
        settings.FORCE_SCRIPT_NAME = prefix
        for name in ("", "/other", ""):
            _, _, body = server.ask(server.entry, ASM, SCRIPT_NAME=name)
            assert json.loads(body)["token_endpoint"] == f"{ORIGIN}{prefix or name}/o/token/"


def test_urlconf_without_the_documents_returns_404(ask, settings):
    assert ask(JWKS).status == 200
    settings.MIDDLEWARE = ["mcp_oauth_discovery.middleware.DiscoveryMiddleware"]
    settings.ROOT_URLCONF = "tests.server.no_urls"
    assert ask(JWKS).status == 404


def test_changed_language_takes_effect(ask, settings):
    settings.ROOT_URLCONF = "tests.publication.urls"
    settings.LANGUAGE_CODE = "en"
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": "page"}
    assert ask(ASM).members["token_endpoint"] == f"{ORIGIN}/en/page/"
    settings.LANGUAGE_CODE = "de"
    assert ask(ASM).members["token_endpoint"] == f"{ORIGIN}/de/page/"


def test_changed_allowed_hosts_take_effect(ask, settings):
    assert ask(JWKS).status == 200
    settings.ALLOWED_HOSTS = ["www.example.com"]
    assert ask(JWKS).status == 400


def test_forged_host_is_refused_after_an_allowed_one(ask):
    assert ask(JWKS).status == 200
    assert ask(JWKS, host="forged.example.org").status == 400


def test_new_trust_in_the_host_of_a_proxy_takes_effect(settings, rf, transactional_db):
    settings.MCP_ISSUER = ORIGIN
    headers = {"host": "app.example.com", "x-forwarded-host": "forged.example.org"}
    view = JWKSView.as_view()
    assert view(rf.get(JWKS, headers=headers)).status_code == 200
    settings.USE_X_FORWARDED_HOST = True
    assert view(rf.get(JWKS, headers=headers)).status_code == 400


def test_end_of_debugging_refuses_its_hosts(ask, settings):
    settings.ALLOWED_HOSTS, settings.DEBUG = [], True
    assert ask(JWKS, host="localhost").status == 200
    settings.DEBUG = False
    assert ask(JWKS, host="localhost").status == 400


def test_request_without_a_host_is_judged_by_its_server_name(settings, rf, transactional_db):
    settings.MCP_ISSUER = ORIGIN
    view = JWKSView.as_view()
    names = ["app.example.com", "forged.example.org", "app.example.com"]
    statuses = [view(rf.get(JWKS, SERVER_NAME=name)).status_code for name in names]
    assert statuses == [200, 400, 200]


@pytest.mark.parametrize("hosts", [None, [1]])
def test_allowed_hosts_of_a_wrong_type_are_an_error(settings, rf, transactional_db, hosts):
    settings.MCP_ISSUER, settings.ALLOWED_HOSTS = ORIGIN, hosts
    response = JWKSView.as_view()(rf.get(JWKS))
    assert (response.status_code, response["Content-Type"]) == (500, "application/json")


def test_time_zones_turned_off_are_an_error(settings, rf, transactional_db):
    settings.MCP_ISSUER = ORIGIN
    now = timezone.now()
    make_key("EdDSA", created_at=now, activates_at=now, expires_at=now + timedelta(hours=1))
    view = JWKSView.as_view()
    assert view(rf.get(JWKS)).status_code == 200
    # The keys that were read before have dates of the other kind.
    settings.USE_TZ = False
    response = view(rf.get(JWKS))
    assert (response.status_code, response["Content-Type"]) == (500, "application/json")


def test_new_and_revoked_key_take_effect(ask):
    first = make_key("EdDSA")
    assert kids(ask(JWKS)) == {first.kid}
    second = make_key("ES256")
    assert kids(ask(JWKS)) == {first.kid, second.kid}
    assert ask(ASM).members[ALGORITHMS] == ["RS256", "EdDSA", "ES256"]
    rotation.revoke(first.kid, now=timezone.now())
    assert first.kid not in kids(ask(JWKS))


def test_deleted_keys_take_effect(ask):
    key = make_key("EdDSA")
    assert kids(ask(JWKS)) == {key.kid}
    SigningKey.objects.all().delete()
    assert kids(ask(JWKS)) == set()


def test_expired_key_leaves_the_jwk_set(ask, monkeypatch):
    now = timezone.now().replace(microsecond=0)
    key = make_key("EdDSA", created_at=now, activates_at=now, expires_at=now + timedelta(hours=1))
    ages = {}
    for minutes in (0, 54, 56, 59, 60):
        clock = now + timedelta(minutes=minutes)
        monkeypatch.setattr(timezone, "now", lambda clock=clock: clock)
        shown = ask(JWKS)
        ages[minutes] = shown.headers["Cache-Control"].partition("=")[2]
        assert kids(shown) == ({key.kid} if minutes < 60 else set())
    assert ages == {0: "300", 54: "300", 56: "240", 59: "60", 60: "300"}


def test_clock_that_is_set_back_brings_the_key_back(ask, monkeypatch):
    now = timezone.now().replace(microsecond=0)
    key = make_key("EdDSA", created_at=now, activates_at=now, expires_at=now + timedelta(hours=1))
    for minutes in (61, 10):
        clock = now + timedelta(minutes=minutes)
        monkeypatch.setattr(timezone, "now", lambda clock=clock: clock)
        assert kids(ask(JWKS)) == ({key.kid} if minutes < 60 else set())


def test_signature_of_the_metadata_follows_the_active_key(ask, settings, monkeypatch):
    settings.MCP_SIGNED_METADATA = True
    assert "signed_metadata" not in ask(PRM).members
    rotation.rotate("RS256")
    signed = ask(PRM).members["signed_metadata"]
    rotation.revoke(SigningKey.objects.get().kid)
    assert ask(PRM).members["signed_metadata"] != signed


def test_document_that_lacks_keys_is_not_kept(ask):
    make_key("ES256")
    with broken_database():
        assert ask(ASM).members[ALGORITHMS] == ["RS256", "EdDSA"]
    make_key("EdDSA")
    assert ask(ASM).members[ALGORITHMS] == ["RS256", "EdDSA", "ES256"]


def test_setting_that_changes_while_a_document_is_built(settings, rf, db, monkeypatch):
    settings.MCP_ISSUER = ORIGIN
    view = AuthorizationServerMetadataView.as_view()
    build = AuthorizationServerMetadataView.get_document

    def change_and_build(self, request, **kwargs):
        settings.MCP_ISSUER = "https://www.example.com"
        return build(self, request, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(AuthorizationServerMetadataView, "get_document", change_and_build)
        assert b"www.example.com" in view(rf.get(ASM)).content
    settings.MCP_ISSUER = ORIGIN
    assert b"www.example.com" not in view(rf.get(ASM)).content


def test_resource_that_changes_while_its_document_is_built(settings, rf, db, monkeypatch):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_RESOURCES = {"/mcp": {"resource_name": "Old"}}
    view = ProtectedResourceMetadataView.as_view()
    build = ProtectedResourceMetadataView.get_document

    def change_and_build(self, request, **kwargs):
        settings.MCP_RESOURCES["/mcp"]["resource_name"] = "New"
        return build(self, request, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(ProtectedResourceMetadataView, "get_document", change_and_build)
        assert b"New" in view(rf.get(PRM)).content
    settings.MCP_RESOURCES["/mcp"]["resource_name"] = "Old"
    assert b"Old" in view(rf.get(PRM)).content


def test_member_that_changes_after_its_resource_is_found(settings, rf, db, monkeypatch):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_RESOURCES = {"/mcp": {"scopes_supported": ["old"]}}
    view = ProtectedResourceMetadataView.as_view()
    build = ProtectedResourceMetadataView.get_document

    def find_and_change(self, request, **kwargs):
        assert self.site.default_resource
        settings.MCP_RESOURCES["/mcp"]["scopes_supported"].append("new")
        return build(self, request, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(ProtectedResourceMetadataView, "get_document", find_and_change)
        assert b"new" in view(rf.get(PRM)).content
    settings.MCP_RESOURCES["/mcp"]["scopes_supported"].remove("new")
    assert b"new" not in view(rf.get(PRM)).content


def test_metadata_stays_kept_while_a_key_is_about_to_expire(ask, monkeypatch):
    now = timezone.now()
    make_key("EdDSA", created_at=now, activates_at=now, expires_at=now + timedelta(seconds=60))
    ask(ASM)
    assert present_publication().answer(Place(ASM)) is not None


def test_key_that_expires_between_two_readings_of_the_clock(ask, monkeypatch):
    end = timezone.now().replace(microsecond=0) + timedelta(hours=1)
    make_key("EdDSA", created_at=end, activates_at=end - timedelta(days=1), expires_at=end)
    readings = itertools.count()
    tick = timedelta(milliseconds=1)
    monkeypatch.setattr(timezone, "now", lambda: end + (next(readings) - 1) * tick)
    Client().get(JWKS, headers={"host": "app.example.com"}, secure=True)
    monkeypatch.setattr(timezone, "now", lambda: end + timedelta(seconds=1))
    assert kids(ask(JWKS)) == set()
