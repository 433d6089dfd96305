"""What the example issues: what is in an access token, and what a refresh keeps and ends."""

from __future__ import annotations

import base64
from datetime import timedelta

import jwt
import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application, RefreshToken

from mcp_oauth_discovery.contrib.oauth_toolkit import validator
from mcp_oauth_discovery.signing import verify_jwt
from tests.example.walk import ELSEWHERE, MCP, ORIGIN, REPORTS, Walk, claims, refusal

pytestmark = pytest.mark.usefixtures("example")


def test_access_token_has_the_claims_of_its_kind(walk, tokens, user):
    found = claims(tokens["access_token"])
    assert jwt.get_unverified_header(tokens["access_token"])["typ"] == "at+jwt"
    assert set(found) == {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"}
    assert (found["iss"], found["aud"], found["scope"]) == (ORIGIN, MCP, "mcp")
    assert (found["sub"], found["client_id"]) == (str(user.pk), walk.client_id)
    assert found["exp"] - found["iat"] == tokens["expires_in"] == 15 * 60


def test_access_token_is_signed_by_a_published_key(walk, tokens):
    keys = jwt.PyJWKSet.from_dict(walk.http.get("/.well-known/jwks.json").json())
    token = tokens["access_token"]
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["ES256"], audience=MCP, issuer=ORIGIN)
    assert verify_jwt(token, audience=MCP) == claims(token)


def test_each_token_has_an_identifier_of_its_own(walk):
    first, second = (claims(walk.sign_in()["access_token"]) for _ in range(2))
    assert first["jti"] != second["jti"]


def test_answer_with_tokens_is_stored_nowhere(walk):
    exchanged = walk.exchange(walk.code())
    refreshed = walk.refresh(exchanged.json()["refresh_token"])
    for response in (exchanged, refreshed):
        assert "access_token" in response.json()
        assert response["cache-control"] == "no-store"


def test_refresh_token_is_no_jwt(tokens):
    assert "." not in tokens["refresh_token"]


def test_no_token_is_in_the_database_as_it_is(tokens):
    rows = [*AccessToken.objects.values_list("token"), *RefreshToken.objects.values_list("token")]
    assert not {tokens["access_token"], tokens["refresh_token"]} & {token for (token,) in rows}


def test_resource_may_be_left_to_the_consent(walk):
    tokens = walk.exchange(walk.code(resource=REPORTS), resource=None).json()
    assert claims(tokens["access_token"])["aud"] == REPORTS


def test_one_resource_out_of_two_may_be_chosen(walk):
    tokens = walk.exchange(walk.code(resource=[MCP, REPORTS]), resource=REPORTS).json()
    assert claims(tokens["access_token"])["aud"] == REPORTS


def test_refreshed_token_keeps_resource_scope_and_user(walk):
    first = walk.sign_in(REPORTS, "mcp reports")
    second = walk.refresh(first["refresh_token"]).json()
    kept = ("iss", "sub", "aud", "client_id", "scope")
    before, after = claims(first["access_token"]), claims(second["access_token"])
    assert [after[name] for name in kept] == [before[name] for name in kept]
    assert after["jti"] != before["jti"]


def test_refreshed_token_may_have_less_scope_and_never_more(walk):
    tokens = walk.sign_in(REPORTS, "mcp reports")
    narrow = walk.refresh(tokens["refresh_token"], scope="mcp").json()
    assert claims(narrow["access_token"])["scope"] == "mcp"
    wider = walk.refresh(walk.sign_in()["refresh_token"], scope="mcp reports")
    assert refusal(wider) == (400, "invalid_scope")


def test_refresh_leads_to_no_other_resource(walk, tokens):
    response = walk.refresh(tokens["refresh_token"], resource=REPORTS)
    assert refusal(response) == (400, "invalid_target")


@pytest.mark.parametrize("asked", [ELSEWHERE, None])
def test_refresh_token_from_before_the_rules_gives_no_token_for_elsewhere(walk, tokens, asked):
    RefreshToken.objects.update(resource=[ELSEWHERE])
    response = walk.refresh(tokens["refresh_token"], resource=asked)
    assert refusal(response) == (400, "invalid_target")
    assert response["content-type"] == "application/json"


def pass_a_minute():
    """Let all that has become of refresh tokens have been a minute ago."""
    for name in ("created", "revoked"):
        tokens = RefreshToken.objects.filter(**{f"{name}__isnull": False})
        tokens.update(**{name: timezone.now() - timedelta(minutes=1)})


def test_replayed_refresh_token_ends_the_whole_family(walk, tokens):
    second = walk.refresh(tokens["refresh_token"]).json()
    pass_a_minute()
    assert refusal(walk.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert refusal(walk.refresh(second["refresh_token"])) == (400, "invalid_grant")
    assert walk.call(second["access_token"]).status_code == 401


def test_refresh_token_sent_twice_at_once_is_refused_and_ends_nothing(walk, tokens, monkeypatch):
    monkeypatch.setattr(validator, "AT_ONCE", timedelta(hours=1))
    second = walk.refresh(tokens["refresh_token"]).json()
    assert refusal(walk.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert walk.call(second["access_token"]).status_code == 200
    assert walk.refresh(second["refresh_token"]).status_code == 200


def test_refresh_token_from_before_the_last_one_ends_the_whole_family(walk, tokens):
    third = walk.refresh(walk.refresh(tokens["refresh_token"]).json()["refresh_token"]).json()
    pass_a_minute()
    assert refusal(walk.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert refusal(walk.refresh(third["refresh_token"])) == (400, "invalid_grant")
    assert walk.call(third["access_token"]).status_code == 401


def test_client_that_was_late_and_tried_again_signs_no_other_one_out(walk, tokens, monkeypatch):
    monkeypatch.setattr(validator, "AT_ONCE", timedelta(hours=1))
    second = walk.refresh(tokens["refresh_token"]).json()
    assert refusal(walk.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    third = walk.refresh(second["refresh_token"]).json()
    # The last one of those that were sent at once.
    assert refusal(walk.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert walk.call(third["access_token"]).status_code == 200
    assert walk.refresh(third["refresh_token"]).status_code == 200


def test_refresh_token_that_was_revoked_on_purpose_is_not_excused(walk, tokens, monkeypatch):
    monkeypatch.setattr(validator, "AT_ONCE", timedelta(hours=1))
    relative = walk.sign_in()
    [family, _] = RefreshToken.objects.order_by("pk").values_list("token_family", flat=True)
    RefreshToken.objects.update(token_family=family)
    assert walk.revoke(tokens["refresh_token"]).status_code == 200
    assert walk.call(relative["access_token"]).status_code == 200
    assert refusal(walk.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert walk.call(relative["access_token"]).status_code == 401


def test_replayed_code_ends_all_that_came_of_it(walk):
    code = walk.code()
    first = walk.exchange(code).json()
    second = walk.refresh(first["refresh_token"]).json()
    pass_a_minute()
    assert refusal(walk.exchange(code)) == (400, "invalid_grant")
    assert walk.call(second["access_token"]).status_code == 401
    assert refusal(walk.refresh(second["refresh_token"])) == (400, "invalid_grant")


def test_replayed_code_ends_nothing_else(walk, tokens):
    code = walk.code()
    walk.exchange(code)
    pass_a_minute()
    assert refusal(walk.exchange(code)) == (400, "invalid_grant")
    assert walk.call(tokens["access_token"]).status_code == 200


def test_code_sent_twice_at_once_is_refused_and_ends_nothing(walk, monkeypatch):
    monkeypatch.setattr(validator, "AT_ONCE", timedelta(hours=1))
    code = walk.code()
    tokens = walk.exchange(code).json()
    assert refusal(walk.exchange(code)) == (400, "invalid_grant")
    assert walk.call(tokens["access_token"]).status_code == 200
    assert walk.refresh(tokens["refresh_token"]).status_code == 200


def test_code_that_another_client_replays_ends_nothing(walk, browser):
    code = walk.code()
    tokens = walk.exchange(code).json()
    pass_a_minute()
    assert refusal(Walk(browser).exchange(code)) == (400, "invalid_grant")
    assert walk.call(tokens["access_token"]).status_code == 200


def test_refresh_ends_the_token_before(walk, tokens):
    assert walk.call(tokens["access_token"]).status_code == 200
    walk.refresh(tokens["refresh_token"])
    assert walk.call(tokens["access_token"]).status_code == 401


def test_refresh_token_is_of_one_client(walk, tokens, browser):
    other = Walk(browser)
    assert refusal(other.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_client_with_a_secret_has_to_show_it(walk):
    registered = walk.register("client_secret_post").json()
    walk.registration = registered
    assert refusal(walk.exchange(walk.code())) == (401, "invalid_client")
    secret = {"client_secret": registered["client_secret"]}
    assert walk.exchange(walk.code(), **secret).status_code == 200


@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
def test_client_revokes_by_each_announced_method(walk, method):
    assert method in walk.metadata()["revocation_endpoint_auth_methods_supported"]
    walk.registration = walk.register(method).json()
    secret = walk.registration.get("client_secret")
    tokens = walk.exchange(walk.code(), client_secret=secret).json()
    form = {"token": tokens["access_token"]}
    pair = base64.b64encode(f"{walk.client_id}:{secret}".encode()).decode()
    headers = {"authorization": f"Basic {pair}"} if method == "client_secret_basic" else {}
    if not headers:
        form |= {"client_id": walk.client_id}
    if method == "client_secret_post":
        form |= {"client_secret": secret}
    assert walk.send_form("/oauth/mcp/revoke", form, headers=headers).status_code == 200
    assert walk.call(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize("step", ["exchange", "refresh"])
def test_user_who_may_no_longer_sign_in_gets_no_new_tokens(walk, user, step):
    code = walk.code()
    refresh_token = walk.sign_in()["refresh_token"]
    type(user).objects.update(is_active=False)
    response = walk.exchange(code) if step == "exchange" else walk.refresh(refresh_token)
    assert refusal(response) == (400, "invalid_grant")


def test_refresh_token_expires(walk, tokens):
    long_ago = timezone.now() - timedelta(days=31)
    AccessToken.objects.update(expires=long_ago)
    assert refusal(walk.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_scripts_of_any_origin_may_register_and_fetch_tokens(walk):
    servers = ("/mcp", "/reports/mcp")
    for path in ("/oauth/mcp/register", "/oauth/mcp/token", "/oauth/mcp/revoke", *servers):
        headers = {
            "origin": "https://other.example.com",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,mcp-protocol-version",
        }
        preflight = walk.http.options(path, headers=headers)
        assert preflight["access-control-allow-origin"] in ("*", "https://other.example.com")
        allowed = preflight["access-control-allow-headers"]
        assert {"authorization", "content-type", "mcp-protocol-version"} <= set(
            allowed.lower().split(", ")
        )
        answer = walk.send_form(path, {"a": "b"}, headers={"origin": "https://other.example.com"})
        assert "www-authenticate" in answer["access-control-expose-headers"].lower()


@pytest.mark.parametrize("path", ["/", "/oauth/mcp/login", "/oauth/mcp/authorize", "/admin/"])
def test_scripts_of_other_origins_read_nothing_else(path, user):
    client = Client(headers={"host": "127.0.0.1:8000", "origin": "https://other.example.com"})
    assert "access-control-allow-origin" not in client.get(path).headers


def test_client_manages_its_own_registration(walk):
    token = walk.register().json()["registration_access_token"]
    application = Application.objects.get()
    headers = {"authorization": f"Bearer {token}"}
    path = f"/oauth/mcp/register/{application.client_id}"
    assert walk.http.get(path, headers=headers).status_code == 200
    assert walk.http.delete(path, headers=headers).status_code == 204
    assert not Application.objects.exists()
