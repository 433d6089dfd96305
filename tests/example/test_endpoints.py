"""What the two MCP servers take, and all that they do not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.urls import get_resolver
from django.utils import timezone
from oauth2_provider.models import AccessToken

from example_project.servers import people
from example_project.settings import _people
from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing import sign_jwt
from tests.example.walk import MCP, ORIGIN, REPORTS, challenge, claims, result

pytestmark = pytest.mark.usefixtures("example")

PRM = f"{ORIGIN}/.well-known/oauth-protected-resource"


def refused(response, status=401, error="invalid_token"):
    assert response.status_code == status, response.content.decode()
    assert response["cache-control"] == "no-store"
    found = challenge(response)
    assert found["error"] == error
    return found


@pytest.mark.parametrize("path", ["/mcp", "/reports/mcp"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_who_has_no_token_is_shown_the_way(walk, path, method):
    response = walk.http.generic(method, path)
    assert response.status_code == 401
    assert challenge(response) == {"resource_metadata": f"{PRM}{path}", "scope": "mcp"}


@pytest.mark.parametrize(
    ("path", "name", "scopes"),
    [("/mcp", "People", ["mcp", "profile:write"]), ("/reports/mcp", "Reports", ["mcp", "reports"])],
)
def test_way_leads_to_the_document_of_the_server(walk, path, name, scopes):
    document = walk.http.get(challenge(walk.send(None, path=path))["resource_metadata"]).json()
    assert document["resource"] == f"{ORIGIN}{path}"
    assert document["authorization_servers"] == [ORIGIN]
    assert (document["resource_name"], document["scopes_supported"]) == (name, scopes)


def test_root_document_is_that_of_the_first_server(walk):
    assert walk.http.get(PRM).json() == walk.http.get(f"{PRM}/mcp").json()


def test_endpoints_are_those_of_the_toolkit(walk):
    document = walk.metadata()
    assert document["issuer"] == ORIGIN
    assert document["authorization_endpoint"] == f"{ORIGIN}/oauth/mcp/authorize"
    assert document["token_endpoint"] == f"{ORIGIN}/oauth/mcp/token"
    assert document["registration_endpoint"] == f"{ORIGIN}/oauth/mcp/register"
    assert document["revocation_endpoint"] == f"{ORIGIN}/oauth/mcp/revoke"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["scopes_supported"] == ["mcp", "profile:write", "reports"]


def test_toolkit_publishes_no_documents_of_its_own(walk):
    routes = [
        route for route in patterns(get_resolver().url_patterns) if route.startswith("oauth/")
    ]
    assert "oauth/mcp/token" in routes
    assert not [route for route in routes if "well-known" in route]
    for name in ("openid-configuration", "oauth-authorization-server", "jwks.json"):
        assert walk.http.get(f"/oauth/mcp/.well-known/{name}").status_code == 404


def patterns(found, prefix=""):
    for one in found:
        route = prefix + str(one.pattern)
        yield from patterns(one.url_patterns, route) if hasattr(one, "url_patterns") else [route]


def test_tool_acts_for_the_user_of_the_token(walk):
    token = walk.sign_in(scope="mcp profile:write")["access_token"]
    assert result(walk.call(token)) == {"username": "demo", "first_name": ""}
    changed = result(walk.call(token, "set_first_name", first_name="Ada"))
    assert changed == {"username": "demo", "first_name": "Ada"}
    assert get_user_model().objects.get().first_name == "Ada"


@pytest.mark.parametrize("name", ["x" * 151, "a\0b"])
def test_name_that_does_not_fit_is_an_error_of_the_tool(walk, name):
    token = walk.sign_in(scope="profile:write")["access_token"]
    answer = walk.call(token, "set_first_name", first_name=name)
    assert answer.json()["result"]["isError"] is True
    assert get_user_model().objects.get().first_name == ""


def test_client_that_may_read_steps_up_to_change_the_name(walk, tokens):
    token = tokens["access_token"]
    response = walk.call(token, "set_first_name", first_name="Ada")
    found = refused(response, 403, "insufficient_scope")
    assert get_user_model().objects.get().first_name == ""
    assert found["scope"].split() == ["profile:write", "mcp"]
    wider = walk.sign_in(scope=found["scope"])["access_token"]
    assert result(walk.call(wider, "set_first_name", first_name="Ada"))["first_name"] == "Ada"
    assert result(walk.call(wider))["first_name"] == "Ada"


def test_client_that_may_change_the_name_may_read_it(walk):
    token = walk.sign_in(scope="profile:write")["access_token"]
    assert walk.send(token, "tools/list").status_code == 200
    assert result(walk.call(token))["username"] == "demo"


@pytest.mark.parametrize("path", ["/mcp", "/reports/mcp"])
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
def test_page_of_a_foreign_origin_is_stopped_first(walk, tokens, path, method):
    headers = {
        "origin": "https://evil.example",
        "authorization": f"Bearer {tokens['access_token']}",
    }
    response = walk.http.generic(method, path, headers=headers)
    assert response.status_code == 403
    assert "www-authenticate" not in response.headers


@pytest.mark.parametrize("origin", ["http://localhost:6274", "http://127.0.0.1:6274"])
def test_page_of_the_inspector_may_call_a_tool(walk, tokens, origin):
    walk.http.defaults["HTTP_ORIGIN"] = origin
    assert result(walk.call(tokens["access_token"]))["username"] == "demo"


def test_session_of_a_browser_opens_no_server(walk, user):
    walk.http.force_login(user)
    assert walk.call(None).status_code == 401


def test_reports_are_read_with_their_own_scope(walk):
    token = walk.sign_in(REPORTS, "mcp reports")["access_token"]
    counted = result(walk.call(token, "count_clients", "/reports/mcp"))
    assert counted == {"registered": 1, "with_tokens": 1}
    [key] = result(walk.call(token, "list_keys", "/reports/mcp"))["keys"]
    assert key == {"kid": SigningKey.objects.get().kid, "algorithm": "ES256", "state": "active"}


def test_reports_server_only_reads(walk):
    token = walk.sign_in(REPORTS, "mcp reports")["access_token"]
    tools = walk.send(token, "tools/list", "/reports/mcp").json()["result"]["tools"]
    assert [tool["annotations"]["readOnlyHint"] for tool in tools] == [True, True]


def test_client_connects_to_reports_and_steps_up_for_the_tool(walk):
    token = walk.sign_in(REPORTS)["access_token"]
    assert walk.send(token, "tools/list", "/reports/mcp").status_code == 200
    found = refused(walk.call(token, "list_keys", "/reports/mcp"), 403, "insufficient_scope")
    assert found["scope"] == "reports mcp"
    assert found["resource_metadata"] == f"{PRM}/reports/mcp"
    wider = walk.sign_in(REPORTS, found["scope"])["access_token"]
    assert walk.call(wider, "list_keys", "/reports/mcp").status_code == 200


CALL = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_keys"}}'


@pytest.mark.parametrize(
    ("spelling", "other", "status"),
    [
        (b"tools/call", b"tools\\/call", 403),
        (b"list_keys", b"list\\u005fkeys", 403),
        (b'"method": ', b'"method": "ping", "method": ', 400),
        (b'"name": ', b'"name": "whoami", "name": ', 400),
    ],
)
def test_no_spelling_of_a_call_gets_past_the_scope(walk, spelling, other, status):
    headers = {"authorization": f"Bearer {walk.sign_in(REPORTS)['access_token']}"}
    body = CALL.replace(spelling, other)
    assert body != CALL
    response = walk.http.post("/reports/mcp", body, "application/json", headers=headers)
    assert response.status_code == status


BODIES = [b"", b"[", b"[]", b"5", b"\xff", b'{"method": []}', b"[" * 100_000]


@pytest.mark.parametrize("path", ["/mcp", "/reports/mcp"])
@pytest.mark.parametrize("body", BODIES)
def test_body_that_is_no_message_is_a_bad_request(walk, path, body):
    headers = {"authorization": f"Bearer {walk.sign_in(ORIGIN + path)['access_token']}"}
    response = walk.http.post(path, body, "application/json", headers=headers)
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("resource", "path"), [(MCP, "/reports/mcp"), (REPORTS, "/mcp")], ids=["mcp", "reports"]
)
def test_token_for_one_server_is_refused_by_the_other(walk, resource, path):
    token = walk.sign_in(resource, "mcp reports")["access_token"]
    refused(walk.call(token, path=path))


@pytest.mark.parametrize("path", ["/mcp", "/reports/mcp"])
def test_what_is_no_access_token_is_refused(walk, tokens, path):
    for token in (tokens["refresh_token"], walk.registration["registration_access_token"], "x"):
        refused(walk.call(token, path=path))


def test_token_in_the_url_is_none(walk, tokens):
    response = walk.http.post(f"/mcp?access_token={tokens['access_token']}")
    assert response.status_code == 401


def test_revoked_token_is_refused(walk, tokens):
    assert walk.revoke(tokens["access_token"]).status_code == 200
    refused(walk.call(tokens["access_token"]))


def test_token_of_a_deleted_client_is_refused(walk, tokens):
    headers = {"authorization": f"Bearer {walk.registration['registration_access_token']}"}
    walk.http.delete(f"/oauth/mcp/register/{walk.client_id}", headers=headers)
    refused(walk.call(tokens["access_token"]))


def test_token_of_a_row_that_has_expired_is_refused(walk, tokens):
    AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    refused(walk.call(tokens["access_token"]))


def test_user_who_may_no_longer_sign_in_is_refused(walk, tokens):
    get_user_model().objects.update(is_active=False)
    refused(walk.call(tokens["access_token"]))


def test_token_by_a_revoked_key_is_refused(walk, tokens):
    rotation.revoke(SigningKey.objects.get())
    refused(walk.call(tokens["access_token"]))


def test_jwt_that_the_token_endpoint_did_not_issue_is_refused(walk, tokens):
    forged = sign_jwt({**claims(tokens["access_token"]), "jti": "another"})
    refused(walk.call(forged))


def test_token_without_the_scope_is_told_which(walk):
    token = walk.sign_in(scope="reports")["access_token"]
    assert refused(walk.call(token), 403, "insufficient_scope")["scope"] == "mcp reports"


def test_server_that_is_mounted_without_its_protection_lets_nobody_in(rf, user):
    request = rf.post("/mcp", b"{}", "application/json", headers={"host": "127.0.0.1:8000"})
    request.user = user
    assert people(request).status_code == 401


@pytest.mark.parametrize("path", ["/mcp", "/reports/mcp"])
def test_both_servers_show_the_way_without_a_pinned_issuer(walk, settings, path):
    del settings.MCP_ISSUER
    settings.MCP_RESOURCE = _people
    response = walk.http.get(path)
    assert response.status_code == 401
    assert f"/.well-known/oauth-protected-resource{path}" in response["www-authenticate"]
