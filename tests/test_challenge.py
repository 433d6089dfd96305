from __future__ import annotations

import json
import logging

import pytest
from django.http import Http404, HttpResponse

from mcp_oauth_discovery.challenge import bearer_challenge, insufficient_scope, unauthorized
from mcp_oauth_discovery.challenge.answers import add_challenge, invalid_request
from mcp_oauth_discovery.standards.www_authenticate import parse
from tests import ORIGIN, PRM
from tests.nasty import NASTY, REPRESENTATIVE

URL = f"{ORIGIN}{PRM}/mcp"
SENT = {"authorization": "Bearer x"}


@pytest.fixture
def ask(rf):
    """Return a request for a path of https://app.example.com, with a bearer token in it."""

    def ask(path="/mcp", *, host="app.example.com", headers=SENT):
        return rf.post(path, secure=True, headers={"host": host, **headers})

    return ask


def parameters(challenge):
    [parsed] = parse(challenge)
    assert parsed.scheme == "Bearer"
    return dict(parsed.parameters)


def test_challenge_says_where_the_metadata_is(ask):
    assert bearer_challenge(ask()) == f'Bearer resource_metadata="{URL}"'


def test_challenge_has_every_parameter_once_and_quoted(ask):
    challenge = bearer_challenge(
        ask(), scope=["b", "a", "b"], error="invalid_token", error_description="It has expired"
    )
    assert challenge == (
        f'Bearer resource_metadata="{URL}", scope="b a", error="invalid_token", '
        'error_description="It has expired"'
    )


def test_tenant_that_does_not_exist_is_not_challenged_for(settings, ask):
    def nobody(request):
        raise Http404

    settings.MCP_ISSUER = nobody
    with pytest.raises(Http404):
        bearer_challenge(ask())


@pytest.mark.parametrize("host", ["evil.test", 'a"b.example.com', "x y", ""])
def test_host_that_is_not_allowed_gets_a_challenge_that_does_not_repeat_it(ask, caplog, host):
    with caplog.at_level(logging.ERROR, "django.security.DisallowedHost"):
        response = unauthorized(ask(host=host), scope="mcp")
    assert response["WWW-Authenticate"] == (
        'Bearer realm="mcp", scope="mcp", error="invalid_token"'
    )
    assert response.status_code == 401
    assert caplog.records


def test_host_that_is_not_allowed_does_not_matter_to_a_pinned_site(settings, ask):
    settings.MCP_ISSUER = ORIGIN
    assert bearer_challenge(ask(host="evil.test")) == f'Bearer resource_metadata="{URL}"'


@pytest.mark.parametrize("authorization", ["", "Basic YTpi", "Bearerx y"])
def test_no_error_is_named_where_no_token_was_presented(ask, authorization):
    request = ask(headers={"authorization": authorization})
    response = unauthorized(request, error="invalid_token", error_description="No")
    assert response["WWW-Authenticate"] == f'Bearer resource_metadata="{URL}"'
    assert json.loads(response.content) == {"error": "unauthorized"}


@pytest.mark.parametrize("authorization", ["Bearer x", "bearer", "BEARER  ", "Basic x, Bearer y"])
def test_unauthorized_names_the_error_where_a_token_was_presented(ask, authorization):
    response = unauthorized(
        ask(headers={"authorization": authorization}), error_description="It has expired"
    )
    assert response.status_code == 401
    assert json.loads(response.content) == {
        "error": "invalid_token",
        "error_description": "It has expired",
    }
    assert parameters(response["WWW-Authenticate"]) == {
        "resource_metadata": URL,
        "error": "invalid_token",
        "error_description": "It has expired",
    }


@pytest.mark.parametrize("headers", [SENT, {}], ids=["with", "without"])
def test_insufficient_scope_names_every_scope(ask, headers):
    response = insufficient_scope(ask(headers=headers), "a b", error_description="More, please")
    assert response.status_code == 403
    assert json.loads(response.content)["error"] == "insufficient_scope"
    assert parameters(response["WWW-Authenticate"]) == {
        "resource_metadata": URL,
        "scope": "a b",
        "error": "insufficient_scope",
        "error_description": "More, please",
    }


@pytest.mark.parametrize("granted", ["b c", ["c", "b"], {"c"}])
def test_insufficient_scope_repeats_what_is_granted(ask, granted):
    response = insufficient_scope(ask(), "b a", granted=granted)
    [challenge] = parse(response["WWW-Authenticate"])
    assert challenge.parameters["scope"] == "b a c"


@pytest.mark.parametrize("scope", ["", (), [], None, iter(())])
def test_insufficient_scope_wants_a_scope(ask, scope):
    with pytest.raises(ValueError, match="at least one token"):
        insufficient_scope(ask(), scope)


@pytest.mark.parametrize("scope", ["offline_access", "mcp offline_access", ["offline_access"]])
def test_no_challenge_asks_for_offline_access(ask, scope):
    with pytest.raises(ValueError, match="offline_access"):
        bearer_challenge(ask(), scope=scope)


REFUSALS = [
    pytest.param(unauthorized, id="401"),
    pytest.param(lambda request: insufficient_scope(request, "mcp"), id="403"),
    pytest.param(lambda request: invalid_request(request, "Twice"), id="400"),
]


@pytest.mark.parametrize("refuse", REFUSALS)
def test_refusal_is_for_no_cache_and_for_every_script(rf, refuse):
    response = refuse(rf.post("/mcp"))
    assert response["Cache-Control"] == "no-store"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Expose-Headers"] == "WWW-Authenticate"
    assert response["Content-Type"] == "application/json"
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize("refuse", REFUSALS)
def test_head_has_the_headers_of_get_and_no_body(rf, refuse):
    head = refuse(rf.head("/mcp"))
    assert head.content == b""
    assert dict(head.items()) == dict(refuse(rf.get("/mcp")).items())


@pytest.mark.parametrize("value", REPRESENTATIVE)
@pytest.mark.parametrize("name", ["scope", "error", "error_description"])
def test_value_that_would_break_the_header_is_refused(ask, name, value):
    with pytest.raises(ValueError, match=f"{name}: .+"):
        bearer_challenge(ask(), **{name: value})


@pytest.mark.parametrize("name", ["error", "error_description"])
def test_value_is_judged_even_where_it_is_left_out(ask, name):
    with pytest.raises(ValueError, match=f"{name}: .+"):
        unauthorized(ask(headers={}), **{name: 'a"b'})


@pytest.mark.parametrize("value", REPRESENTATIVE)
def test_scope_and_description_that_would_break_the_403_are_refused(ask, value):
    with pytest.raises(ValueError, match="scope: "):
        insufficient_scope(ask(), value)
    with pytest.raises(ValueError, match="error_description: "):
        insufficient_scope(ask(), "mcp", error_description=value)


@pytest.mark.parametrize("part", ["host", "path", "authorization", "x-forwarded-host"])
def test_no_part_of_a_request_gets_into_its_challenge(settings, rf, part):
    settings.USE_X_FORWARDED_HOST = True
    for value in NASTY:
        headers = {} if part == "path" else {part: value}
        request = rf.get("/mcp", secure=True, headers={"host": "app.example.com", **headers})
        if part == "path":
            request.path = f"/{value}"
        response = unauthorized(request)
        assert response.status_code == 401
        named = parameters(response["WWW-Authenticate"])
        assert named.get("resource_metadata", URL) == URL
        assert named.get("realm", "mcp") == "mcp"
        assert set(named) <= {"resource_metadata", "realm", "error"}


def merged(ask, existing, **headers):
    response = HttpResponse(status=401, headers=headers)
    if existing is not None:
        response["WWW-Authenticate"] = existing
    add_challenge(ask(), response, scope="mcp")
    return response


@pytest.mark.parametrize(
    ("existing", "expected"),
    {
        None: f'Bearer resource_metadata="{URL}", scope="mcp"',
        'Basic realm="x"': f'Bearer resource_metadata="{URL}", scope="mcp", Basic realm="x"',
        'bearer scope=mine, error="invalid_token"': (
            f'Bearer resource_metadata="{URL}", scope="mine", error="invalid_token"'
        ),
        # RFC 9728 §5.1: with the parameters of others, and in other schemes.
        "Bearer max_age=3600": f'Bearer resource_metadata="{URL}", scope="mcp", max_age="3600"',
        f'DPoP algs="ES256", resource_metadata="{URL}"': (
            f'Bearer resource_metadata="{URL}", scope="mcp", '
            f'DPoP algs="ES256", resource_metadata="{URL}"'
        ),
    }.items(),
)
def test_challenge_is_added_to_somebody_elses_response(ask, existing, expected):
    assert merged(ask, existing)["WWW-Authenticate"] == expected


def test_header_that_nobody_can_read_is_replaced_and_logged(ask, caplog):
    header = merged(ask, 'Bearer realm="x')["WWW-Authenticate"]
    assert header == f'Bearer resource_metadata="{URL}", scope="mcp"'
    assert "Replaced an invalid WWW-Authenticate header: expected" in caplog.text


@pytest.mark.parametrize(
    ("exposed", "expected"),
    [
        ("", "WWW-Authenticate"),
        ("Mcp-Session-Id", "Mcp-Session-Id, WWW-Authenticate"),
        ("www-authenticate, x", "www-authenticate, x"),
    ],
)
def test_cors_headers_of_somebody_else_are_kept(ask, exposed, expected):
    headers = {
        "Access-Control-Expose-Headers": exposed,
        "Access-Control-Allow-Origin": "https://client.example.com",
        "Cache-Control": "max-age=60",
    }
    response = merged(ask, None, **headers)
    assert response["Access-Control-Expose-Headers"] == expected
    assert response["Access-Control-Allow-Origin"] == "https://client.example.com"
    assert response["Cache-Control"] == "no-store"
