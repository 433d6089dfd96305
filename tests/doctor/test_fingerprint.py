"""The fixes are those of Django where it is Django, and nobody's elsewhere."""

from __future__ import annotations

import re

import pytest

from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.steps import ENTRIES
from tests.doctor.world import ENDPOINT, ORIGIN, PRM, PRM_ROOT, World, diagnose

# Names of settings, of classes and functions, and of Django and its packages.
OF_DJANGO = re.compile(
    r"(?i)django|manage\.py|urlconf|url pattern|i18n_|\w_exempt|mcp_oauth|get_document|csrf_"
    r"|(?-i:[A-Z]{2,}_[A-Z]|[A-Z][a-z]+Middleware|JsonResponse)|authentication_classes|login_not"
)
SECURITY = {
    "X_Content_Type_Options": "nosniff",
    "Referrer_Policy": "same-origin",
    "Cross_Origin_Opener_Policy": "same-origin",
}


def fix(world: World, code: str = "prm-not-found", **options) -> str:
    found: list[Finding] = diagnose(world, **options)
    return next(one.fix for one in found if one.code == code)


@pytest.fixture
def world() -> World:
    broken = World()
    broken.reply("GET", PRM, status=404)
    return broken


def test_fix_for_the_others_names_nothing_of_django():
    # The URLconf is looked at in process alone.
    entries = [entry for code, entry in ENTRIES.items() if code != "endpoint-not-routed"]
    assert [entry.code for entry in entries if OF_DJANGO.search(entry.fix)] == []
    assert [entry.code for entry in entries if entry.fix == entry.django_fix] == []


def test_site_of_whom_nothing_is_known_gets_the_fix_without_django(world):
    assert fix(world) == ENTRIES["prm-not-found"].fix


def test_project_in_process_gets_the_fix_of_django(world):
    assert fix(world, in_process=True) == ENTRIES["prm-not-found"].django_fix


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", SECURITY),
        (b"", {"Set_Cookie": "csrftoken=a; Path=/"}),
        (b"", {"Server": "WSGIServer/0.2 CPython/3.12"}),
        (b"<h1>Server Error (500)</h1>", {}),
        (b'{"error": "not_found"}', {"Cache_Control": "no-store"}),
    ],
)
def test_site_that_shows_itself_as_one_of_django_gets_its_fix(world, body, headers):
    world.reply("GET", PRM_ROOT, status=404, body=body, **headers)
    assert fix(world) == ENTRIES["prm-not-found"].django_fix


def test_redirect_on_the_way_shows_it_as_well(world):
    world.reply("GET", PRM_ROOT, status=301, Location=f"{PRM_ROOT}/", **SECURITY)
    assert fix(world, "redirect-slash") == ENTRIES["redirect-slash"].django_fix


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {"X_Content_Type_Options": "nosniff", "Referrer_Policy": "no-referrer"}),
        (b"", {"Set_Cookie": "session=csrftoken=a"}),
        (b"", {"Server": "nginx"}),
        (b'{"error": "not_found"}', {}),
    ],
)
def test_what_others_have_as_well_is_no_sign(world, body, headers):
    world.reply("GET", PRM_ROOT, status=404, body=body, **headers)
    assert fix(world) == ENTRIES["prm-not-found"].fix


def test_outside_server_is_not_told_of_django():
    world = World()
    issuer = "https://login.example.net"
    world.prm["authorization_servers"] = [issuer]
    metadata = {**world.server, "issuer": "http://login.example.net"}
    world.json(f"{issuer}/.well-known/oauth-authorization-server", metadata, **SECURITY)
    world.reply("GET", f"{PRM_ROOT}/unknown-path-of-the-doctor", status=404, **SECURITY)
    assert "MCP_ISSUER" not in fix(world, "as-issuer-mismatch")
    assert ENDPOINT.startswith(ORIGIN)
