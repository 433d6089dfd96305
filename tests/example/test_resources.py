"""Which server a token is for: in any spelling, by default, or none."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.http import Http404
from django.test import AsyncClient
from oauth2_provider.models import AccessToken, Application, Grant, RefreshToken

from mcp_oauth_discovery.contrib.oauth_toolkit import Validator
from tests.example.walk import (
    CALLBACK,
    CHALLENGE,
    MCP,
    ORIGIN,
    REPORTS,
    Fields,
    claims,
    refusal,
    stopped,
    told,
)

pytestmark = pytest.mark.usefixtures("example")

SPELLINGS = [f"{MCP}/", "HTTP://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/%6dcp"]


@pytest.fixture
def one_server(example):
    """Let the site have one MCP server, and one that is switched off."""
    example.MCP_RESOURCES = {
        "/mcp": {"scopes_supported": ["mcp"]},
        "/reports/mcp": {"enabled": False},
    }
    return example


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_server_may_be_spelt_in_another_way(walk, spelling):
    tokens = walk.sign_in(spelling)
    assert claims(tokens["access_token"])["aud"] == MCP
    assert walk.call(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_page_shows_the_configured_spelling(walk, spelling):
    page = walk.ask(resource=spelling).content.decode()
    assert f"<code>{MCP}</code>" in page
    assert Fields(page).values["resource"] == MCP


def test_configured_spelling_is_what_is_stored(walk):
    walk.sign_in(f"{MCP}/")
    assert [one.resource for one in AccessToken.objects.filter(user__isnull=False)] == [[MCP]]
    assert RefreshToken.objects.get().resource == [MCP]


@pytest.mark.parametrize(("first", "second"), [(MCP, f"{MCP}/"), (f"{MCP}/", MCP)])
def test_refresh_may_spell_the_server_in_another_way(walk, first, second):
    tokens = walk.sign_in(first)
    for spelling in (second, None, first):
        response = walk.refresh(tokens["refresh_token"], resource=spelling)
        assert response.status_code == 200, response.content
        tokens = response.json()
        assert walk.call(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize(("first", "second"), [(MCP, f"{MCP}/"), (f"{MCP}/", MCP)])
def test_exchange_may_spell_the_server_in_another_way(walk, first, second):
    tokens = walk.exchange(walk.code(resource=first), resource=second).json()
    assert claims(tokens["access_token"])["aud"] == MCP


@pytest.mark.parametrize("stored", [f"{MCP}/", "HTTP://127.0.0.1:8000/mcp"])
def test_code_and_refresh_token_from_before_get_the_configured_spelling(walk, stored):
    code = walk.code()
    Grant.objects.update(resource=[stored])
    tokens = walk.exchange(code).json()
    RefreshToken.objects.update(resource=[stored])
    for asked in (MCP, stored, None):
        tokens = walk.refresh(tokens["refresh_token"], resource=asked).json()
        assert walk.call(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize(
    "resource",
    [ORIGIN, f"{ORIGIN}/", f"{MCP}?x=1", f"{ORIGIN}/MCP", f"{REPORTS}/x", f"{MCP}//", "https://["],
)
def test_user_is_not_asked_for_a_similar_url(walk, resource):
    assert stopped(walk.ask(resource=resource))["error"] == "invalid_target"


@pytest.mark.parametrize("resource", [f"{MCP} {ORIGIN}/", f"{ORIGIN}/other"])
def test_form_with_a_similar_url_gives_no_code(walk, resource):
    fields = Fields(walk.ask().content.decode()).values
    form = {**fields, "resource": resource, "allow": "true"}
    assert told(walk.browser.post("/oauth/mcp/authorize", form))["error"] == "invalid_target"


@pytest.mark.parametrize("resource", [f"{ORIGIN}/", f"{ORIGIN}/other", "", "https://["])
def test_token_endpoint_refuses_a_similar_url(walk, tokens, resource):
    assert refusal(walk.exchange(walk.code(), resource=resource)) == (400, "invalid_target")
    refreshed = walk.refresh(tokens["refresh_token"], resource=resource)
    assert refusal(refreshed) == (400, "invalid_target")


def test_server_that_is_switched_off_is_refused(one_server, walk):
    assert stopped(walk.ask(resource=REPORTS))["error"] == "invalid_target"


# Clients that name no server


def test_with_two_servers_one_has_to_be_named(walk):
    answer = stopped(walk.ask(resource=None))
    assert (answer["error"], answer["state"]) == ("invalid_target", "of this walk")
    assert "resource" in answer["error_description"]


@pytest.mark.usefixtures("one_server")
def test_only_server_need_not_be_named(walk):
    page = walk.ask(resource=None)
    assert f"<code>{MCP}</code>" in page.content.decode()
    tokens = walk.exchange(walk.answer(page, allow="true")["code"], resource=None).json()
    assert claims(tokens["access_token"])["aud"] == MCP
    tokens = walk.refresh(tokens["refresh_token"]).json()
    assert walk.call(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize("asked", [MCP, f"{MCP}/"])
@pytest.mark.usefixtures("one_server")
def test_only_server_may_be_named_later(walk, asked):
    tokens = walk.exchange(walk.code(resource=None), resource=asked).json()
    assert walk.call(tokens["access_token"]).status_code == 200


def test_only_server_is_that_of_the_tenant_where_the_user_is_asked(one_server, walk):
    def tenant(request):
        return f"{request.scheme}://{request.get_host()}/mcp"

    one_server.MCP_RESOURCES, one_server.MCP_RESOURCE = {}, tenant
    assert Fields(walk.ask(resource=None).content.decode()).values["resource"] == MCP


def test_only_server_is_found_behind_asgi(one_server, walk, user):
    def tenant(request):
        return f"{request.scheme}://{request.get_host()}/mcp"

    one_server.MCP_RESOURCES, one_server.MCP_RESOURCE = {}, tenant
    one_server.ALLOWED_HOSTS = [*one_server.ALLOWED_HOSTS, "testserver"]
    client = AsyncClient()
    client.force_login(user)
    query = {"client_id": walk.client_id, "response_type": "code", "redirect_uri": CALLBACK}
    query |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    page = async_to_sync(client.get)("/oauth/mcp/authorize", query, secure=True)
    assert Fields(page.content.decode()).values["resource"] == "https://testserver/mcp"


@pytest.mark.parametrize("error", [Http404, RuntimeError])
def test_tenant_must_be_named_if_the_host_does_not_show_it(one_server, walk, error):
    def tenant(request):
        raise error

    one_server.MCP_RESOURCES, one_server.MCP_RESOURCE = {}, tenant
    assert stopped(walk.ask(resource=None))["error"] == "invalid_target"


@pytest.mark.parametrize(("scope", "is_asked"), [("mcp", False), ("reports", True)])
def test_scopes_of_all_tenants_separate_other_applications(one_server, walk, scope, is_asked):
    def tenant(request):
        raise Http404

    one_server.MCP_RESOURCES, one_server.MCP_RESOURCE = {}, tenant
    one_server.MCP_RESOURCE_METADATA = {"scopes_supported": ["mcp"]}
    assert (walk.ask(resource=None, scope=scope).status_code == 200) is is_asked


def test_application_trusted_by_the_site_gets_the_only_server_as_well(one_server, walk):
    Application.objects.filter(client_id=walk.client_id).update(skip_authorization=True)
    tokens = walk.exchange(told(walk.ask(resource=None))["code"], resource=None).json()
    assert claims(tokens["access_token"])["aud"] == MCP


# Applications of the site's own, which have nothing to do with MCP


def test_other_scopes_are_not_for_mcp(one_server, walk):
    tokens = walk.exchange(walk.code(resource=None, scope="reports"), resource=None).json()
    assert "." not in tokens["access_token"]
    assert AccessToken.objects.get(user__isnull=False).resource == []
    assert walk.call(tokens["access_token"]).status_code == 401
    assert "." not in walk.refresh(tokens["refresh_token"]).json()["access_token"]


def test_consent_to_no_server_is_no_consent_to_any(one_server, walk):
    response = walk.exchange(walk.code(resource=None, scope="reports"), resource=MCP)
    assert refusal(response) == (400, "invalid_target")


def test_validator_may_say_which_applications_are_not_for_mcp(walk, monkeypatch):
    def needs_resource(self, client, scopes, request):
        return client.name != "Walker"

    monkeypatch.setattr(Validator, "needs_resource", needs_resource)
    tokens = walk.exchange(walk.code(resource=None), resource=None).json()
    assert "." not in tokens["access_token"]
    registered = walk.register(client_name="Other").json()
    page = walk.ask(client_id=registered["client_id"], resource=None)
    assert stopped(page)["error"] == "invalid_target"


def test_without_any_server_there_is_none_to_name(one_server, walk):
    one_server.MCP_RESOURCES = {"/mcp": {"enabled": False}}
    one_server.MCP_RESOURCE = MCP
    assert "." not in walk.exchange(walk.code(resource=None), resource=None).json()["access_token"]
