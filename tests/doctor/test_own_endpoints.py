"""Settings that name another URL than that of the endpoint in the URLconf."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.django_db

ORIGIN = "https://app.example.com"
NO_PROBLEM = ["endpoint-not-routed", "endpoint-other"]


@pytest.fixture
def named(healthy, run):
    """Return a function: the findings about the endpoint if the settings name this path."""

    def named(path: str, urlconf: str = "elsewhere_urls") -> dict[str, dict[str, str]]:
        healthy.ROOT_URLCONF = f"tests.doctor.{urlconf}"
        healthy.MCP_RESOURCE = f"{ORIGIN}{path}"
        output, _ = run("check", "--json", "--only", "endpoint")
        [report, *_] = json.loads(output)["reports"]
        return {found["code"]: found for found in report["findings"]}

    return named


@pytest.mark.parametrize("path", ["/mpc", "/server", "/server/mcp/", "/mcp", "/page", ""])
def test_protected_view_at_another_path_than_the_resource_is_named(named, path):
    result = named(path)["endpoint-elsewhere"]
    assert result["severity"] == "error"
    assert f'MCP_RESOURCE = "{ORIGIN}/server/mcp"' in result["fix"]
    assert "A view of this project" in result["seen"]


def test_home_page_that_csrf_protection_guards_is_not_taken_for_the_endpoint(named, healthy):
    healthy.MIDDLEWARE = [*healthy.MIDDLEWARE, "django.middleware.csrf.CsrfViewMiddleware"]
    assert f'MCP_RESOURCE = "{ORIGIN}/server/mcp"' in named("")["endpoint-elsewhere"]["fix"]


def test_view_at_the_usual_path_is_named_without_a_protection_of_this_package(named):
    result = named("/api", "healthy_urls")["endpoint-elsewhere"]
    assert f"There is an MCP endpoint at {ORIGIN}/mcp." in result["seen"]


def test_api_beside_a_server_of_another_process_is_no_problem(named):
    found = named("/mcp", "beside_urls")
    assert sorted(found) == NO_PROBLEM
    assert (
        f'If that is the MCP endpoint, name it in the settings: MCP_RESOURCE = "{ORIGIN}/items"'
        in (found["endpoint-other"]["fix"])
    )


def test_prefix_that_the_web_server_puts_before_the_urls_is_no_problem(named):
    assert sorted(named("/app/server/mcp")) == NO_PROBLEM


def test_prefix_of_the_settings_is_in_the_url_of_the_view(named, healthy):
    healthy.FORCE_SCRIPT_NAME = "/app"
    fix = named("/app/mpc")["endpoint-elsewhere"]["fix"]
    assert f'MCP_RESOURCE = "{ORIGIN}/app/server/mcp"' in fix


def test_endpoint_of_another_resource_is_not_meant(named, healthy):
    healthy.MCP_RESOURCES = {"/files/mcp": {}, "/server/mcp": {}}
    assert list(named("/files/mcp")) == ["endpoint-not-routed"]


def test_view_that_is_protected_for_another_resource_is_not_meant(named, healthy):
    healthy.MCP_RESOURCES = {"/files/mcp": {}, "/mcp": {}}
    assert list(named("/files/mcp", "protected_elsewhere_urls")) == ["endpoint-not-routed"]


def test_endpoint_that_is_routed_is_alone(named):
    assert list(named("/server/mcp")) == ["endpoint-ok"]
