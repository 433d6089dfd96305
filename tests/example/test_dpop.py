"""Tokens that are bound to the key of their client (RFC 9449 §5), and those that are not."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.cache.backends.locmem import LocMemCache
from joserfc.jwk import ECKey
from oauth2_provider.models import AccessToken, Application, RefreshToken
from oauth2_provider.oauth2_backends import get_oauthlib_core
from oauthlib.common import Request

from mcp_oauth_discovery.contrib.oauth_toolkit import Validator, validator, verify_token
from mcp_oauth_discovery.contrib.oauth_toolkit import dpop as dpop_of_requests
from mcp_oauth_discovery.signing import InvalidToken, verify_jwt
from tests.example.proofs import Prover, proof
from tests.example.test_tokens import pass_a_minute
from tests.example.walk import CALLBACK, MCP, ORIGIN, REPORTS, Walk, claims, refusal

ALGORITHMS = "dpop_signing_alg_values_supported"


@pytest.fixture
def dpop(example):
    """The example with DPoP announced, and so done."""
    members = {**example.MCP_AUTHORIZATION_SERVER_METADATA, ALGORITHMS: ["ES256"]}
    example.MCP_AUTHORIZATION_SERVER_METADATA = members
    return example


@pytest.fixture
def prover(dpop, browser):
    return Prover(browser)


def test_announced_algorithms_are_in_the_metadata(prover):
    assert prover.metadata()[ALGORITHMS] == ["ES256"]


def test_token_is_bound_to_the_key_of_the_proof(prover):
    tokens = prover.sign_in()
    assert tokens["token_type"] == "DPoP"
    assert claims(tokens["access_token"])["cnf"] == {"jkt": prover.thumbprint}
    assert verify_jwt(tokens["access_token"], audience=MCP)["cnf"] == {"jkt": prover.thumbprint}


def test_refreshed_token_is_bound_too(prover):
    tokens = prover.refresh(prover.sign_in()["refresh_token"]).json()
    assert tokens["token_type"] == "DPoP"
    assert claims(tokens["access_token"])["cnf"] == {"jkt": prover.thumbprint}


def test_token_without_a_proof_is_a_bearer_token(dpop, walk):
    tokens = walk.sign_in()
    assert tokens["token_type"] == "Bearer"
    assert "cnf" not in claims(tokens["access_token"])
    assert "~" not in tokens["refresh_token"]
    assert walk.call(tokens["access_token"]).status_code == 200


def test_header_is_ignored_without_the_announcement(example, browser):
    prover = Prover(browser)
    prover.sent = "nonsense"
    tokens = prover.sign_in()
    assert (tokens["token_type"], "cnf" in claims(tokens["access_token"])) == ("Bearer", False)
    assert "~" not in tokens["refresh_token"]


@pytest.mark.parametrize("announced", [[], (), None])
def test_empty_list_of_algorithms_announces_nothing(dpop, prover, announced):
    dpop.MCP_AUTHORIZATION_SERVER_METADATA[ALGORITHMS] = announced
    assert prover.sign_in()["token_type"] == "Bearer"


REFUSED = {
    "malformed": lambda key: "nonsense",
    "empty": lambda key: "",
    "two": lambda key: f"{proof(key)},{proof(key)}",
    "not-ascii": lambda key: f"{proof(key)}é",
    "another-method": lambda key: proof(key, htm="GET"),
    "another-url": lambda key: proof(key, htu="https://evil.example/oauth/mcp/token"),
    "mcp-endpoint": lambda key: proof(key, htu=MCP),
    "old": lambda key: proof(key, iat=1),
    "no-jti": lambda key: proof(key, jti=""),
    "another-type": lambda key: proof(key, header={"typ": "JWT"}),
    "private-key": lambda key: proof(key, header={"jwk": key.as_dict(private=True)}),
    "another-signature": lambda key: proof(
        key, header={"jwk": ECKey.generate_key("P-256").as_dict(private=False)}
    ),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("step", ["exchange", "refresh"])
def test_proof_that_is_refused_uses_no_code_and_no_refresh_token(prover, step, make):
    used = prover.code() if step == "exchange" else prover.sign_in()["refresh_token"]
    send = getattr(prover, step)
    prover.sent = make(prover.key)
    refused = send(used)
    assert refusal(refused) == (400, "invalid_dpop_proof")
    assert refused["content-type"] == "application/json"
    assert refused["cache-control"] == "no-store"
    prover.sent = None
    assert send(used).json()["token_type"] == "DPoP"


def test_only_announced_algorithms_are_accepted(dpop, prover):
    dpop.MCP_AUTHORIZATION_SERVER_METADATA[ALGORITHMS] = ["EdDSA", "RS256"]
    assert refusal(prover.exchange(prover.code())) == (400, "invalid_dpop_proof")


def test_proof_is_compared_with_the_pinned_endpoint_and_not_with_the_host(prover):
    code, host = prover.code(), "localhost:8000"
    prover.sent = proof(prover.key, htu=f"http://{host}/oauth/mcp/token")
    prover.http.defaults["HTTP_HOST"] = host
    assert refusal(prover.exchange(code)) == (400, "invalid_dpop_proof")
    prover.sent = None
    assert prover.exchange(code).status_code == 200


def test_endpoint_is_compared_as_it_is_announced(dpop, prover):
    endpoint = "https://app.example.com/behind/a/proxy"
    dpop.MCP_AUTHORIZATION_SERVER_METADATA["token_endpoint"] = endpoint
    prover.sent = proof(prover.key, htu=endpoint)
    assert prover.sign_in()["token_type"] == "DPoP"


def test_proof_is_refused_as_an_error_of_the_site_if_the_issuer_is_not_pinned(dpop, prover, caplog):
    code = prover.code()
    dpop.MCP_ISSUER = None
    assert refusal(prover.exchange(code)) == (500, "server_error")
    assert "MCP_ISSUER is None: nothing is signed" in caplog.text


def test_client_gets_a_nonce_and_uses_it(dpop, prover):
    dpop.MCP_DPOP_NONCE_REQUIRED = True
    code = prover.code()
    response = prover.exchange(code)
    assert refusal(response) == (400, "use_dpop_nonce")
    assert response["access-control-expose-headers"] == "WWW-Authenticate, DPoP-Nonce"
    prover.sent = proof(prover.key, nonce=response["dpop-nonce"])
    assert prover.exchange(code).json()["token_type"] == "DPoP"


def test_headers_are_as_before_without_a_nonce(prover):
    response = prover.exchange(prover.code())
    assert response["access-control-expose-headers"] == "WWW-Authenticate"
    assert "dpop-nonce" not in response.headers


def test_proof_that_comes_twice_is_refused_and_uses_no_code(prover):
    prover.sent = proof(prover.key)
    assert prover.exchange(prover.code()).status_code == 200
    code, rows = prover.code(), AccessToken.objects.count()
    assert refusal(prover.exchange(code)) == (400, "invalid_dpop_proof")
    assert AccessToken.objects.count() == rows
    prover.sent = None
    assert prover.exchange(code).status_code == 200


def test_proof_beside_an_invalid_grant_is_not_used(prover):
    prover.sent = proof(prover.key)
    assert refusal(prover.exchange("unknown")) == (400, "invalid_grant")
    assert prover.exchange(prover.code()).status_code == 200


class BrokenCache(LocMemCache):
    def add(self, *args, **kwargs):
        raise ConnectionError("no cache at this address")


def test_nothing_is_issued_while_the_cache_cannot_remember_proofs(dpop, prover, caplog):
    code = prover.code()
    dpop.CACHES = {"default": {"BACKEND": f"{__name__}.BrokenCache"}}
    assert refusal(prover.exchange(code)) == (500, "server_error")
    assert "The cache cannot remember a DPoP proof: no cache at this address" in caplog.text
    dpop.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert prover.exchange(code).status_code == 200


@pytest.mark.parametrize("name", ["mcp_oauth_discovery.dpop_thumbprint", "DPoP-Thumbprint"])
def test_no_header_and_no_parameter_can_be_a_thumbprint(dpop, walk, name):
    walk.http.defaults[f"HTTP_{name.upper().replace('-', '_')}"] = "A" * 43
    response = walk.exchange(walk.code(), **{name: "A" * 43})
    assert response.json()["token_type"] == "Bearer"


# Refresh tokens


@pytest.mark.parametrize("key", ["another", "none"])
def test_bound_refresh_token_needs_its_key_and_is_otherwise_as_it_was(prover, key):
    tokens = prover.sign_in()
    right, prover.key = prover.key, ECKey.generate_key("P-256")
    prover.sends = key == "another"
    assert refusal(prover.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert RefreshToken.objects.get().revoked is None
    prover.key, prover.sends = right, True
    assert prover.refresh(tokens["refresh_token"]).json()["token_type"] == "DPoP"


@pytest.mark.parametrize("key", ["another", "none"])
def test_old_refresh_token_without_its_key_ends_nothing(prover, key):
    first = prover.sign_in()["refresh_token"]
    second = prover.refresh(first).json()["refresh_token"]
    pass_a_minute()
    right, prover.key = prover.key, ECKey.generate_key("P-256")
    prover.sends = key == "another"
    assert refusal(prover.refresh(first)) == (400, "invalid_grant")
    prover.key, prover.sends = right, True
    assert prover.refresh(second).status_code == 200


def test_old_refresh_token_with_its_key_ends_the_whole_family(prover):
    first = prover.sign_in()["refresh_token"]
    second = prover.refresh(first).json()["refresh_token"]
    pass_a_minute()
    assert refusal(prover.refresh(first)) == (400, "invalid_grant")
    assert refusal(prover.refresh(second)) == (400, "invalid_grant")


def test_bound_refresh_token_sent_twice_at_once_ends_nothing(prover, monkeypatch):
    monkeypatch.setattr(validator, "AT_ONCE", timedelta(hours=1))
    first = prover.sign_in()["refresh_token"]
    second = prover.refresh(first).json()["refresh_token"]
    assert refusal(prover.refresh(first)) == (400, "invalid_grant")
    assert prover.refresh(second).status_code == 200


def test_replayed_code_ends_bound_tokens_too(prover):
    code = prover.code()
    tokens = prover.exchange(code).json()
    pass_a_minute()
    assert refusal(prover.exchange(code)) == (400, "invalid_grant")
    assert refusal(prover.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_thumbprint_in_a_refresh_token_cannot_be_changed_or_left_out(prover):
    text, mark, thumbprint = prover.sign_in()["refresh_token"].rpartition("~dpop~")
    assert thumbprint == prover.thumbprint
    prover.key = ECKey.generate_key("P-256")
    assert refusal(prover.refresh(text + mark + prover.thumbprint)) == (400, "invalid_grant")
    assert refusal(prover.refresh(text)) == (400, "invalid_grant")
    prover.sends = False
    assert refusal(prover.refresh(text)) == (400, "invalid_grant")


def test_refresh_token_of_a_client_with_a_secret_is_not_bound(prover):
    registered = prover.register("client_secret_post").json()
    prover.registration = registered
    secret = {"client_secret": registered["client_secret"]}
    tokens = prover.exchange(prover.code(), **secret).json()
    assert (tokens["token_type"], "~" in tokens["refresh_token"]) == ("DPoP", False)
    prover.key = ECKey.generate_key("P-256")
    tokens = prover.refresh(tokens["refresh_token"], **secret).json()
    assert claims(tokens["access_token"])["cnf"] == {"jkt": prover.thumbprint}


def test_first_proof_binds_a_refresh_token_from_before(prover):
    prover.sends = False
    tokens = prover.sign_in()
    prover.sends = True
    tokens = prover.refresh(tokens["refresh_token"]).json()
    prover.sends = False
    assert refusal(prover.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_bound_refresh_token_ends_with_the_announcement(dpop, prover):
    tokens = prover.sign_in()
    del dpop.MCP_AUTHORIZATION_SERVER_METADATA[ALGORITHMS]
    assert refusal(prover.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert prover.sign_in()["token_type"] == "Bearer"


def test_refresh_token_that_does_not_rotate_stays_as_it_is(dpop, prover):
    dpop.OAUTH2_PROVIDER = {**dpop.OAUTH2_PROVIDER, "ROTATE_REFRESH_TOKEN": False}
    first = prover.sign_in()
    second = prover.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] == first["refresh_token"]
    assert claims(second["access_token"])["cnf"] == {"jkt": prover.thumbprint}


def test_refresh_token_of_another_generator_is_bound_as_well(dpop):
    request = Request("/", headers={dpop_of_requests._THUMBPRINT: "A" * 43})  # noqa: SLF001
    request.client = Application(client_type=Application.CLIENT_PUBLIC)
    token = {"refresh_token": "own"}
    dpop_of_requests.bind_refresh_token(token, request)
    assert token == {"refresh_token": f"own~dpop~{'A' * 43}"}


# Clients and resources that need a proof


@pytest.fixture
def strict(monkeypatch):
    """The model of a project that has a field for the member of RFC 9449 §5.2."""
    monkeypatch.setattr(Application, "dpop_bound_access_tokens", True, raising=False)


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("step", ["exchange", "refresh"])
def test_client_that_always_sends_proofs_gets_no_token_without_one(prover, step):
    used = prover.code() if step == "exchange" else prover.sign_in()["refresh_token"]
    send, prover.sends = getattr(prover, step), False
    assert refusal(send(used)) == (400, "invalid_dpop_proof")
    prover.sends = True
    assert send(used).json()["token_type"] == "DPoP"


@pytest.mark.usefixtures("strict", "example")
def test_client_needs_no_proof_where_none_is_announced(walk):
    assert walk.sign_in()["token_type"] == "Bearer"


@pytest.fixture
def bound(prover):
    """A client that has registered as one that always sends proofs."""
    response = prover.register(dpop_bound_access_tokens=True)
    assert response.status_code == 201
    prover.registration = response.json()
    return prover


def manage(client, method, **members):
    """Send a request to the configuration endpoint of a client (RFC 7592)."""
    registration = client.registration
    headers = {"authorization": f"Bearer {registration['registration_access_token']}"}
    path = registration["registration_client_uri"].removeprefix(ORIGIN)
    body = json.dumps({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"} | members)
    content = {"data": body, "content_type": "application/json"} if method == "put" else {}
    return getattr(client.http, method)(path, headers=headers, **content)


@pytest.mark.parametrize("step", ["exchange", "refresh"])
def test_client_that_registers_for_proofs_gets_no_token_without_one(bound, step):
    used = bound.code() if step == "exchange" else bound.sign_in()["refresh_token"]
    send, bound.sends = getattr(bound, step), False
    assert refusal(send(used)) == (400, "invalid_dpop_proof")
    bound.sends = True
    assert send(used).json()["token_type"] == "DPoP"


def test_client_that_registers_for_proofs_reads_so(bound):
    assert bound.registration["dpop_bound_access_tokens"] is True
    assert manage(bound, "get").json()["dpop_bound_access_tokens"] is True


@pytest.mark.parametrize("members", [{}, {"dpop_bound_access_tokens": False}])
def test_client_that_needs_proofs_keeps_its_id_and_needs_them_later(bound, members):
    changed = manage(bound, "put", **members).json()
    assert changed["client_id"] == bound.client_id
    assert changed["dpop_bound_access_tokens"] is True
    # Each change replaces the registration_access_token.
    bound.registration = changed
    assert manage(bound, "delete").status_code == 204


# RFC 7592 §2.2: null is the same as no member.
NO = False, None


@pytest.mark.parametrize("members", [{}] + [{"dpop_bound_access_tokens": no} for no in NO])
def test_client_that_does_not_ask_for_it_needs_no_proof(prover, members):
    prover.registration = prover.register(**members).json()
    asked = manage(prover, "put", dpop_bound_access_tokens=True).json()
    for registration in (prover.registration, asked):
        assert "dpop_bound_access_tokens" not in registration
    prover.sends = False
    assert prover.sign_in()["token_type"] == "Bearer"


@pytest.mark.parametrize("value", ["true", 1, 0, []])
def test_client_that_asks_for_no_boolean_is_refused(prover, value):
    response = prover.register(dpop_bound_access_tokens=value)
    assert refusal(response) == (400, "invalid_client_metadata")
    assert not Application.objects.exists()


@pytest.mark.parametrize("value", [True, "true"])
def test_registration_ignores_the_member_where_dpop_is_not_announced(example, walk, value):
    registration = walk.register(dpop_bound_access_tokens=value).json()
    assert "~" not in registration["client_id"]
    assert "dpop_bound_access_tokens" not in registration


@pytest.mark.parametrize("step", ["exchange", "refresh"])
def test_resource_that_needs_bound_tokens_gets_no_other_ones(dpop, browser, step):
    walk = Walk(browser)
    used = walk.code() if step == "exchange" else walk.sign_in()["refresh_token"]
    dpop.MCP_RESOURCES["/mcp"]["dpop_bound_access_tokens_required"] = True
    response = getattr(walk, step)(used)
    assert refusal(response) == (400, "invalid_dpop_proof")
    assert response["content-type"] == "application/json"
    assert walk.sign_in(REPORTS)["token_type"] == "Bearer"
    dpop.MCP_RESOURCES["/mcp"]["dpop_bound_access_tokens_required"] = False
    assert getattr(walk, step)(used).status_code == 200


def test_resource_that_needs_bound_tokens_gets_them(dpop, prover):
    dpop.MCP_RESOURCES["/mcp"]["dpop_bound_access_tokens_required"] = True
    assert prover.sign_in()["token_type"] == "DPoP"


def test_token_that_is_no_jwt_stays_a_bearer_token_and_says_so(prover, monkeypatch):
    monkeypatch.setattr(Validator, "needs_resource", lambda *args: False)
    tokens = prover.sign_in(resource=None)
    assert (tokens["token_type"], "." in tokens["access_token"]) == ("Bearer", False)
    # RFC 9449 §5: the refresh token is bound, because its client is public.
    assert tokens["refresh_token"].endswith(prover.thumbprint)


# What else takes tokens


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_bound_token_is_verified_until_it_is_revoked(prover, rf, name):
    tokens = prover.sign_in()
    token = tokens["access_token"]
    assert verify_token(rf.post("/mcp"), token, MCP)["cnf"] == {"jkt": prover.thumbprint}
    assert prover.revoke(tokens[name]).status_code == 200
    with pytest.raises(InvalidToken, match="revoked"):
        verify_token(rf.post("/mcp"), token, MCP)
    assert refusal(prover.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_bound_token_is_refused_as_a_bearer_token(prover):
    response = prover.call(prover.sign_in()["access_token"])
    assert response.status_code == 401
    assert 'error="invalid_token"' in response["www-authenticate"]


def test_bound_token_is_refused_by_views_of_the_toolkit_too(prover, rf):
    def is_let_in(token):
        headers = {"authorization": f"Bearer {token}", "host": ORIGIN.partition("://")[2]}
        request = rf.post(MCP.removeprefix(ORIGIN), headers=headers)
        return get_oauthlib_core().verify_request(request, scopes=[])[0]

    assert not is_let_in(prover.sign_in()["access_token"])
    prover.sends = False
    assert is_let_in(prover.sign_in()["access_token"])


def test_tokens_are_not_in_the_database_as_they_are(prover):
    tokens = prover.sign_in()
    rows = [*AccessToken.objects.values_list("token"), *RefreshToken.objects.values_list("token")]
    assert not {tokens["access_token"], tokens["refresh_token"]} & {token for (token,) in rows}
