"""Which URL a proof must be for: that of the pinned resource, and never what `Host` says."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.protection.dpop.possession import expected_url
from tests import ORIGIN
from tests.dpop.proofs import CLIENT, RESOURCE, make_proof

EVIL = "evil.example.com"


def verify(request, token, resource):
    return {"cnf": {"jkt": CLIENT.thumbprint()}}


@pytest.fixture
def judge(rf):
    """Return a function that judges a request with a valid token and a proof for an URL."""

    def judge(htu, *, path="/mcp", resource="/mcp", host="app.example.com", **settings):
        headers = {
            "authorization": "DPoP bound-token",
            "dpop": make_proof("bound-token", htu=htu),
            "host": host,
            "x-forwarded-host": host,
        }
        request = rf.post(path, headers=headers, secure=True)
        refusal = BearerProtection(resource, verify=verify, dpop="accept")(request)
        return 200 if refusal is None else refusal.status_code

    return judge


@pytest.mark.parametrize(
    ("resource", "path", "expected"),
    [
        (RESOURCE, "/mcp", RESOURCE),
        (f"{ORIGIN}/api/mcp", "/mcp", f"{ORIGIN}/api/mcp"),
        (ORIGIN, "/mcp", f"{ORIGIN}/mcp"),
        (ORIGIN, "/", ORIGIN),
        (RESOURCE, "/mcp/", f"{ORIGIN}/mcp/"),
        (RESOURCE, "/other/mcp", f"{ORIGIN}/other/mcp"),
        (f"{ORIGIN}/xmcp", "/mcp", f"{ORIGIN}/mcp"),
        (f"{ORIGIN}/mcp?tenant=1", "/mcp", f"{ORIGIN}/mcp?tenant=1"),
        (f"{ORIGIN}/caf%C3%A9", "/caf%C3%A9", f"{ORIGIN}/caf%C3%A9"),
        (ORIGIN, "/caf%C3%A9", f"{ORIGIN}/caf%C3%A9"),
        (ORIGIN, "/id=7;v=1/(a)!/mcp", f"{ORIGIN}/id=7;v=1/(a)!/mcp"),
        (f"{ORIGIN}/id=7;v=1/mcp", "/id=7;v=1/mcp", f"{ORIGIN}/id=7;v=1/mcp"),
        ("https://app.example.com:8443/mcp", "/a", "https://app.example.com:8443/a"),
    ],
)
def test_expected_url_has_the_origin_of_the_resource(rf, resource, path, expected):
    assert expected_url(rf.post(path, headers={"host": EVIL}), resource) == expected


def test_path_of_the_request_may_have_two_slashes(rf):
    request = rf.post("/mcp")
    request.path = f"//{EVIL}/mcp"
    assert expected_url(request, RESOURCE) == f"{ORIGIN}//{EVIL}/mcp"


@pytest.mark.parametrize("hosts", [["*"], [EVIL, "app.example.com"]])
def test_forged_host_is_no_part_of_what_is_expected(judge, settings, hosts):
    settings.ALLOWED_HOSTS = hosts
    settings.USE_X_FORWARDED_HOST = True
    assert judge(f"https://{EVIL}/mcp", host=EVIL) == 401
    assert judge(RESOURCE, host=EVIL) == 200


def test_proof_for_the_resource_is_accepted_where_a_proxy_removes_a_prefix(judge, settings):
    settings.MCP_RESOURCES = {"/api/mcp": {}}
    assert judge(f"{ORIGIN}/api/mcp", resource="/api/mcp") == 200
    assert judge(f"{ORIGIN}/mcp", resource="/api/mcp") == 401


def test_proof_for_another_resource_of_the_site_is_refused(judge, settings):
    settings.MCP_RESOURCES = {"/mcp": {}, "/files": {}}
    assert judge(f"{ORIGIN}/files") == 401


PINNED = {
    "issuer": {"MCP_ISSUER": ORIGIN},
    "issuer and callable default": {
        "MCP_ISSUER": ORIGIN,
        "MCP_RESOURCE": lambda request: f"https://{EVIL}/mcp",
        "MCP_RESOURCES": {"/mcp": {}},
    },
    "resource": {"MCP_ISSUER": None, "MCP_RESOURCE": RESOURCE},
    "resources": {"MCP_ISSUER": None, "MCP_RESOURCES": {RESOURCE: {}}},
}
FROM_THE_REQUEST = {
    "nothing": {"MCP_ISSUER": None},
    "path": {"MCP_ISSUER": None, "MCP_RESOURCES": {"/mcp": {}}},
    "callable issuer": {"MCP_ISSUER": lambda request: ORIGIN},
    "callable resource": {"MCP_ISSUER": ORIGIN, "MCP_RESOURCE": lambda request: RESOURCE},
}


@pytest.mark.parametrize("values", PINNED.values(), ids=PINNED)
def test_resource_that_stands_in_the_settings_is_pinned(judge, settings, values):
    for name, value in values.items():
        setattr(settings, name, value)
    resource = RESOURCE if values.get("MCP_ISSUER") is None else "/mcp"
    assert judge(RESOURCE, resource=resource) == 200


@pytest.mark.parametrize("values", FROM_THE_REQUEST.values(), ids=FROM_THE_REQUEST)
def test_every_token_is_refused_if_the_resource_comes_from_the_request(
    judge, settings, values, caplog
):
    for name, value in values.items():
        setattr(settings, name, value)
    assert judge(RESOURCE, resource=None) == 401
    [record] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert record.event == "proofs.unverifiable"
    assert "Set MCP_ISSUER" in record.getMessage()
