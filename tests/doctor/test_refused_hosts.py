"""A site that answers 400 to everything at a host, because its settings do not have the host."""

from __future__ import annotations

import json

import pytest

from mcp_oauth_discovery.doctor.transport.messages import Answer, Fault
from tests.doctor.world import ENDPOINT, ORIGIN, PRM, PRM_ROOT, World, diagnose, only

DJANGO = b"<h1>Bad Request (400)</h1>"
PAGE = (
    b"<pre>Invalid HTTP_HOST header: &#x27;backend:8000&#x27;. You may need to add "
    b"&#x27;backend&#x27; to ALLOWED_HOSTS.</pre>"
)


def refusing(body: bytes, start: str = ORIGIN) -> World:
    world = World()
    for path in ("/mcp", "/.well-known/oauth-protected-resource/mcp", PRM_ROOT[len(ORIGIN) :]):
        world.reply(f"{start}{path}", status=400, body=body)
    return world


def fixes(world: World, url: str = ENDPOINT) -> set[str]:
    return {one.fix for one in diagnose(world, url) if one.code == "answer-bad-request"}


@pytest.mark.parametrize(
    ("start", "host"),
    [
        (ORIGIN, "app.example.com"),
        ("https://app.example.com:8443", "app.example.com"),
        ("http://[::1]:8000", "[::1]"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
    ],
)
def test_host_is_named_as_the_settings_need_it(start, host):
    [fix] = fixes(refusing(DJANGO, start), f"{start}/mcp")
    assert fix.startswith(f'Add the host to the settings: ALLOWED_HOSTS = ["{host}"], and ')


def test_host_is_named_to_sites_without_django():
    [fix] = fixes(refusing(b""))
    assert fix.startswith("Configure the host app.example.com in the application, and have ")


def test_host_that_a_proxy_has_replaced_is_named():
    world = refusing(PAGE)
    world.reply(PRM, status=400)
    [fix] = fixes(world)
    assert fix.startswith("The application gets the host backend. Have the proxy pass the Host ")
    assert "Configure the host app.example.com" in fix


def test_reason_of_the_project_is_named():
    world = World()
    problem = "DisallowedHost: Invalid HTTP_HOST header: 'a'. You may need to add 'a' to "
    refusal = Answer("GET", PRM, 400, (), fault=Fault(f"{problem}ALLOWED_HOSTS."))
    healthy = world.send
    world.send = lambda *request, **more: refusal if PRM in request else healthy(*request, **more)
    one = only(world, "answer-bad-request", in_process=True)
    assert one.seen == f"400: {problem}ALLOWED_HOSTS."
    assert one.fix.endswith(" If this host is wrong, correct MCP_ISSUER or MCP_RESOURCE.")


@pytest.mark.django_db
def test_project_that_does_not_allow_its_own_host_is_refused(healthy, run):
    healthy.ALLOWED_HOSTS = ["internal.example.com"]
    output, _ = run("check", "--json")
    [report] = json.loads(output)["reports"]
    problems = [one for one in report["findings"] if one["severity"] in ("error", "warning")]
    assert {one["code"] for one in problems} == {"answer-bad-request"}
    assert {one["fix"].partition("]")[0] for one in problems} == {
        'Add the host to the settings: ALLOWED_HOSTS = ["app.example.com"'
    }


def test_unknown_host_of_an_unpinned_project_is_named(healthy, run):
    healthy.MCP_ISSUER = None
    healthy.ALLOWED_HOSTS = ["app.example.com"]
    assert "'b.example.com' to ALLOWED_HOSTS" in run("check", "--host", "b.example.com")[1]
