"""docs/how-discovery-works.md: documents, steps and URLs are those of the site and of clients."""

from __future__ import annotations

import json
import re

import pytest
from django.http import HttpResponse
from django.urls import include, path

from mcp_oauth_discovery.protection import bearer_required
from mcp_oauth_discovery.standards.well_known import server_metadata_urls
from tests.markdown import blocks, read, section

PAGE = read("docs/how-discovery-works.md")
ANSWERS = section(PAGE, "The first three answers")


@bearer_required("/mcp", scope="mcp")
def mcp(request):
    return HttpResponse()


urlpatterns = [path("", include("mcp_oauth_discovery.urls")), path("mcp", mcp)]


@pytest.fixture
def documented(settings):
    """Configure the site as the page does."""
    names: dict = {}
    exec(blocks(ANSWERS, "python")[0], names)  # noqa: S102
    settings.ROOT_URLCONF = __name__
    settings.MCP_ISSUER, settings.MCP_RESOURCES = names["MCP_ISSUER"], names["MCP_RESOURCES"]


@pytest.mark.usefixtures("documented")
def test_shown_challenge_and_metadata_are_those_of_the_site(fetch):
    [header] = blocks(ANSWERS, "text")
    challenge = fetch("/mcp", "POST")["WWW-Authenticate"]
    assert header.strip() == f"WWW-Authenticate: {challenge}"
    document = fetch(re.search(r'resource_metadata="([^"]+)"', challenge)[1]).json()
    [shown] = blocks(ANSWERS, "json")
    assert list(document.items()) == list(json.loads(shown).items())


def test_list_has_the_steps_of_the_picture():
    rows = re.findall(r"^(\d)\. ", section(PAGE, "The steps"), re.M)
    drawn = re.findall(r'class="number(?: on-ours)?">(\d)<', read("docs/client-way.svg"))
    assert rows == drawn == [str(number) for number in range(1, 9)]


def test_documented_places_of_server_metadata_are_those_of_clients():
    rows = re.findall(r"^\| the issuer `([^`]+)` \| (.+) \|$", PAGE, re.M)
    assert len(rows) == 2
    for issuer, places in rows:
        urls = [f"https://app.example.com{place}" for place in re.findall(r"`([^`]+)`", places)]
        assert urls == list(server_metadata_urls(issuer))
