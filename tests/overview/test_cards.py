"""Server cards and the catalogue on the overview, if the settings have cards."""

from __future__ import annotations

import json
import re

import pytest
from django.http import Http404
from django.urls import path

from mcp_oauth_discovery.views import CatalogView, ServerCardView
from tests.overview.pages import document
from tests.urls import urlpatterns

pytestmark = pytest.mark.django_db

CARDS = {
    "Server card": "/mcp/server-card",
    "Catalogue": "/.well-known/ai-catalog.json",
}
WEATHER = {"name": "com.example/weather", "version": "1.0.0", "description": "Forecasts."}


@pytest.mark.parametrize(("title", "where"), CARDS.items())
@pytest.mark.parametrize("pinned", [False, True])
def test_card_and_catalogue_are_those_that_are_served(settings, look, fetch, title, where, pinned):
    settings.MCP_SERVER_CARDS = {"/mcp": WEATHER}
    if pinned:
        settings.MCP_ISSUER = "https://app.example.com"
    served, answer = document(look()[1], title), fetch(where)
    assert served.url == f"https://app.example.com{where}"
    assert json.loads(served.text) == answer.json()
    assert served.answer == f"200 OK, {answer['cache-control']}"
    assert (served.problem, served.note) == ("", "")


class HiddenCard(ServerCardView):
    def get_document(self, request, **kwargs):
        raise Http404("Not for this tenant.")


class HiddenCatalog(CatalogView):
    def get_document(self, request, **kwargs):
        raise Http404("Not for this tenant.")


def test_overview_lists_no_card_and_no_catalogue_without_the_setting(look):
    assert [served.title for served in look()[1]["documents"]] == [
        "Protected resource metadata",
        "Authorization server metadata",
        "JWK Set",
    ]


def test_each_card_of_an_enabled_resource_is_listed(settings, look):
    settings.MCP_RESOURCES = {"/a": {}, "/b": {"enabled": False}, "/%C3%BC": {}}
    settings.MCP_SERVER_CARDS = {
        key: {**WEATHER, "name": f"com.example/{number}"}
        for number, key in enumerate(settings.MCP_RESOURCES)
    }
    documents = [served for served in look()[1]["documents"] if served.title in CARDS]
    assert [served.url for served in documents] == [
        "https://app.example.com/a/server-card",
        "https://app.example.com/%C3%BC/server-card",
        "https://app.example.com/.well-known/ai-catalog.json",
    ]
    assert [served.status for served in documents] == [200, 200, 200]


@pytest.mark.parametrize(
    "cards", [["/mcp"], {"/other": WEATHER}, {"/mcp": {**WEATHER, "name": "weather"}}]
)
def test_wrong_card_is_named_and_the_other_documents_stay(settings, look, cards):
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MCP_SERVER_CARDS = cards
    text, context = look()
    problems = {served.title: served.problem for served in context["documents"] if served.problem}
    [check] = [one.message.id for one in context["findings"] if "CARDS" in one.message.msg]
    assert problems == dict.fromkeys(CARDS, f"See {check} above.")
    assert len(re.findall(r"MCP_SERVER_CARDS(\[.+?\])? is ", text)) == 1


def test_missing_catalogue_is_no_fault_where_no_resource_has_a_card(settings, look):
    settings.MCP_RESOURCES = {"/a": {"enabled": False}}
    settings.MCP_SERVER_CARDS = {"/a": WEATHER}
    served = document(look()[1], "Catalogue")
    assert (served.answer, served.problem) == ("404 Not Found, no-store", "")
    assert "no enabled resource has an entry in MCP_SERVER_CARDS" in served.note


@pytest.mark.parametrize("title", CARDS)
def test_card_or_catalogue_that_is_not_there_is_a_fault(settings, look, title):
    settings.MCP_SERVER_CARDS = {"/mcp": WEATHER}
    hidden = {
        "Server card": path("mcp/server-card", HiddenCard.as_view()),
        "Catalogue": path(".well-known/ai-catalog.json", HiddenCatalog.as_view()),
    }
    settings.ROOT_URLCONF = type("urlconf", (), {"urlpatterns": [hidden[title], *urlpatterns]})
    assert document(look()[1], title).problem == "Not for this tenant."
