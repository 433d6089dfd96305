"""`BearerProtection` as a callable: what it lets in, and what it answers to everybody else."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from django.http import Http404, HttpResponse
from django.test import AsyncRequestFactory

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.cors import MCP_REQUEST_HEADERS
from mcp_oauth_discovery.identity.lookup import UnknownResource
from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.signing import InvalidToken, sign_jwt
from mcp_oauth_discovery.standards.www_authenticate import parse
from tests import ORIGIN, PRM
from tests.nasty import REPRESENTATIVE

pytestmark = pytest.mark.django_db

RESOURCE = f"{ORIGIN}/mcp"
URL = f"{ORIGIN}{PRM}/mcp"


@pytest.fixture(autouse=True)
def _site(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]


@pytest.fixture
def token():
    """Return a function that signs a token, by default one that is right in everything."""
    rotation.rotate("EdDSA")

    def token(**claims):
        exp = int(time.time()) + 600
        return sign_jwt({"sub": "7", "aud": RESOURCE, "scope": "mcp read", "exp": exp, **claims})

    return token


@pytest.fixture
def ask(rf):
    """Return a POST of JSON to /mcp, with the credentials given."""

    def ask(authorization=None, path="/mcp", **kwargs):
        headers = {"host": "app.example.com"}
        if authorization is not None:
            headers["authorization"] = authorization
        kwargs = {"data": b"{}", "content_type": "application/json", **kwargs}
        return rf.post(path, secure=True, headers=headers, **kwargs)

    return ask


def said(response):
    """Return status and parameters of a refusal, the body being what the header says."""
    [challenge] = parse(response["WWW-Authenticate"])
    assert challenge.scheme == "Bearer"
    assert json.loads(response.content)["error"] == challenge.parameters.get(
        "error", "unauthorized"
    )
    return response.status_code, dict(challenge.parameters)


def test_right_token_is_let_in_and_its_claims_are_on_the_request(ask, token):
    request = ask(f"Bearer {token()}")
    assert BearerProtection(scope="mcp")(request) is None
    assert request.mcp_claims["sub"] == "7"


def test_scheme_is_read_without_regard_to_case(ask, token):
    assert BearerProtection()(ask(f"bEARER  {token()}")) is None


@pytest.mark.parametrize("authorization", [None, "", "Basic YTpi", "Token x"])
def test_first_contact_names_metadata_and_scope_and_no_error(ask, authorization):
    request = ask(authorization)
    assert said(BearerProtection(scope="mcp read")(request)) == (
        401,
        {"resource_metadata": URL, "scope": "mcp read"},
    )
    assert not hasattr(request, "mcp_claims")


@pytest.mark.parametrize(
    ("claims", "description"),
    [
        ({"aud": ORIGIN}, "The token is not valid for this resource"),
        ({"aud": f"{RESOURCE}/"}, "The token is not valid for this resource"),
        ({"aud": None}, "The token is not valid for this resource"),
        ({"exp": 1}, "The token has expired"),
    ],
)
def test_token_that_is_not_for_here_and_now_is_refused(ask, token, claims, description):
    request = ask(f"Bearer {token(**claims)}")
    assert said(BearerProtection()(request)) == (
        401,
        {
            "resource_metadata": URL,
            "error": "invalid_token",
            "error_description": description,
        },
    )
    assert not hasattr(request, "mcp_claims")


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer ", "Bearer a b", "Bearer x", "Bearer é"]
)
def test_what_is_no_token_is_an_invalid_one(ask, authorization):
    status, parameters = said(BearerProtection()(ask(authorization)))
    assert (status, parameters["error"]) == (401, "invalid_token")


@pytest.mark.parametrize(
    "claims",
    [{"scope": "mcp"}, {"scope": "mcp reader"}, {"scope": ""}, {"scope": 7}, {"scope": None}],
)
def test_missing_scope_is_a_403_that_names_all_that_is_needed(ask, token, claims):
    response = BearerProtection(scope=["read", "mcp"])(ask(f"Bearer {token(**claims)}"))
    assert said(response) == (
        403,
        {"resource_metadata": URL, "scope": "read mcp", "error": "insufficient_scope"},
    )


@pytest.mark.parametrize(
    ("granted", "scope"),
    [
        ("mcp", "admin read mcp"),
        (["write", "mcp", "read"], "admin read mcp write"),
        ("", "admin read"),
        (7, "admin read"),
        # What no challenge may name, or has room for.
        ("offline_access mcp", "admin read mcp"),
        (["mcp", 'a"b', "ü", "a b", "", 7], "admin read mcp"),
        (["x" * 1990, "mcp"], "admin read mcp"),
    ],
)
def test_403_repeats_the_scopes_of_the_token_if_configured(ask, granted, scope):
    protection = BearerProtection(
        "/mcp",
        ["admin", "read"],
        lambda request, token, resource: {"scope": granted},
        repeat_granted=True,
    )
    assert said(protection(ask("Bearer x"))) == (
        403,
        {"resource_metadata": URL, "scope": scope, "error": "insufficient_scope"},
    )


def test_401_repeats_no_scopes(ask):
    status, parameters = said(BearerProtection(scope="mcp", repeat_granted=True)(ask()))
    assert (status, parameters["scope"]) == (401, "mcp")


def test_token_in_a_query_that_a_middleware_sets_is_a_second_one(ask, token):
    request = ask(f"Bearer {token()}")
    request.GET = {"access_token": "x"}
    assert BearerProtection()(request).status_code == 400


def test_header_that_a_middleware_sets_is_read(ask, token):
    request = ask()
    request.META["HTTP_AUTHORIZATION"] = f"Bearer {token()}"
    assert BearerProtection()(request) is None


@pytest.mark.parametrize("path", ["/mcp?access_token=x", "/mcp?access_token="])
def test_token_in_the_query_is_no_token(ask, path):
    assert said(BearerProtection()(ask(path=path))) == (401, {"resource_metadata": URL})


FORM = {"data": "access_token=x", "content_type": "application/x-www-form-urlencoded"}


def test_token_in_a_form_is_no_token(ask):
    assert said(BearerProtection()(ask(**FORM))) == (401, {"resource_metadata": URL})


@pytest.mark.parametrize("where", [{"path": "/mcp?access_token=x"}, FORM], ids=["query", "form"])
def test_token_in_two_places_is_a_bad_request(ask, token, where):
    status, parameters = said(BearerProtection()(ask(f"Bearer {token()}", **where)))
    assert (status, parameters["error"]) == (400, "invalid_request")


def test_form_without_token_does_no_harm(ask, token):
    form = {**FORM, "data": "x=y"}
    assert BearerProtection()(ask(f"Bearer {token()}", **form)) is None


@pytest.mark.parametrize("authorization", ["Bearer a,Bearer b", "Basic YTpi, Bearer b"])
def test_two_sets_of_credentials_are_a_bad_request(ask, authorization):
    status, parameters = said(BearerProtection()(ask(authorization)))
    assert (status, parameters["error"]) == (400, "invalid_request")


def test_body_is_not_read(ask, token):
    request = ask(f"Bearer {token()}")
    assert BearerProtection()(request) is None
    assert not hasattr(request, "_body")


@pytest.mark.parametrize("authorization", [None, "Bearer x"])
def test_options_is_answered_and_never_challenged(rf, authorization):
    headers = {"authorization": authorization} if authorization else {}
    response = BearerProtection("/mcp")(rf.options("/mcp", headers=headers))
    assert (response.status_code, response.content) == (204, b"")
    assert "WWW-Authenticate" not in response
    assert "Content-Type" not in response
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response
    allowed = response["Access-Control-Allow-Headers"].split(", ")
    assert {"*", *MCP_REQUEST_HEADERS} <= set(allowed)
    assert {"DELETE", "GET", "POST"} <= set(response["Access-Control-Allow-Methods"].split(", "))


def test_each_resource_wants_a_token_of_its_own(settings, ask, token):
    settings.MCP_RESOURCES = {"/reports/mcp": {}}
    settings.MCP_RESOURCE = RESOURCE
    right = token(aud=f"{ORIGIN}/reports/mcp")
    assert BearerProtection("/reports/mcp")(ask(f"Bearer {right}", "/anything")) is None
    _, parameters = said(BearerProtection("/reports/mcp")(ask(f"Bearer {token()}")))
    assert parameters["resource_metadata"] == f"{ORIGIN}{PRM}/reports/mcp"
    assert parameters["error_description"] == "The token is not valid for this resource"


def readable(response):
    """Return status and body of an answer that every script may read and no cache keep."""
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Type"] == "application/json"
    assert "WWW-Authenticate" not in response
    return response.status_code, json.loads(response.content)


def test_disabled_resource_is_a_404_that_a_script_may_read(settings, ask, token):
    settings.MCP_RESOURCES = {"/mcp": {"enabled": False}}
    for authorization in (None, "Bearer", f"Bearer {token()}"):
        answer = BearerProtection("/mcp")(ask(authorization))
        assert readable(answer) == (404, {"error": "not_found"})


FAULT = (500, {"error": "server_error"})


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer x", "Bearer x, Bearer y"])
def test_resource_that_is_not_configured_is_a_500_as_json(ask, caplog, authorization):
    assert readable(BearerProtection("/nowhere")(ask(authorization))) == FAULT
    [record] = [one for one in caplog.records if one.event == "endpoint.failed"]
    assert "'/nowhere' is not a resource of this site" in record.getMessage()
    assert record.exc_info[0] is UnknownResource
    assert (record.status_code, record.request.path) == (500, "/mcp")


@pytest.mark.parametrize(
    ("name", "value"),
    {
        "MCP_ISSUER": "nowhere",
        "MCP_RESOURCE": lambda request: 1 / 0,
        "MCP_RESOURCES": {"/a": {}, "/b": {}},
    }.items(),
)
def test_wrong_setting_is_a_500_as_json(settings, ask, name, value):
    setattr(settings, name, value)
    assert readable(BearerProtection()(ask())) == FAULT
    assert readable(asyncio.run(BearerProtection().acheck(ask()))) == FAULT


def test_500_for_head_has_no_body(rf):
    answer = BearerProtection("/nowhere")(rf.head("/mcp"))
    assert (answer.status_code, answer.content) == (500, b"")
    assert answer["Content-Length"] == str(len(b'{"error": "server_error"}'))


def test_options_of_a_resource_that_is_not_configured_is_answered(rf):
    assert BearerProtection("/nowhere")(rf.options("/mcp")).status_code == 204


@pytest.mark.parametrize("error", [UnknownResource("MCP_RESOURCES", "Wrong.", "Write."), Http404()])
def test_verifier_that_meets_a_fault_is_no_reason_to_sign_in_again(ask, error):
    def verify(request, token, resource):
        raise error

    answer = BearerProtection(verify=verify)(ask("Bearer x"))
    assert readable(answer)[0] == (404 if isinstance(error, Http404) else 500)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_401_of_a_view_is_a_500_where_no_challenge_can_be_made(ask, asynchronous):
    protection, response = BearerProtection("/nowhere"), HttpResponse(status=401)
    if asynchronous:
        answer = asyncio.run(protection.afinish(ask(), response))
    else:
        answer = protection.finish(ask(), response)
    assert readable(answer) == FAULT


@pytest.mark.parametrize("scope", [*REPRESENTATIVE[:4], "offline_access"])
def test_scope_that_no_challenge_may_name_is_refused_when_the_project_is_loaded(scope):
    with pytest.raises(ValueError, match="scope: "):
        BearerProtection(scope=scope)


@pytest.mark.parametrize("authorization", [None, "Bearer x"])
def test_host_that_is_not_allowed_gets_a_safe_challenge(settings, rf, authorization):
    del settings.MCP_ISSUER
    headers = {"host": "evil.test"}
    if authorization:
        headers["authorization"] = authorization
    status, parameters = said(BearerProtection()(rf.post("/mcp", headers=headers)))
    assert (status, parameters["realm"]) == (401, "mcp")
    assert "resource_metadata" not in parameters


@pytest.mark.parametrize("issuer", [None, lambda request: ORIGIN], ids=["unset", "callable"])
def test_site_that_signs_nothing_lets_no_token_in_and_logs_why(
    settings, ask, token, caplog, issuer
):
    authorization = f"Bearer {token()}"
    settings.MCP_ISSUER = issuer
    status, parameters = said(BearerProtection()(ask(authorization)))
    assert (status, parameters["error"]) == (401, "invalid_token")
    assert 'MCP_ISSUER = "https://app.example.com"' in caplog.text


@pytest.mark.parametrize("value", REPRESENTATIVE)
def test_nasty_credentials_are_refused_like_any_other(ask, value):
    for authorization in (value, f"Bearer {value}", f"Bearer x, {value}"):
        response = BearerProtection()(ask(authorization))
        assert said(response)[0] in (400, 401)
        assert value not in response["WWW-Authenticate"]


@pytest.mark.parametrize("text", [*REPRESENTATIVE, ""])
def test_description_that_no_challenge_may_carry_is_left_out(ask, text):
    def verify(request, token, resource):
        raise InvalidToken(text)

    response = BearerProtection(verify=verify)(ask("Bearer x"))
    assert said(response) == (401, {"resource_metadata": URL, "error": "invalid_token"})


def test_verifier_of_the_project_is_asked(ask):
    seen = []

    def verify(request, token, resource):
        seen.append((request.path, token, resource))
        return {"scope": ["mcp"]}

    request = ask("Bearer opaque")
    assert BearerProtection(scope="mcp", verify=verify)(request) is None
    assert (seen, request.mcp_claims) == ([("/mcp", "opaque", RESOURCE)], {"scope": ["mcp"]})


def test_async_verifier_is_awaited_from_sync_and_async_stacks(ask):
    async def verify(request, token, resource):
        await asyncio.sleep(0)
        return {"sub": token}

    protection = BearerProtection(verify=verify)
    request = ask("Bearer one")
    assert protection(request) is None
    assert request.mcp_claims == {"sub": "one"}
    request = AsyncRequestFactory().post("/mcp", headers={"authorization": "Bearer two"})
    assert asyncio.run(protection.acheck(request)) is None
    assert request.mcp_claims == {"sub": "two"}


def test_options_of_a_disabled_resource_is_a_404_that_a_script_may_read(settings, rf):
    settings.MCP_RESOURCES = {"/mcp": {"enabled": False}}
    response = BearerProtection("/mcp")(rf.options("/mcp"))
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (404, "*")


def test_options_of_a_host_that_is_not_allowed_is_answered(settings, rf):
    del settings.MCP_ISSUER
    assert BearerProtection()(rf.options("/mcp", headers={"host": "evil.test"})).status_code == 204
