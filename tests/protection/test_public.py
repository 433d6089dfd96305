"""Mixed authentication: operations that need no token beside others that do."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User

from mcp_oauth_discovery.protection import BearerProtection
from tests.protection.conftest import call, challenge, message
from tests.protection.test_scopes import BY_TOOL, ask
from tests.protection.ways import verify

__all__ = ["ask"]


@pytest.mark.parametrize(
    "public", [["tools/list"], ("tools/list",), {"tools/list"}, iter(["tools/list"])]
)
def test_listed_method_needs_no_token_and_others_do(ask, public):
    protection = {"scope": "mcp", "public": list(public)}
    assert ask(message("tools/list"), **protection) is None
    assert challenge(ask(call("write"), **protection))[0] == 401
    assert challenge(ask(b"{", data=b"{", **protection))[0] == 401


def test_callable_decides_by_the_operation(ask):
    protection = {"scope": "mcp", "public": lambda operation: operation.name == "read"}
    assert ask(call("read"), **protection) is None
    assert challenge(ask(call("write"), **protection))[0] == 401


def test_batch_is_public_if_all_of_it_is(ask):
    protection = {"scope": BY_TOOL, "public": ["tools/list", "ping"]}
    assert ask([message("tools/list"), message("ping")], **protection) is None
    status, parameters = challenge(ask([message("tools/list"), call("write")], **protection))
    assert (status, parameters["scope"]) == (401, "files-write")


def test_public_operation_needs_no_scope(ask):
    assert ask(message("tools/list"), "other", scope="mcp", public=["tools/list"]) is None
    assert challenge(ask(call("write"), "other", scope="mcp", public=["tools/list"]))[0] == 403


def test_nothing_is_public_by_default(ask):
    assert challenge(ask(message("tools/list")))[0] == 401


def test_claims_are_empty_and_the_user_of_a_session_is_not_seen(rf):
    protection = BearerProtection("/mcp", verify=verify, user=lambda r, c: c, public=["ping"])
    request = rf.post("/mcp", data=message("ping"), content_type="application/json")
    request.user = User(username="ada")
    assert protection(request) is None
    assert request.mcp_claims == {}
    assert request.user == AnonymousUser()


def test_user_stays_if_the_protection_has_none(rf):
    request = rf.post("/mcp", data=message("ping"), content_type="application/json")
    request.user = ada = User(username="ada")
    assert BearerProtection("/mcp", public=["ping"])(request) is None
    assert request.user is ada


def test_public_operation_works_without_the_app_of_users(rf, settings):
    settings.INSTALLED_APPS = ["mcp_oauth_discovery"]
    protection = BearerProtection("/mcp", user=lambda r, c: c, public=["ping"])
    request = rf.post("/mcp", data=message("ping"), content_type="application/json")
    assert protection(request) is None
    assert request.user is None


def test_authenticate_returns_a_true_value(rf):
    request = rf.post("/mcp", data=message("ping"), content_type="application/json")
    assert BearerProtection("/mcp", public=["ping"]).authenticate(request) is True


def test_public_operation_of_a_disabled_resource_is_a_404(ask, settings):
    settings.MCP_RESOURCES = {"/mcp": {"enabled": False}}
    assert ask(message("tools/list"), public=["tools/list"]).status_code == 404


def test_public_operation_of_an_unknown_resource_is_a_500(ask):
    assert ask(message("ping"), resource="/nowhere", public=["ping"]).status_code == 500


@pytest.mark.parametrize("public", ["tools/list", b"x", 7, [7]])
def test_wrong_value_is_refused_when_the_project_is_loaded(public):
    with pytest.raises(TypeError, match=r"^public "):
        BearerProtection(public=public)


def test_late_401_of_the_view_names_the_scopes_of_the_operation(rf):
    protection = BearerProtection("/mcp", scope=BY_TOOL, public=["tools/list"])
    for body, scope in ((call("write"), "files-write"), (b'{"a":1,"a":2}', None)):
        request = rf.post("/mcp", data=body, content_type="application/json")
        assert protection._known_scope(request) == ((scope,) if scope else None)  # noqa: SLF001
