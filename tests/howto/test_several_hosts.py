"""The host names of docs/howto/several-hosts.md."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.urls import include, path

from mcp_oauth_discovery.protection import bearer_required
from tests import ASM, PRM
from tests.markdown import blocks, read, section

SECTION = section(read("docs/howto/several-hosts.md"), "Several host names")
ONE_RESOURCE, TWO_RESOURCES = blocks(SECTION, "python")
HOSTS = ("https://app.example.com", "https://www.example.com")


@bearer_required()
def mcp(request):
    return HttpResponse()


urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("mcp", mcp),
]


def apply(settings, code):
    names = {}
    exec(code, names)  # noqa: S102
    settings.ROOT_URLCONF = __name__
    for name, value in names.items():
        if name.isupper():
            setattr(settings, name, value)


@pytest.mark.parametrize("url", [f"{PRM}/mcp", ASM])
def test_every_name_serves_the_same_documents(settings, fetch, url):
    apply(settings, ONE_RESOURCE)
    first, second = (fetch(f"{host}{url}") for host in HOSTS)
    assert first.content == second.content
    assert first["Cache-Control"] == second["Cache-Control"] == "public, max-age=300"
    assert b"www" not in first.content


def test_resource_of_each_name_has_the_one_issuer(settings, fetch):
    apply(settings, TWO_RESOURCES)
    answers = {host: fetch(f"{host}{PRM}/mcp") for host in HOSTS}
    assert {host: answer.json()["resource"] for host, answer in answers.items()} == {
        host: f"{host}/mcp" for host in HOSTS
    }
    for answer in answers.values():
        assert answer.json()["authorization_servers"] == [HOSTS[0]]
        assert answer["Cache-Control"] == "no-store"


def test_challenge_names_the_metadata_of_the_host(settings, fetch):
    apply(settings, TWO_RESOURCES)
    for host in HOSTS:
        assert f'"{host}{PRM}/mcp"' in fetch(f"{host}/mcp", "POST")["WWW-Authenticate"]
