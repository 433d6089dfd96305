from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from tests import ASM, JWKS, ORIGIN, PRM

NAMES = [
    ("protected-resource-metadata", {}, PRM),
    ("protected-resource-metadata-for-path", {"path": "files/mcp"}, f"{PRM}/files/mcp"),
    ("authorization-server-metadata", {}, ASM),
    ("authorization-server-metadata-for-path", {"path": "t1"}, f"{ASM}/t1"),
    ("jwks", {}, JWKS),
]


@pytest.mark.parametrize(("name", "kwargs", "url"), NAMES, ids=[name for name, *_ in NAMES])
def test_name_of_a_url(name, kwargs, url):
    assert reverse(f"mcp_oauth_discovery:{name}", kwargs=kwargs) == url


def both_slash_forms(url):
    """Return the URL and its other form, with or without a slash after the path."""
    path = urlsplit(url).path
    return [url, url.replace(path, path.removesuffix("/") if path[-1] == "/" else f"{path}/")]


@pytest.mark.django_db
@pytest.mark.parametrize("url", [PRM, f"{PRM}/mcp", ASM, JWKS])
def test_final_slash_makes_no_difference(fetch, url):
    responses = [fetch(form) for form in both_slash_forms(url)]
    assert [response.status_code for response in responses] == [200, 200]
    assert responses[0].content == responses[1].content


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        pytest.param("https://rs.example.com", "https://rs.example.com{}", id="V-1"),
        pytest.param("https://rs.example.com/", "https://rs.example.com{}", id="V-2"),
        pytest.param("https://rs.example.com/mcp", "https://rs.example.com{}/mcp", id="V-3"),
        pytest.param(
            "https://rs.example.com:8443/a/b", "https://rs.example.com:8443{}/a/b", id="V-4"
        ),
        pytest.param("https://rs.example.com/mcp/", "https://rs.example.com{}/mcp/", id="V-5"),
        pytest.param(
            "https://rs.example.com/mcp?tenant=7", "https://rs.example.com{}/mcp?tenant=7", id="V-6"
        ),
        pytest.param(
            "https://rs.example.com?tenant=7", "https://rs.example.com{}?tenant=7", id="V-7"
        ),
        pytest.param(
            "https://rs.example.com/?tenant=7", "https://rs.example.com{}?tenant=7", id="V-8"
        ),
    ],
)
def test_resource_is_served_at_the_inserted_location(settings, fetch, resource, url):
    settings.MCP_RESOURCE = resource
    for form in both_slash_forms(url.format(PRM)):
        response = fetch(form)
        assert response.status_code == 200
        assert response.json()["resource"] == resource


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        pytest.param("https://as.example.com", "https://as.example.com{}", id="W-1"),
        pytest.param("https://as.example.com/", "https://as.example.com{}", id="W-2"),
        pytest.param(
            "https://as.example.com/tenant1", "https://as.example.com{}/tenant1", id="W-3"
        ),
        pytest.param("https://h/t1/", "https://h{}/t1", id="W-4"),
        pytest.param(
            "https://as.example.com:8443/a/b", "https://as.example.com:8443{}/a/b", id="W-5"
        ),
    ],
)
def test_issuer_is_served_at_the_inserted_location(settings, fetch, issuer, url):
    settings.ALLOWED_HOSTS = ["*"]
    settings.MCP_ISSUER = issuer
    for form in both_slash_forms(url.format(ASM)):
        response = fetch(form)
        assert response.status_code == 200
        assert response.json()["issuer"] == issuer


def test_issuer_with_path_is_served_at_the_root_too(settings, fetch):
    settings.MCP_ISSUER = f"{ORIGIN}/t1"
    assert fetch(ASM).content == fetch(f"{ASM}/t1").content


def test_resource_with_path_is_served_at_the_root_too(fetch):
    assert fetch(PRM).content == fetch(f"{PRM}/mcp").content


def test_two_resources_on_one_host_have_two_documents(settings, fetch):
    settings.MCP_RESOURCES = {"/a": {}, "/b/c": {}}
    for path in settings.MCP_RESOURCES:
        assert fetch(f"{PRM}{path}").json()["resource"] == f"{ORIGIN}{path}"


def test_escaped_path_is_the_path(settings, fetch):
    settings.MCP_RESOURCE = f"{ORIGIN}/%7Ejoe/m%20cp"
    assert fetch(f"{PRM}/~joe/m%20cp").json()["resource"] == f"{ORIGIN}/%7Ejoe/m%20cp"


def test_resource_with_a_query_is_nobody_without_it(settings, fetch):
    settings.MCP_RESOURCE = f"{ORIGIN}/mcp?tenant=7"
    assert fetch(f"{PRM}/mcp").status_code == 404
    assert fetch(f"{PRM}/mcp?tenant=8").status_code == 404


def test_path_of_no_issuer_is_not_found(fetch):
    assert fetch(f"{ASM}/made-up").status_code == 404


@pytest.mark.parametrize(
    "suffix",
    [
        "/made-up",
        "/mcp/made-up",
        "/mcpx",
        "/MCP",
        "/mcp//",
        "//mcp",
        "//",
        "/..",
        "/../mcp",
        "/%2e%2e/mcp",
        "/mcp/%2e",
        "/mcp%00",
        "/%00",
        "/mcp%0A",
        "/%0A",
        "/mcp%0D%0AX-Evil:%20yes",
        "/mcp%FF",
        "/%5cmcp",
        "/<script>alert(1)</script>",
        "/https://evil.example.com/",
        "/mcp;x=1",
        "/mcp.json",
        f"/{'x' * 50_000}",
        f"/{'../' * 1_000}etc/passwd",
    ],
    ids=lambda suffix: suffix if len(suffix) < 40 else f"{suffix[:4]}-very-long",
)
def test_path_that_is_nobodys_is_not_found(fetch, suffix):
    response = fetch(f"{PRM}{suffix}")
    assert response.status_code == 404
    assert response.content == b'{"error": "not_found"}'
    assert response["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/made-up", "/t1/x", "/t", "//t1"])
def test_path_that_is_not_the_issuers_is_not_found(settings, fetch, path):
    settings.MCP_ISSUER = f"{ORIGIN}/t1"
    assert fetch(f"{ASM}{path}").status_code == 404


@pytest.mark.parametrize(
    "url", [f"{JWKS}/x", f"{PRM}x", f"{ASM}-x", "/x" + PRM, "/x" + ASM, JWKS + "%0A"]
)
def test_neighbours_of_these_urls_are_not_ours(fetch, url):
    response = fetch(url)
    assert response.status_code == 404
    assert "Access-Control-Allow-Origin" not in response


@pytest.mark.parametrize("url", ["/.well-known/", "/.well-known", "/.well-known/mcp"])
def test_no_other_document_is_routed(fetch, url):
    assert fetch(url).status_code == 404


@pytest.mark.parametrize("url", ["{}", "{}/", "{}/t1", "/t1{}"])
def test_there_is_no_openid_configuration(settings, fetch, url):
    settings.MCP_ISSUER = f"{ORIGIN}/t1"
    assert fetch(url.format("/.well-known/openid-configuration")).status_code == 404
