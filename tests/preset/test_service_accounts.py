"""Service accounts: clients without a user, which sign an assertion (RFC 7523, SEP-1046)."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from datetime import timedelta
from unittest.mock import ANY

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.http import HttpResponse
from django.utils import timezone
from django.views.debug import ExceptionReporter
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey
from oauth2_provider.models import AccessToken, Application, IDToken

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.contrib import oauth_toolkit
from mcp_oauth_discovery.contrib.oauth_toolkit import (
    RevokeTokenView,
    ServiceAccountValidator,
    TokenView,
    authorization_server_metadata,
    oauth2_provider_settings,
    verify_token,
)
from mcp_oauth_discovery.contrib.oauth_toolkit.assertions import verify_assertion
from mcp_oauth_discovery.contrib.oauth_toolkit.requests import answer_in_json
from mcp_oauth_discovery.protection import bearer_required, find_user
from mcp_oauth_discovery.signing import InvalidToken, verify_jwt
from tests import ORIGIN
from tests.example.proofs import proof
from tests.preset.conftest import CALLBACK

MCP = f"{ORIGIN}/mcp"
ADMIN = f"{ORIGIN}/admin/mcp"
TOKEN = f"{ORIGIN}/oauth/mcp/token"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = RSAKey.generate_key(2048)
NEXT_KEY = ECKey.generate_key("P-256")
OTHER_KEY = RSAKey.generate_key(2048)
JWKS = {"keys": [KEY.as_dict(private=False), NEXT_KEY.as_dict(private=False)]}
ACCOUNTS = {
    "ci": {"scope": "mcp", "jwks": JWKS},
    "backup": {"scope": "mcp", "jwks": {"keys": [OTHER_KEY.as_dict(private=False)]}},
    "by-secret": {"scope": "mcp"},
}
SECRET = "the secret of a client for one test"


class Validator(ServiceAccountValidator):
    def service_account(self, client):
        return ACCOUNTS.get(client.client_id)


@pytest.fixture(autouse=True)
def accounts(preset):
    preset.MCP_RESOURCES = {"/mcp": {"scopes_supported": ["mcp"]}, "/admin/mcp": {}}
    preset.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    preset.OAUTH2_PROVIDER = oauth2_provider_settings(
        scopes={"mcp": "Use the MCP server", "admin": "Do everything"},
        OAUTH2_SERVER_CLASS="mcp_oauth_discovery.contrib.oauth_toolkit.ServiceAccountServer",
        OAUTH2_VALIDATOR_CLASS=f"{__name__}.Validator",
        # The toolkit keeps the validator of the first request.
        ALWAYS_RELOAD_OAUTHLIB_CORE=True,
    )
    rotation.rotate("EdDSA")
    for client_id in ACCOUNTS:
        add(client_id)
    yield preset
    for view in (TokenView, RevokeTokenView):
        for name in {"_oauthlib_core"}.intersection(vars(view)):
            delattr(view, name)


def add(client_id, **members):
    return Application.objects.create(
        **{
            "client_id": client_id,
            "client_type": "confidential",
            "authorization_grant_type": "client-credentials",
            "client_secret": SECRET,
            # Hashing takes time.
            "hash_client_secret": False,
            **members,
        }
    )


def assertion(key=KEY, alg="RS256", header=(), **changes):
    """Return an assertion as the clients of MCP send it; None removes a claim."""
    now = int(timezone.now().timestamp())
    claims = {"iss": "ci", "sub": "ci", "aud": ORIGIN, "iat": now, "exp": now + 300, "jti": "one"}
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    return jwt.encode({"alg": alg, "typ": "JWT", **dict(header)}, claims, key, registry=registry)


def unsigned():
    """Return an assertion with the algorithm `none`, as no library writes it unasked."""
    header = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{header}.{assertion().split('.')[1]}."


def with_public_key_as_secret():
    """Return an assertion whose HMAC has the public key as its secret (RFC 8725 §2.1)."""
    header = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=").decode()
    signed = f"{header}.{assertion().split('.')[1]}"
    digest = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def no_json():
    registry = jws.JWSRegistry(algorithms=["RS256"])
    return jws.serialize_compact({"alg": "RS256"}, b"no JSON", KEY, registry=registry)


def form(signed=None, **changes):
    """Return the form of a token request; None removes a parameter."""
    members = {
        "grant_type": "client_credentials",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion() if signed is None else signed,
        "resource": MCP,
        "scope": "mcp",
        **changes,
    }
    return {name: value for name, value in members.items() if value is not None}


def request_token(visitor, token=None, headers=None, **changes):
    return visitor.post("/oauth/mcp/token", form(token, **changes), headers=headers or {})


def refusal(response):
    """Return the error and the words of a refused request, which has left no token."""
    assert not AccessToken.objects.exists()
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, response.json()["error"], response.json().get("error_description")


def test_service_account_gets_a_token_for_the_mcp_server(visitor, rf):
    answer = request_token(visitor).json()
    assert answer == {
        "access_token": ANY,
        "expires_in": 900,
        "token_type": "Bearer",
        "scope": "mcp",
    }
    claims = verify_jwt(answer["access_token"], audience=MCP)
    # RFC 9068 §2.2: without a resource owner, `sub` is the client.
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("ci", "ci", "mcp")
    assert verify_token(rf.post("/mcp"), answer["access_token"], MCP) == claims
    row = AccessToken.objects.get()
    assert (row.user, row.application.client_id, row.resource) == (None, "ci", [MCP])


def test_token_lets_in_until_the_application_is_deleted(visitor, rf):
    @bearer_required("/mcp", scope="mcp", verify=verify_token)
    def mcp(request):
        raise AssertionError("the view is not for this test")

    token = request_token(visitor).json()["access_token"]
    request = rf.post("/mcp", headers={"authorization": f"Bearer {token}"})
    with pytest.raises(AssertionError, match="not for this test"):
        mcp(request)
    Application.objects.get(client_id="ci").delete()
    assert mcp(request).status_code == 401


@pytest.mark.parametrize(
    ("key", "alg", "header"),
    [
        (NEXT_KEY, "ES256", {}),
        (KEY, "PS256", {}),
        (KEY, "RS256", {"kid": None}),
        (KEY, "RS256", {"typ": "client-authentication+jwt"}),
    ],
    ids=["next-key", "pss", "kid", "typ-of-rfc7523bis"],
)
def test_assertion_may_be_signed_with_any_key_of_the_account(
    visitor, key, alg, header, monkeypatch
):
    if "kid" in header:
        known = {"keys": [{**KEY.as_dict(private=False), "kid": "1"}]}
        monkeypatch.setitem(ACCOUNTS, "ci", {"scope": "mcp", "jwks": known})
        header = {"kid": "1"}
    assert request_token(visitor, assertion(key, alg, header)).status_code == 200


def test_client_may_name_itself_beside_the_assertion(visitor):
    assert request_token(visitor, client_id="ci").status_code == 200


def test_aud_may_be_a_list_with_the_issuer_alone(visitor):
    assert request_token(visitor, assertion(aud=[ORIGIN])).status_code == 200


REFUSED = {
    "other-key": (lambda: assertion(OTHER_KEY), "bad_signature"),
    "key-of-another-account": (lambda: assertion(sub="backup", iss="backup"), "bad_signature"),
    "unknown-kid": (lambda: assertion(header={"kid": "no"}), "unknown_key"),
    "none": (lambda: unsigned(), "unknown_key"),
    "hs256-with-the-public-key": (lambda: with_public_key_as_secret(), "unknown_key"),
    "own-key-in-header": (
        lambda: assertion(OTHER_KEY, header={"jwk": OTHER_KEY.as_dict(private=False)}),
        "header_not_allowed",
    ),
    "access-token": (lambda: assertion(header={"typ": "at+jwt"}), "wrong_type"),
    "iss-of-another": (lambda: assertion(iss="backup"), "wrong_issuer"),
    "other-aud": (lambda: assertion(aud="https://other.example"), "wrong_audience"),
    "token-endpoint": (lambda: assertion(aud=TOKEN), "wrong_audience"),
    "several-aud": (lambda: assertion(aud=[ORIGIN, "https://other.example"]), "wrong_audience"),
    "no-aud": (lambda: assertion(aud=None), "wrong_audience"),
    "expired": (lambda: assertion(exp=1_700_000_000), "expired"),
    "no-exp": (lambda: assertion(exp=None), "bad_claim"),
    "for-years": (lambda: assertion(exp=4_000_000_000), "bad_claim"),
    "not-yet": (lambda: assertion(nbf=4_000_000_000), "not_yet_valid"),
    "no-jti": (lambda: assertion(jti=None), "bad_claim"),
    "jti-is-a-number": (lambda: assertion(jti=1), "bad_claim"),
    "no-jwt": (lambda: "a.b", "malformed"),
    "no-json": (lambda: no_json(), "malformed"),
    "empty": (lambda: "", "malformed"),
}


@pytest.mark.parametrize(("token", "reason"), REFUSED.values(), ids=REFUSED)
def test_wrong_assertion_is_refused_with_the_reason(visitor, token, reason):
    status, error, text = refusal(request_token(visitor, token()))
    assert (status, error) == (401, "invalid_client")
    assert reason in text
    assert not IDToken.objects.exists()


def test_assertion_is_about_the_client_itself():
    # A database may find another spelling of the client.
    token = assertion(iss="CI")
    with pytest.raises(InvalidToken) as caught:
        verify_assertion(token, client_id="CI", jwks=JWKS, issuer=ORIGIN)
    assert (caught.value.reason, caught.value.expected) == ("bad_claim", {"sub": "CI"})


UNKNOWN = {
    "unknown": {"iss": "no", "sub": "no"},
    "no-sub": {"sub": None},
    "nul": {"iss": "a\0", "sub": "a\0"},
    "list": {"sub": ["ci"]},
    "without-jwks": {"iss": "by-secret", "sub": "by-secret"},
    "without-entry": {"iss": "elsewhere", "sub": "elsewhere"},
}


@pytest.mark.parametrize("claims", UNKNOWN.values(), ids=UNKNOWN)
def test_assertion_of_an_unknown_client_is_refused(visitor, claims):
    add("elsewhere")
    status, error, text = refusal(request_token(visitor, assertion(**claims)))
    assert (status, error) == (401, "invalid_client")
    assert "unknown_client" in text


def test_assertion_is_accepted_once(visitor):
    token = assertion()
    assert request_token(visitor, token).status_code == 200
    AccessToken.objects.all().delete()
    status, error, text = refusal(request_token(visitor, token))
    assert (status, error) == (401, "invalid_client")
    assert "used_twice" in text
    assert request_token(visitor, assertion(jti="two")).status_code == 200


def test_same_jti_of_another_account_is_another_assertion(visitor):
    assert request_token(visitor).status_code == 200
    theirs = assertion(OTHER_KEY, iss="backup", sub="backup")
    assert request_token(visitor, theirs).status_code == 200


def test_used_assertion_is_remembered_until_it_has_expired(visitor):
    assert request_token(visitor).status_code == 200
    call_command("cleartokens")
    assert IDToken.objects.count() == 1
    IDToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    call_command("cleartokens")
    assert not IDToken.objects.exists()


def test_refused_scope_uses_up_the_assertion(visitor):
    token = assertion()
    assert refusal(request_token(visitor, token, scope="admin"))[1] == "invalid_scope"
    assert refusal(request_token(visitor, token))[1] == "invalid_client"


TWO_WAYS = {
    "basic": ({}, {"authorization": "Basic Y2k6c2VjcmV0"}),
    "secret": ({"client_secret": SECRET, "client_id": "ci"}, {}),
    "another-client-id": ({"client_id": "backup"}, {}),
    "another-type": ({"client_assertion_type": "urn:example"}, {}),
    "no-type": ({"client_assertion_type": None}, {}),
    "twice": ({"client_assertion": ["a.b.c", "a.b.c"]}, {}),
}


@pytest.mark.parametrize(("changes", "headers"), TWO_WAYS.values(), ids=TWO_WAYS)
def test_contradictory_authentication_is_refused(visitor, changes, headers):
    status, error, _ = refusal(request_token(visitor, headers=headers, **changes))
    assert (status, error) == (401, "invalid_client")


def by_secret(visitor, client_id, **changes):
    """Request a token with a secret in place of an assertion."""
    none = {"client_assertion": None, "client_assertion_type": None}
    changes = {**none, "client_id": client_id, "client_secret": SECRET, **changes}
    return request_token(visitor, **changes)


def test_account_with_keys_cannot_use_its_secret(visitor):
    assert refusal(by_secret(visitor, "ci"))[:2] == (401, "invalid_client")


def test_account_with_keys_cannot_revoke_with_its_secret(visitor):
    token = request_token(visitor).json()["access_token"]
    told = {"client_id": "ci", "client_secret": SECRET, "token": token}
    assert visitor.post("/oauth/mcp/revoke", told).status_code == 401
    assert AccessToken.objects.exists()


def test_account_without_keys_and_without_a_secret_gets_no_token(visitor):
    Application.objects.filter(client_id="by-secret").update(client_secret="")
    nothing = by_secret(visitor, "by-secret", client_secret="")
    assert refusal(nothing)[:2] == (401, "invalid_client")


def test_account_without_keys_uses_its_secret(visitor):
    token = by_secret(visitor, "by-secret").json()["access_token"]
    assert verify_jwt(token, audience=MCP)["sub"] == "by-secret"
    AccessToken.objects.all().delete()
    wrong = by_secret(visitor, "by-secret", client_secret="no")
    assert refusal(wrong)[:2] == (401, "invalid_client")


def test_application_that_is_no_service_account_gets_no_jwt(visitor):
    add("elsewhere")
    assert "." not in by_secret(visitor, "elsewhere").json()["access_token"]


def test_resource_may_be_left_out_if_the_site_has_one(visitor, preset):
    assert refusal(request_token(visitor, resource=None))[:2] == (400, "invalid_target")
    preset.MCP_RESOURCES = {"/mcp": {}}
    token = request_token(visitor, assertion(jti="two"), resource=None).json()["access_token"]
    assert verify_jwt(token, audience=MCP)["aud"] == MCP


def test_resource_has_the_configured_spelling(visitor):
    answer = request_token(visitor, resource="https://APP.example.com/mcp/").json()
    assert verify_jwt(answer["access_token"], audience=MCP)["aud"] == MCP


@pytest.mark.parametrize(
    "resource", [f"{ORIGIN}/other", [MCP, ADMIN], "no"], ids=["unknown", "several", "no-url"]
)
def test_token_is_for_one_resource_of_the_site(visitor, resource):
    assert refusal(request_token(visitor, resource=resource))[:2] == (400, "invalid_target")


@pytest.mark.parametrize("scope", ["admin", "mcp admin", "no"])
def test_account_gets_no_scope_beyond_its_own(visitor, scope):
    assert refusal(request_token(visitor, scope=scope))[:2] == (400, "invalid_scope")


def test_account_that_requests_no_scope_gets_all_of_its_own(visitor, monkeypatch):
    monkeypatch.setitem(ACCOUNTS, "ci", {"scope": "mcp admin", "jwks": JWKS})
    assert request_token(visitor, scope=None).json()["scope"] == "mcp admin"


def test_account_without_a_scope_gets_none(visitor, monkeypatch):
    monkeypatch.setitem(ACCOUNTS, "ci", {"jwks": JWKS})
    assert refusal(request_token(visitor))[:2] == (400, "invalid_scope")
    assert refusal(request_token(visitor, assertion(jti="two"), scope=None))[0] == 400


@pytest.mark.parametrize("is_active", [True, False])
def test_account_cannot_be_taken_for_a_user(visitor, monkeypatch, rf, is_active):
    # RFC 9068 §5: `sub` would be that of the user, who may become active again.
    user = get_user_model().objects.create_user("ada", is_active=is_active)
    monkeypatch.setitem(ACCOUNTS, str(user.pk), {"scope": "mcp"})
    add(str(user.pk))
    status, error, text = refusal(by_secret(visitor, str(user.pk)))
    assert (status, error) == (400, "unauthorized_client")
    assert "primary key" in text
    assert find_user(rf.post("/mcp"), {"sub": "ci"}) is None


def test_service_account_cannot_use_another_grant(visitor):
    for grant in ("password", "authorization_code", "refresh_token"):
        members = {"username": "ada", "password": "no", "code": "no", "refresh_token": "no"}
        answer = request_token(visitor, assertion(jti=grant), grant_type=grant, **members)
        assert answer.status_code in (400, 401)
    assert not AccessToken.objects.exists()


def test_service_account_revokes_its_token(visitor, rf):
    token = request_token(visitor).json()["access_token"]
    told = form(assertion(jti="two"), grant_type=None, resource=None, scope=None, token=token)
    assert visitor.post("/oauth/mcp/revoke", told).status_code == 200
    assert not AccessToken.objects.exists()


def test_registration_gives_no_client_credentials(visitor):
    members = {"redirect_uris": [CALLBACK], "grant_types": ["client_credentials"]}
    response = visitor.post("/oauth/mcp/register", members, "application/json")
    assert response.json()["error"] == "invalid_client_metadata"
    members = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post"}
    client = visitor.post("/oauth/mcp/register", members, "application/json").json()
    AccessToken.objects.all().delete()
    told = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    assert refusal(by_secret(visitor, **told))[:2] == (400, "unauthorized_client")


def test_without_the_server_class_the_grant_does_not_exist(visitor, preset):
    preset.OAUTH2_PROVIDER = {
        **preset.OAUTH2_PROVIDER,
        "OAUTH2_SERVER_CLASS": oauth2_provider_settings({"mcp": ""})["OAUTH2_SERVER_CLASS"],
    }
    assert refusal(request_token(visitor))[:2] == (400, "unsupported_grant_type")


def test_validator_names_the_method_that_is_missing(visitor, preset):
    preset.OAUTH2_PROVIDER = {
        **preset.OAUTH2_PROVIDER,
        "OAUTH2_VALIDATOR_CLASS": f"{oauth_toolkit.__name__}.ServiceAccountValidator",
    }
    assert refusal(request_token(visitor))[:2] == (500, "server_error")


def test_metadata_announces_what_a_service_account_needs(visitor, preset):
    preset.MCP_AUTHORIZATION_SERVER_METADATA = authorization_server_metadata(
        preset.OAUTH2_PROVIDER,
        grant_types_supported=["authorization_code", "refresh_token", "client_credentials"],
        token_endpoint_auth_methods_supported=["none", "private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported=["ES256"],
    )
    document = visitor.get("/.well-known/oauth-authorization-server").json()
    assert "client_credentials" in document["grant_types_supported"]
    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]
    assert document["token_endpoint_auth_signing_alg_values_supported"] == ["ES256"]


# Together with DPoP (RFC 9449)


@pytest.fixture
def dpop(preset):
    preset.MCP_AUTHORIZATION_SERVER_METADATA = {
        **preset.MCP_AUTHORIZATION_SERVER_METADATA,
        "dpop_signing_alg_values_supported": ["ES256"],
    }
    return preset


def test_token_of_a_service_account_is_bound_to_the_key_of_its_proof(dpop, visitor):
    answer = request_token(visitor, headers={"dpop": proof(NEXT_KEY, htu=TOKEN)}).json()
    claims = verify_jwt(answer["access_token"], audience=MCP)
    assert (answer["token_type"], claims["cnf"]) == ("DPoP", {"jkt": NEXT_KEY.thumbprint()})


def test_used_proof_beside_a_new_assertion_gets_no_token(dpop, visitor):
    headers = {"dpop": proof(NEXT_KEY, htu=TOKEN)}
    assert request_token(visitor, headers=headers).status_code == 200
    AccessToken.objects.all().delete()
    status, error, _ = refusal(request_token(visitor, assertion(jti="two"), headers))
    assert (status, error) == (400, "invalid_dpop_proof")


def test_assertion_is_no_proof_and_a_proof_is_no_assertion(dpop, visitor):
    assert refusal(request_token(visitor, headers={"dpop": assertion()}))[1] == "invalid_dpop_proof"
    claims = {"iss": "ci", "sub": "ci", "aud": ORIGIN, "exp": int(timezone.now().timestamp()) + 300}
    assert refusal(request_token(visitor, proof(NEXT_KEY, **claims)))[1] == "invalid_client"


def test_mail_about_a_failure_has_no_assertion_and_no_proof(dpop, visitor, caplog):
    sent, made = assertion(), proof(NEXT_KEY, htu=TOKEN)
    dpop.DEBUG = False
    dpop.CACHES = {"default": {"BACKEND": "tests.dpop.broken.Cache"}}
    assert request_token(visitor, sent, {"dpop": made}).status_code == 500
    [record] = [each for each in caplog.records if each.name == "django.request"]
    reporter = ExceptionReporter(record.request, *(record.exc_info or (None, None, None)))
    shown = reporter.get_traceback_text() + reporter.get_traceback_html() + caplog.text
    assert "/oauth/mcp/token" in shown
    assert sent.split(".")[1] not in shown
    assert made.split(".")[1] not in shown


def test_form_is_hidden_from_the_mail_about_a_500_that_the_toolkit_sends(rf):
    request = rf.post(TOKEN, {"client_assertion": "signed.by.it"}, headers={"dpop": "proof.of.key"})
    answer_in_json(request, lambda request: HttpResponse(status=503))
    shown = ExceptionReporter(request, None, None, None).get_traceback_text()
    assert TOKEN.removeprefix(ORIGIN) in shown
    assert "signed.by.it" not in shown
    assert "proof.of.key" not in shown
