"""How a client is let in: registration, the page that asks, the code and what it is worth."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from oauth2_provider.models import Application

from tests.example.walk import (
    CALLBACK,
    ELSEWHERE,
    MCP,
    ORIGIN,
    PASSWORD,
    REPORTS,
    VERIFIER,
    Fields,
    refusal,
    stopped,
    told,
)

pytestmark = pytest.mark.usefixtures("example")


def test_anybody_registers(walk):
    response = walk.register()
    assert response.status_code == 201
    assert response.json()["client_name"] == "Walker"
    assert "client_secret" not in response.json()


def test_client_registers_with_a_secret(walk):
    registered = walk.register("client_secret_basic").json()
    assert registered["client_secret"]


@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "data:text/html,x", f"{CALLBACK}#fragment", "cursor2://x/y", ""]
)
def test_dangerous_redirect_uri_is_refused(walk, uri):
    response = walk.register(redirect_uris=[uri] if uri else [])
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize(
    "members",
    [
        {"redirect_uris": CALLBACK},
        {"redirect_uris": [5]},
        {"redirect_uris": None},
        {"grant_types": ["authorization_code", "password"]},
        {"grant_types": ["client_credentials"]},
        {"grant_types": ["implicit"]},
        {"grant_types": [{}]},
        {"client_name": None},
        {"client_name": "x" * 256},
        {"client_name": "\ud800"},
        {"redirect_uris": ["http://[::1/callback"]},
        {"authentication": []},
        {"authentication": "private_key_jwt"},
    ],
)
def test_registration_that_makes_no_sense_is_a_bad_request(walk, members):
    response = walk.register(**members)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"\xff"])
def test_registration_that_is_no_object_is_a_bad_request(walk, body):
    response = walk.http.post("/oauth/mcp/register", body, "application/json")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")


def test_stranger_is_sent_to_sign_in_and_comes_back(walk, user):
    stranger = walk.browser = Client(headers={"host": "127.0.0.1:8000"})
    page = walk.ask()
    assert page["location"].startswith("/oauth/mcp/login?next=/oauth/mcp/authorize")
    form = {"username": "demo", "password": PASSWORD}
    back = stranger.post(page["location"], form)
    assert stranger.get(back["location"]).context["application"].name == "Walker"


def test_login_page_names_no_reason_for_a_refusal(walk, user):
    response = Client(headers={"host": "127.0.0.1:8000"}).post(
        "/oauth/mcp/login", {"username": "demo", "password": "wrong"}
    )
    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()


def test_page_says_who_asks_for_what_and_where_the_answer_goes(walk):
    page = walk.ask(scope="mcp reports", resource=REPORTS).content.decode()
    for words in (
        "Walker",
        "demo",
        "Connect to the MCP server below on your behalf",
        "Read the reports about this site",
        f"<code>{REPORTS}</code>",
        "A program on this computer, at <code><bdi>127.0.0.1:41234</bdi></code>",
    ):
        assert words in page


def test_name_of_a_client_is_text(walk):
    registered = walk.register(client_name="<script>alert(1)</script>").json()
    page = walk.ask(client_id=registered["client_id"]).content.decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


PLAIN = "http://client.example.com/callback"


@pytest.fixture
def plain(walk):
    """Let a client be there that registered before plain http was refused."""
    Application.objects.filter(client_id=walk.client_id).update(redirect_uris=PLAIN)


@pytest.mark.parametrize("uri", [PLAIN, "https://good.example@evil.example/"])
def test_client_that_wants_answers_where_others_read_them_is_not_registered(walk, uri):
    assert refusal(walk.register(redirect_uris=[CALLBACK, uri])) == (400, "invalid_client_metadata")


def test_client_cannot_change_to_plain_http(walk):
    registered = walk.register().json()
    response = walk.http.put(
        f"/oauth/mcp/register/{registered['client_id']}",
        json.dumps({"redirect_uris": [PLAIN]}),
        "application/json",
        headers={"authorization": f"Bearer {registered['registration_access_token']}"},
    )
    assert refusal(response) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("parameters", [{}, {"scope": "bogus"}, {"redirect_uri": None}])
@pytest.mark.usefixtures("plain")
def test_answer_goes_over_plain_http_to_this_machine_only(walk, parameters):
    page = walk.ask(**{"redirect_uri": PLAIN, **parameters})
    assert page.status_code == 400
    assert "plain http is allowed on loopback hosts only" in page.content.decode()
    assert "<a href" not in page.content.decode()


def test_client_with_one_redirect_uri_need_not_say_it(walk):
    page = walk.ask(redirect_uri=None)
    assert "<bdi>127.0.0.1:41234</bdi>" in page.content.decode()


@pytest.mark.parametrize("button", [{}, {"allow": "true"}], ids=["cancel", "allow"])
@pytest.mark.parametrize("uri", [PLAIN, "https://evil.example/callback"])
@pytest.mark.usefixtures("plain")
def test_form_with_another_redirect_uri_leads_nowhere(walk, uri, button):
    form = {"client_id": walk.client_id, "redirect_uri": uri, "scope": "mcp"}
    response = walk.browser.post(
        "/oauth/mcp/authorize", {**form, "response_type": "code", **button}
    )
    assert response.status_code == 400


@pytest.mark.parametrize("parameters", [{"prompt": "none"}, {"prompt": "none", "scope": "bogus"}])
def test_link_leads_nowhere_else_by_itself(walk, user, parameters):
    walk.browser = Client(headers={"host": "127.0.0.1:8000"})
    assert "error" in stopped(walk.ask(**parameters))


def test_client_that_the_site_trusts_is_answered_at_once(walk):
    Application.objects.filter(client_id=walk.client_id).update(skip_authorization=True)
    assert "code" in told(walk.ask())


@pytest.mark.parametrize(
    "form", [{}, {"client_id": "nobody", "redirect_uri": CALLBACK, "scope": "mcp"}]
)
def test_form_that_is_not_ours_is_a_bad_request(walk, form):
    response = walk.browser.post("/oauth/mcp/authorize", {"response_type": "code", **form})
    assert response.status_code == 400


@pytest.mark.parametrize("url", ["/oauth/mcp/authorize", "/oauth/mcp/login"])
def test_pages_have_a_policy_that_lets_the_answer_through(walk, url):
    response = walk.ask() if url == "/oauth/mcp/authorize" else walk.browser.get(url)
    policy = response["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action" not in policy
    assert response["cache-control"] == "no-store"
    assert response["x-frame-options"] == "DENY"


def test_allow_gives_a_code_in_the_name_of_the_issuer(walk):
    answer = walk.answer(walk.ask(), allow="true")
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("of this walk", ORIGIN)


def test_cancel_tells_the_client_in_the_name_of_the_issuer(walk):
    answer = walk.answer(walk.ask())
    expected = {"error": "access_denied", "state": "of this walk", "iss": ORIGIN}
    assert answer.items() >= expected.items()


@pytest.mark.parametrize(
    "parameters", [{"scope": "bogus"}, {"resource": ELSEWHERE}, {"code_challenge": None}]
)
def test_error_that_the_page_reports_is_in_the_name_of_the_issuer(walk, parameters):
    assert stopped(walk.ask(**parameters))["iss"] == ORIGIN


def test_error_after_the_form_is_in_the_name_of_the_issuer(walk):
    fields = Fields(walk.ask().content.decode()).values
    form = {**fields, "resource": ELSEWHERE, "allow": "true"}
    answer = told(walk.browser.post("/oauth/mcp/authorize", form))
    assert (answer["error"], answer["iss"]) == ("invalid_target", ORIGIN)


def test_error_without_a_question_is_in_the_name_of_the_issuer(walk):
    walk.browser = Client(headers={"host": "127.0.0.1:8000"})
    answer = stopped(walk.ask(prompt="none"))
    assert (answer["error"], answer["iss"]) == ("login_required", ORIGIN)


def test_client_that_the_site_trusts_gets_the_name_of_the_issuer(walk):
    Application.objects.filter(client_id=walk.client_id).update(skip_authorization=True)
    assert told(walk.ask())["iss"] == ORIGIN


def test_iss_is_promised(walk):
    assert walk.metadata()["authorization_response_iss_parameter_supported"] is True


def test_issuer_of_the_answers_does_not_depend_on_the_toolkit(walk, example):
    example.OAUTH2_PROVIDER = {
        **example.OAUTH2_PROVIDER,
        "OIDC_ISS_ENDPOINT": "https://other.example.com",
        "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": False,
    }
    for button in ({}, {"allow": "true"}):
        assert walk.answer(walk.ask(), **button)["iss"] == ORIGIN


@pytest.mark.parametrize(
    "parameters",
    [
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        {"code_challenge": VERIFIER, "code_challenge_method": None},
    ],
    ids=["plain", "plain-by-default"],
)
def test_pkce_is_s256_and_nothing_else(walk, parameters):
    answer = walk.answer(walk.ask(**parameters), allow="true")
    assert answer["error"] == "invalid_request"


def test_pkce_is_required(walk):
    answer = stopped(walk.ask(code_challenge=None, code_challenge_method=None))
    assert answer["error"] == "invalid_request"


@pytest.mark.parametrize("response_type", ["token", "id_token", "code token", "code id_token"])
def test_only_codes_are_given_out(walk, response_type):
    answer = stopped(walk.ask(response_type=response_type))
    assert answer["error"] in ("unauthorized_client", "unsupported_response_type")


def test_unknown_scope_is_refused(walk):
    assert stopped(walk.ask(scope="mcp everything"))["error"] == "invalid_scope"


@pytest.mark.parametrize("resource", [ELSEWHERE, [MCP, ELSEWHERE], f'{MCP}/%00"><x'])
def test_user_is_not_asked_for_a_resource_that_is_not_here(walk, resource):
    answer = stopped(walk.ask(resource=resource))
    assert (answer["error"], answer["state"]) == ("invalid_target", "of this walk")


def test_form_with_a_resource_that_is_not_here_gives_no_code(walk):
    fields = Fields(walk.ask().content.decode()).values
    form = {**fields, "resource": f"{MCP} {ELSEWHERE}", "allow": "true"}
    answer = told(walk.browser.post("/oauth/mcp/authorize", form))
    assert (answer["error"], answer["state"]) == ("invalid_target", "of this walk")


@pytest.mark.parametrize(
    "parameters",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": CALLBACK.replace("callback", "elsewhere")},
        # A client ID metadata document on a host that is not public is not even asked for.
        {"client_id": "https://127.0.0.1/client.json"},
    ],
    ids=["unknown-client", "other-host", "other-path", "private-metadata-document"],
)
def test_doubtful_link_ends_on_a_page_and_not_at_the_client(walk, parameters):
    page = walk.ask(**parameters)
    assert page.status_code == 400
    assert "This link does not work" in page.content.decode()


def test_loopback_client_may_have_another_port_each_time(walk):
    registered = walk.register(redirect_uris=["http://localhost:1/callback"]).json()
    page = walk.ask(
        client_id=registered["client_id"], redirect_uri="http://localhost:50505/callback"
    )
    assert "<bdi>localhost:50505</bdi>" in page.content.decode()


def test_user_is_asked_each_time_whatever_the_link_says(walk, tokens):
    page = walk.ask(resource=REPORTS, approval_prompt="auto")
    assert page.status_code == 200
    assert "Allow" in page.content.decode()


def test_page_without_a_csrf_token_is_refused(walk, user):
    browser = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1:8000"})
    browser.force_login(user)
    assert browser.post("/oauth/mcp/authorize", {"allow": "true"}).status_code == 403
