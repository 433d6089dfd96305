"""Without `dpop`, each answer is the same, octet by octet, as before there was DPoP."""

from __future__ import annotations

import pytest
from django.http import HttpResponse, JsonResponse

from mcp_oauth_discovery.challenge import tool_result_challenge
from mcp_oauth_discovery.protection import BearerProtection, InvalidToken, bearer_required

ORIGIN = "https://app.example.com"
METADATA = f'resource_metadata="{ORIGIN}/.well-known/oauth-protected-resource/mcp"'
CLAIMS = {
    "plain-token": {"sub": "7", "scope": "mcp"},
    "narrow-token": {"sub": "7", "scope": "other"},
    "bound-token": {"sub": "7", "scope": "mcp", "cnf": {"jkt": "x"}},
}
REFUSAL = {
    "X-Content-Type-Options": "nosniff",
    "Vary": "Authorization",
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "WWW-Authenticate",
}


def verify(request, token, resource):
    try:
        return CLAIMS[token]
    except KeyError:
        raise InvalidToken("The token is unknown") from None


def refusal(status, error=None, description=None, *, scope=', scope="mcp"'):
    """Return status, headers and body of a refusal."""
    named = [("error", error), ("error_description", description)]
    errors = [(name, value) for name, value in named if value]
    challenge = f"Bearer {METADATA}{scope}" + "".join(f', {n}="{v}"' for n, v in errors)
    body = ", ".join(f'"{n}": "{v}"' for n, v in errors) or '"error": "unauthorized"'
    headers = {
        **REFUSAL,
        "WWW-Authenticate": challenge,
        "Content-Type": "application/json",
        "Content-Length": str(len(body) + 2),
    }
    return status, [*headers.items()], f"{{{body}}}"


NO_TOKEN = refusal(401)
ANSWERS = {
    "no token": ({}, NO_TOKEN),
    "a proof alone": ({"dpop": "a.b.c"}, NO_TOKEN),
    "the scheme DPoP": ({"authorization": "DPoP bound-token", "dpop": "a.b.c"}, NO_TOKEN),
    "DPoP without a token": ({"authorization": "DPoP"}, NO_TOKEN),
    "DPoP beside Bearer": (
        {"authorization": "Bearer plain-token, DPoP bound-token"},
        refusal(401, "invalid_token", "The Authorization header has no token in it"),
    ),
    "a bound token": (
        {"authorization": "Bearer bound-token", "dpop": "a.b.c"},
        refusal(401, "invalid_token", "The token can only be used with a proof of possession"),
    ),
    "an invalid token": (
        {"authorization": "Bearer unknown-token"},
        refusal(401, "invalid_token", "The token is unknown"),
    ),
    "a token without the scope": (
        {"authorization": "Bearer narrow-token"},
        refusal(403, "insufficient_scope"),
    ),
    "two tokens": (
        {"authorization": "Bearer a, Bearer b"},
        refusal(
            400, "invalid_request", "The request has more than one set of credentials", scope=""
        ),
    ),
    "a valid token": (
        {"authorization": "Bearer plain-token", "dpop": "a.b.c"},
        (
            200,
            [
                ("Content-Type", "application/json"),
                ("Vary", "Authorization"),
                ("Cache-Control", "private"),
            ],
            '{"subject": "7"}',
        ),
    ),
}
PREFLIGHT = [
    ("Allow", "DELETE, GET, HEAD, OPTIONS, POST"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "DELETE, GET, HEAD, OPTIONS, POST"),
    (
        "Access-Control-Allow-Headers",
        "*, accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with, "
        "mcp-protocol-version, mcp-session-id, mcp-method, mcp-name, last-event-id",
    ),
    ("Access-Control-Max-Age", "86400"),
    ("Cache-Control", "no-store"),
]
protected = bearer_required("/mcp", scope="mcp", verify=verify)


@protected
def view(request):
    return JsonResponse({"subject": request.mcp_claims["sub"]})


@pytest.fixture(autouse=True)
def _site(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.ALLOWED_HOSTS = ["app.example.com"]


def facts(response):
    return response.status_code, [*response.headers.items()], response.content.decode()


@pytest.fixture
def post(rf):
    return lambda view, **headers: facts(view(rf.post("/mcp", headers=headers)))


@pytest.mark.parametrize(("headers", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_answer_is_the_same(post, headers, expected):
    assert post(view, **headers) == expected


def test_preflight_is_the_same(rf):
    headers = {"access-control-request-headers": "authorization, dpop"}
    assert facts(view(rf.options("/mcp", headers=headers))) == (204, PREFLIGHT, "")


@pytest.mark.parametrize(
    ("status", "written", "sent"),
    [
        (401, None, f'Bearer {METADATA}, scope="mcp"'),
        (401, 'DPoP algs="ES256"', f'Bearer {METADATA}, scope="mcp", DPoP algs="ES256"'),
        (403, "Bearer a=b", f'Bearer {METADATA}, scope="mcp", a="b"'),
        (403, 'DPoP error="insufficient_scope"', 'DPoP error="insufficient_scope"'),
    ],
)
def test_challenge_of_a_view_is_completed_as_before(post, status, written, sent):
    headers = {"WWW-Authenticate": written} if written else {}
    own = protected(lambda request: HttpResponse(status=status, headers=headers))
    answered, headers, _body = post(own, authorization="Bearer plain-token")
    assert (answered, dict(headers)["WWW-Authenticate"]) == (status, sent)


def test_result_of_a_tool_is_the_same(rf):
    request = rf.post("/mcp", headers={"authorization": "DPoP bound-token"})
    assert BearerProtection("/mcp")(request) is not None
    assert tool_result_challenge(request, "files", resource="/mcp")["_meta"] == {
        "mcp/www_authenticate": [
            f'Bearer {METADATA}, scope="files", error="invalid_token", '
            'error_description="Sign in to use this tool"'
        ]
    }
