"""Server cards and the catalogue in an export: their files, headers and obstacles."""

from __future__ import annotations

import json

import pytest
from django.http import JsonResponse
from django.test.utils import override_script_prefix
from django.urls import path

from mcp_oauth_discovery.views import CatalogView
from tests import ASM, JWKS, ORIGIN, PRM, urls
from tests.export.conftest import contents

pytestmark = pytest.mark.django_db

CATALOG = "/.well-known/ai-catalog.json"
CARD = "/mcp/server-card"
WEATHER = {"name": "com.example/weather", "version": "1.0.0", "description": "Forecasts."}
MANIFEST = "mcp-discovery.json"


class OwnCatalog(CatalogView):
    def get_document(self, request, **kwargs):
        return {**super().get_document(request, **kwargs), "entries": []}


def page(request):
    return JsonResponse({})


def urlconf(view):
    patterns = [path(CATALOG[1:], view), path(CARD[1:], view), *urls.urlpatterns]
    return type("urlconf", (), {"urlpatterns": patterns})


@pytest.fixture
def carded(pinned):
    """A site whose default resource has a card."""
    pinned.MCP_SERVER_CARDS = {"/mcp": WEATHER}
    return pinned


def cards(*keys):
    return {key: {**WEATHER, "name": f"com.example/{at}"} for at, key in enumerate(keys)}


def test_cards_and_the_catalogue_are_exported_after_the_others(carded, exported):
    assert [*exported()] == [f"{PRM}/mcp", PRM, ASM, JWKS, CARD, CATALOG]


def test_nothing_of_cards_is_exported_without_the_setting(pinned, exported):
    assert [*exported()] == [f"{PRM}/mcp", PRM, ASM, JWKS]


def test_files_of_cards_have_the_bytes_of_the_views(carded, exported, directory, fetch):
    documents = exported()
    for url in (CARD, CATALOG):
        assert documents[url]["file"] == url[1:]
        assert documents[url]["cache_control"] == fetch(url)["Cache-Control"]
        assert (directory / url[1:]).read_bytes() == fetch(url).content


def test_list_has_the_headers_that_clients_without_a_preference_get(
    carded, export, directory, fetch
):
    export()
    documents = json.loads((directory / MANIFEST).read_text())["documents"]
    headers = {document["path"]: document["headers"] for document in documents}
    for url, media_type in ((CARD, "mcp-server-card"), (CATALOG, "ai-catalog")):
        expected = {**fetch(url).headers}
        # The file is the same for every Accept, so caches need only one copy.
        assert expected.pop("Vary") == "Accept"
        del expected["ETag"], expected["Content-Length"]
        assert headers[url] == expected
        assert headers[url]["Content-Type"] == f"application/{media_type}+json"
        assert headers[url]["Access-Control-Expose-Headers"] == "ETag"


def exposing(get_response):
    def expose(request):
        response = get_response(request)
        response["Access-Control-Expose-Headers"] = "X-Own"
        return response

    return expose


def test_headers_of_the_other_documents_are_those_of_the_app_alone(carded, export, directory):
    carded.MIDDLEWARE = ["tests.export.test_cards.exposing"]
    export()
    documents = json.loads((directory / MANIFEST).read_text())["documents"]
    headers = {document["path"]: document["headers"] for document in documents}
    assert "Access-Control-Expose-Headers" not in headers[PRM]


@pytest.mark.parametrize("has_card", [True, False])
def test_nginx_has_a_location_for_refusals_only_if_documents_have_other_types(
    carded, export, directory, has_card
):
    if not has_card:
        carded.MCP_SERVER_CARDS = {}
    export("--format", "nginx")
    configuration = (directory / "mcp-discovery.conf").read_text()
    assert ("location @mcp_discovery_405 {" in configuration) is has_card


def test_disabled_resource_has_no_card_in_an_export(pinned, exported):
    pinned.MCP_RESOURCES = {"/a": {}, "/b": {"enabled": False}}
    pinned.MCP_SERVER_CARDS = cards("/a", "/b")
    assert [*exported()][-2:] == ["/a/server-card", CATALOG]


def test_no_catalogue_is_exported_if_no_enabled_resource_has_a_card(pinned, exported):
    pinned.MCP_RESOURCES = {"/a": {}, "/b": {"enabled": False}}
    pinned.MCP_SERVER_CARDS = cards("/b")
    assert [*exported()] == [f"{PRM}/a", ASM, JWKS]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("/", "server-card"),
        ("/a/", "a/server-card"),
        ("/%C3%BC/a%20b", "ü/a b/server-card"),
    ],
)
def test_file_of_a_card_has_the_path_of_its_url(pinned, exported, directory, key, name):
    pinned.MCP_RESOURCES = {key: {}}
    pinned.MCP_SERVER_CARDS = {key: WEATHER}
    assert name in [document["file"] for document in exported().values()]
    assert (directory / name).is_file()


def test_endpoint_below_a_card_makes_the_card_an_index(pinned, exported):
    pinned.MCP_RESOURCES = {"/a": {}, "/a/server-card/b": {}}
    pinned.MCP_SERVER_CARDS = cards(*pinned.MCP_RESOURCES)
    assert exported()["/a/server-card"]["file"] == "a/server-card/index.json"


def test_cards_below_a_prefix_are_exported_where_clients_look(pinned, exported):
    pinned.FORCE_SCRIPT_NAME = "/app"
    pinned.MCP_ISSUER = f"{ORIGIN}/app"
    pinned.MCP_SERVER_CARDS = {"/app/mcp": WEATHER}
    with override_script_prefix("/app/"):
        assert [*exported()][-2:] == ["/app/mcp/server-card", CATALOG]


def test_view_that_extends_the_catalogue_is_exported(carded, exported, directory):
    carded.ROOT_URLCONF = urlconf(OwnCatalog.as_view())
    exported()
    assert json.loads((directory / CATALOG[1:]).read_text())["entries"] == []


def test_card_that_is_removed_takes_its_directory_along(carded, export, directory):
    export()
    carded.MCP_SERVER_CARDS = {}
    export()
    assert not (directory / "mcp").exists()
    assert CATALOG[1:] not in contents(directory)


def test_changed_card_makes_an_export_out_of_date(carded, export, changes, refusal):
    export()
    carded.MCP_SERVER_CARDS = {"/mcp": {**WEATHER, "version": "1.0.1"}}
    assert "is out of date" in refusal("--check")
    assert changes() == ([], [CARD[1:]], [])


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"MCP_SERVER_CARDS": ["/mcp"]}, "MCP_SERVER_CARDS is ['/mcp']: expected a dict"),
        ({"MCP_SERVER_CARDS": {"/mcp": {}}}, "'name' is missing"),
        ({"MCP_SERVER_CARDS": {"/other": WEATHER}}, "its key is no resource of this site"),
        ({"ROOT_URLCONF": urlconf(page)}, f"Another view answers at {CARD}: tests.export."),
    ],
)
def test_command_says_why_a_card_cannot_be_exported(carded, refusal, changed, expected):
    for name, value in changed.items():
        setattr(carded, name, value)
    assert expected in refusal()


@pytest.mark.parametrize("kind", ["files", "nginx", "caddy"])
@pytest.mark.parametrize("name", [MANIFEST, "mcp-discovery.conf", ".mcp-discovery-x"])
def test_card_where_the_export_has_its_own_files_is_refused(pinned, refusal, kind, name):
    pinned.MCP_RESOURCES = {f"/{name}": {}}
    pinned.MCP_SERVER_CARDS = cards(f"/{name}")
    message = refusal("--format", kind)
    assert f"/{name}/server-card is where the export has its own files" in message
    assert message.endswith("Give the resource another path.")
