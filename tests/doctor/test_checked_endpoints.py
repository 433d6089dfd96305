"""The endpoints of a project that `mcp_discovery check` looks at, and settings at fault."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.django_db


def test_every_resource_of_the_project_is_looked_at(healthy, run):
    healthy.MCP_RESOURCES = {"/files/mcp": {}, "/mcp": {}, "/off": {"enabled": False}}
    healthy.MCP_RESOURCE = "https://app.example.com/mcp"
    output, _ = run("check", "--json", "--only", "endpoint")
    urls = [report["url"] for report in json.loads(output)["reports"]]
    assert urls == ["https://app.example.com/mcp", "https://app.example.com/files/mcp"]


def test_server_of_somebody_else_is_told_with_the_command_that_visits_it(healthy, run):
    healthy.MCP_AUTHORIZATION_SERVERS = ["https://login.example.net"]
    output, message = run("check", "--json", "--strict")
    [report] = json.loads(output)["reports"]
    [told] = [one for one in report["findings"] if one["severity"] != "pass"]
    assert (told["code"], told["severity"]) == ("as-elsewhere", "info")
    assert told["subject"] == "https://login.example.net"
    assert "mcp_discovery check https://app.example.com/mcp" in told["fix"]
    assert message == ""


def test_issuer_on_another_host_of_the_project_is_looked_at(healthy, run):
    healthy.MCP_RESOURCES = {"https://api.example.com/mcp": {}}
    output, _ = run("check", "--json", "--only", "authorization-server")
    [report] = json.loads(output)["reports"]
    assert [one["code"] for one in report["findings"]] == ["authorization-server-ok"]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("PREPEND_WWW", True, ["oauth-endpoint-redirect", "redirect-www"]),
        ("ROOT_URLCONF", "tests.urls", ["endpoint-not-routed", "oauth-endpoint-not-found"]),
        ("ROOT_URLCONF", "tests.doctor.failing_urls", ["endpoint-not-routed", "prm-not-found"]),
        ("CORS_ALLOW_ALL_ORIGINS", False, ["cors-endpoint-closed"]),
        ("CORS_ALLOW_HEADERS", ["accept"], ["cors-endpoint-headers", "oauth-endpoint-cors"]),
        ("MCP_METADATA_MAX_AGE", 90_000, ["cache-long"]),
        (
            "MCP_RESOURCE",
            "https://app.example.com/api",
            ["endpoint-elsewhere", "endpoint-not-routed"],
        ),
        (
            "MCP_AUTHORIZATION_SERVER_METADATA",
            {"authorization_response_iss_parameter_supported": True, "registration_endpoint": None},
            ["as-registration"],
        ),
        (
            "MCP_AUTHORIZATION_SERVER_METADATA",
            {},
            ["as-iss-not-announced", "as-registration-alone"],
        ),
        ("MCP_RESOURCE_METADATA", {"scopes_supported": ["openid"]}, ["prm-scopes-of-clients"]),
    ],
)
def test_setting_at_fault_is_found(healthy, codes, name, value, found):
    setattr(healthy, name, value)
    assert codes() == found


@pytest.mark.parametrize("has_cors", [True, False])
def test_page_that_the_protection_refuses_is_closed_out_whatever_cors_allows(
    healthy, codes, has_cors
):
    healthy.ROOT_URLCONF = "tests.doctor.protected_urls"
    healthy.MCP_ALLOWED_ORIGINS = []
    healthy.MIDDLEWARE = [
        name for name in healthy.MIDDLEWARE if has_cors or not name.endswith("CorsMiddleware")
    ]
    assert codes() == ["cors-endpoint-closed"]
    assert codes("--origin", "https://chat.example.com") == ["cors-endpoint-closed"]
    healthy.MCP_ALLOWED_ORIGINS = ["https://chat.example.com"]
    assert "cors-endpoint-closed" not in codes("--origin", "https://chat.example.com")


def test_host_of_the_request_under_any_name_is_found(healthy, codes):
    healthy.MCP_ISSUER = None
    healthy.ALLOWED_HOSTS = ["*"]
    assert codes("--host", "app.example.com") == ["as-issuer-unpinned", "host-reflected"]


def test_login_before_everything_spares_the_documents(healthy, codes):
    healthy.MIDDLEWARE = [
        *healthy.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    assert codes() == ["oauth-endpoint-redirect", "redirect-login"]


@pytest.mark.parametrize(
    ("hosts", "host"),
    [
        (["*", ".example.com"], "https://example.com"),
        (["*"], "http://localhost"),
        ([], "http://localhost"),
        (["127.0.0.1"], "http://127.0.0.1"),
        (["[::1]"], "http://[::1]"),
    ],
)
def test_host_is_the_first_allowed_one_if_nothing_is_pinned(healthy, run, hosts, host):
    healthy.MCP_ISSUER = None
    healthy.ALLOWED_HOSTS = hosts
    healthy.DEBUG = True
    output, _ = run("check", "--json", "--only", "endpoint")
    assert [report["url"] for report in json.loads(output)["reports"]] == [f"{host}/mcp"]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("b.example.com", "https://b.example.com/mcp"),
        ("b.example.com:8443", "https://b.example.com:8443/mcp"),
        ("localhost:8000", "http://localhost:8000/mcp"),
    ],
)
def test_host_can_be_chosen(healthy, run, host, url):
    healthy.MCP_ISSUER = None
    output, _ = run("check", "--json", "--only", "endpoint", "--host", host)
    assert [report["url"] for report in json.loads(output)["reports"]] == [url]
