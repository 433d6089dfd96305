"""The command on a real server, with URLs that were typed wrong."""

from __future__ import annotations

import json

import pytest
from django.apps import apps

from mcp_oauth_discovery.doctor import examine
from mcp_oauth_discovery.doctor.project.endpoints import endpoints_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def advice(healthy, run, live_server):
    """Return a function that checks a URL: the advice of the finding about another URL."""
    healthy.MCP_ISSUER = live_server.url

    def advice(url: str) -> str:
        output, _ = run("check", url, "--json")
        [report] = json.loads(output)["reports"]
        codes = {one["code"]: one["fix"] for one in report["findings"]}
        return codes.get("endpoint-elsewhere", "")

    return advice


@pytest.mark.parametrize("path", ["", "/", "/mpc", "/mcp/", "/mcp/mcp"])
def test_endpoint_of_the_site_is_advised(advice, live_server, path):
    command = f"python manage.py mcp_discovery check {live_server.url}/mcp"
    assert advice(f"{live_server.url}{path}").endswith(f": {command}")


def test_address_that_the_site_names_is_advised(advice, healthy, live_server):
    healthy.MCP_ISSUER = live_server.url.replace("localhost", "127.0.0.1")
    assert advice(f"{live_server.url}/mcp").endswith(f"check {healthy.MCP_ISSUER}/mcp")


def test_endpoint_in_the_settings_is_advised(advice, healthy, live_server):
    healthy.ROOT_URLCONF = "tests.doctor.tools_urls"
    healthy.MCP_RESOURCES = {"/tools/mcp": {}}
    assert advice(f"{live_server.url}/tool").endswith(f"check {live_server.url}/tools/mcp")


def test_endpoints_are_those_at_the_origin(healthy):
    healthy.MCP_RESOURCES = {"/tools": {}, "https://api.example.com/mcp": {}}
    assert "https://app.example.com/tools" in endpoints_at("https://app.example.com/mpc")
    assert endpoints_at("https://api.example.com/") == {"https://api.example.com/mcp"}
    assert endpoints_at("https://elsewhere.example.net/mcp") == frozenset()


def test_wrong_settings_have_no_endpoints(healthy):
    healthy.MCP_ISSUER = lambda request: 1 / 0
    assert endpoints_at("https://app.example.com/mcp") == frozenset()


def test_settings_are_not_read_before_the_project_is_set_up(monkeypatch, healthy, live_server):
    healthy.ROOT_URLCONF = "tests.doctor.tools_urls"
    healthy.MCP_RESOURCES = {"/tools/mcp": {}}
    monkeypatch.setattr(apps, "ready", False)
    report = examine(f"{live_server.url}/tool", only=["endpoint"])
    assert {one.code for one in report.problems} == {"endpoint-not-found"}
