from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from corsheaders.checks import check_settings
from corsheaders.defaults import default_headers

from mcp_oauth_discovery.cors import MCP_EXPOSED_HEADERS, MCP_REQUEST_HEADERS

CLIENT = "https://client.example.com"


@pytest.fixture
def _mcp_headers(settings):
    settings.CORS_ALLOW_HEADERS = MCP_REQUEST_HEADERS
    settings.CORS_EXPOSE_HEADERS = MCP_EXPOSED_HEADERS


def test_what_mcp_clients_send():
    assert set(MCP_REQUEST_HEADERS) - set(default_headers) == {
        "mcp-protocol-version",
        "mcp-session-id",
        "mcp-method",
        "mcp-name",
        "last-event-id",
    }
    assert {"authorization", "content-type"} <= set(default_headers) <= set(MCP_REQUEST_HEADERS)


def test_what_mcp_clients_read():
    assert MCP_EXPOSED_HEADERS == ("www-authenticate", "mcp-session-id", "mcp-protocol-version")


@pytest.mark.parametrize("names", [MCP_REQUEST_HEADERS, MCP_EXPOSED_HEADERS], ids=["in", "out"])
def test_each_name_stands_there_once_in_lower_case(names):
    assert sorted(names) == sorted({name.lower() for name in names})


@pytest.mark.usefixtures("_mcp_headers")
def test_cors_headers_takes_the_lists_as_they_are():
    assert check_settings() == []


@pytest.mark.usefixtures("_mcp_headers")
def test_preflight_of_the_endpoint_allows_what_clients_send(fetch):
    headers = {"origin": CLIENT, "access-control-request-method": "POST"}
    allowed = fetch("/page/", "OPTIONS", headers=headers)["Access-Control-Allow-Headers"]
    assert allowed.split(", ") == list(MCP_REQUEST_HEADERS)


@pytest.mark.usefixtures("_mcp_headers")
def test_scripts_may_read_the_challenge_of_the_endpoint(fetch):
    exposed = fetch("/page/", headers={"origin": CLIENT})["Access-Control-Expose-Headers"]
    assert exposed.split(", ") == list(MCP_EXPOSED_HEADERS)


def test_lists_can_be_imported_into_the_settings():
    # Settings are not there yet while they are being read.
    script = "import mcp_oauth_discovery.cors; from django.conf import settings as s; s.configured"
    code = f"{script}; assert not s.configured"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)
