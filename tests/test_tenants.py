"""The recipes of `docs/tenants.md`, run as they are written."""

from __future__ import annotations

import json
import re
import time

import pytest
from django.contrib.sites.models import Site
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.urls import include, path, re_path

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.checks import check_settings
from mcp_oauth_discovery.protection import bearer_required
from mcp_oauth_discovery.signing import sign_jwt
from mcp_oauth_discovery.standards.server_cards import CATALOG
from mcp_oauth_discovery.standards.www_authenticate import parse
from tests import ASM, JWKS, ORIGIN, PRM
from tests.markdown import blocks, headings, read, section

PAGE = read("docs/tenants.md")
RECIPES = [title for title in headings(PAGE, 2) if title.startswith("By ")]
HOSTS = "https://acme.example.com", "https://globex.example.com:8443"
PATHS = f"{ORIGIN}/acme", f"{ORIGIN}/globex"

pytestmark = pytest.mark.django_db


@bearer_required(scope="mcp")
def endpoint(request, **kwargs):
    return HttpResponse(request.mcp_claims["sub"])


urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    re_path(r"^(\w+/)?mcp$", lambda request, *args: endpoint(request)),
]


@pytest.fixture(autouse=True)
def _sites(settings):
    settings.ROOT_URLCONF = __name__
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    Site.objects.all().delete()
    for tenant in HOSTS:
        Site.objects.create(domain=tenant.partition("://")[2], name=tenant)
    yield
    Site.objects.clear_cache()


@pytest.fixture
def recipe(settings):
    """Return a function that applies the settings below a heading of the page."""

    def recipe(heading, change=str):
        [code] = blocks(section(PAGE, heading), "python")
        names: dict = {}
        exec(compile(change(code), "docs/tenants.md", "exec"), names)  # noqa: S102
        for name in ("MCP_ISSUER", "MCP_RESOURCE"):
            if name in names:
                setattr(settings, name, names[name])

    return recipe


def inserted(url, well_known):
    """Return where the metadata of an identifier is."""
    _, origin, path = re.split(r"(https://[^/]+)", url)
    return f"{origin}{well_known}{path}"


ONE_ISSUER = [
    ("By host, with django.contrib.sites", HOSTS, "https://login.example.com"),
    ("By path", PATHS, ORIGIN),
]
OWN_ISSUER = [("By host, each its own issuer", HOSTS), ("By path, each its own issuer", PATHS)]
EVERY_RECIPE = [*((title, tenants) for title, tenants, _ in ONE_ISSUER), *OWN_ISSUER]


def test_contents_are_the_headings():
    contents = PAGE.partition("\n## ")[0]
    assert re.findall(r"^- \[(.+)\]\(#", contents, re.M) == headings(PAGE, 2)


def test_every_recipe_is_run():
    assert sorted(RECIPES) == sorted(title for title, _ in EVERY_RECIPE)


@pytest.mark.parametrize(("heading", "tenants"), EVERY_RECIPE)
def test_system_checks_are_silent(recipe, heading, tenants):
    recipe(heading)
    assert check_settings() == []


@pytest.mark.parametrize(("heading", "tenants"), EVERY_RECIPE)
def test_challenge_of_each_tenant_leads_to_its_own_metadata(recipe, fetch, heading, tenants):
    recipe(heading)
    for tenant in tenants:
        refusal = fetch(f"{tenant}/mcp", "POST")
        [challenge] = parse(refusal["WWW-Authenticate"])
        url = challenge.parameters["resource_metadata"]
        assert (refusal.status_code, url) == (401, inserted(f"{tenant}/mcp", PRM))
        answer = fetch(url)
        assert answer.json()["resource"] == f"{tenant}/mcp"
        assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("heading", "tenants", "issuer"), ONE_ISSUER)
def test_one_issuer_serves_all_tenants(recipe, fetch, heading, tenants, issuer):
    recipe(heading)
    for tenant in tenants:
        document = fetch(inserted(f"{tenant}/mcp", PRM)).json()
        assert document["authorization_servers"] == [issuer]
    document = fetch(f"{tenants[0].removesuffix('/acme')}{ASM}")
    assert (document.json()["issuer"], document["Cache-Control"]) == (issuer, "public, max-age=300")


@pytest.mark.parametrize(("heading", "tenants", "issuer"), ONE_ISSUER)
def test_token_is_for_one_tenant_alone(recipe, fetch, heading, tenants, issuer):
    recipe(heading)
    rotation.rotate("EdDSA")
    claims = {"sub": "7", "aud": f"{tenants[0]}/mcp", "scope": "mcp", "exp": time.time() + 600}
    headers = {"authorization": f"Bearer {sign_jwt(claims)}"}
    first, second = (fetch(f"{tenant}/mcp", "POST", headers=headers) for tenant in tenants)
    assert (first.status_code, first.content) == (200, b"7")
    assert second.status_code == 401
    assert json.loads(second.content)["error_description"].endswith("not valid for this resource")


@pytest.mark.parametrize(("heading", "tenants"), OWN_ISSUER)
def test_each_tenant_has_an_issuer_of_its_own(recipe, fetch, heading, tenants):
    recipe(heading)
    for tenant in tenants:
        document = fetch(inserted(f"{tenant}/mcp", PRM)).json()
        assert document["authorization_servers"] == [tenant]
        assert fetch(inserted(tenant, ASM)).json()["issuer"] == tenant
        assert fetch(f"{tenant.removesuffix('/acme').removesuffix('/globex')}{JWKS}").json()


@pytest.mark.parametrize(("heading", "tenants"), OWN_ISSUER)
def test_nothing_is_signed_for_the_issuer_of_a_request(recipe, heading, tenants):
    recipe(heading)
    with pytest.raises(ImproperlyConfigured, match="nothing is signed"):
        sign_jwt({"sub": "7"})


NOBODY = {
    "host": ["https://initech.example.com", "https://initech.example.com:8443"],
    "path": [f"{ORIGIN}/initech", f"{ORIGIN}/Acme", f"{ORIGIN}/acm"],
}


@pytest.mark.parametrize(("heading", "tenants"), EVERY_RECIPE)
def test_tenant_that_does_not_exist_is_not_found_and_not_challenged(
    recipe, fetch, heading, tenants
):
    recipe(heading)
    for nobody in NOBODY["host" if tenants is HOSTS else "path"]:
        assert fetch(inserted(f"{nobody}/mcp", PRM)).status_code == 404
        refusal = fetch(f"{nobody}/mcp", "POST")
        assert (refusal.status_code, "WWW-Authenticate" in refusal) == (404, False)


CARD = {"name": "com.example/orders", "version": "1.0.0", "description": "Orders and invoices."}


@pytest.mark.parametrize(
    "heading", ["By host, with django.contrib.sites", "By host, each its own issuer"]
)
def test_path_is_the_card_of_every_host(settings, recipe, fetch, heading):
    recipe(heading)
    settings.MCP_SERVER_CARDS = {"/mcp": CARD}
    assert check_settings() == []
    for tenant in HOSTS:
        [entry] = fetch(f"{tenant}{CATALOG}").json()["entries"]
        answer = fetch(entry["url"])
        assert answer.json()["remotes"][0]["url"] == f"{tenant}/mcp"
        assert answer["Cache-Control"] == "no-store"
    for nobody in NOBODY["host"]:
        assert {fetch(f"{nobody}{url}").status_code for url in (CATALOG, "/mcp/server-card")} == {
            404
        }


@pytest.mark.parametrize(
    "heading", ["By host, with django.contrib.sites", "By host, each its own issuer"]
)
def test_card_of_one_host_is_in_its_catalogue_alone(settings, recipe, fetch, heading):
    recipe(heading)
    names: dict = {}
    exec(blocks(section(PAGE, "Server cards"), "python")[0], names)  # noqa: S102
    settings.MCP_SERVER_CARDS = names["MCP_SERVER_CARDS"]
    assert check_settings() == []
    for tenant, card in zip(HOSTS, settings.MCP_SERVER_CARDS.values(), strict=True):
        [entry] = fetch(f"{tenant}{CATALOG}").json()["entries"]
        assert fetch(entry["url"]).json()["name"] == card["name"]


@pytest.mark.parametrize("heading", ["By path", "By path, each its own issuer"])
def test_cards_of_paths_are_found_with_the_shown_line(settings, recipe, fetch, heading):
    [_, line] = blocks(section(PAGE, "Server cards"), "python")
    usual = "path = request.path.removeprefix(WELL_KNOWN)\n"
    recipe(heading, lambda code: code.replace(usual, line))
    settings.MCP_SERVER_CARDS = {
        "/acme/mcp": CARD,
        "/globex/mcp": {**CARD, "name": "com.example/invoices"},
    }
    assert check_settings() == []
    for tenant in PATHS:
        [remote] = fetch(f"{tenant}/mcp/server-card").json()["remotes"]
        assert remote["url"] == f"{tenant}/mcp"
    assert fetch(f"{PATHS[0]}/mcp", "POST").status_code == 401
    assert fetch(CATALOG).status_code == 404
