"""Real clients sign in: from the URL of an MCP server alone, by way of a browser, to its tools."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser

from tests.clients.deployments import SERVERS
from tests.clients.sites import USER, Site
from tests.clients.walks import CLIENTS, Walked, let_walk, program

pytestmark = pytest.mark.clients

Walk = Callable[..., Walked]
WHOAMI = {"username": USER, "first_name": ""}


def first_steps(path: str) -> list[str]:
    """Return how a client is let in that knows nothing but where the MCP server is."""
    return [
        f"POST {path} 401",
        f"GET /.well-known/oauth-protected-resource{path} 200",
        "GET /.well-known/oauth-authorization-server 200",
        "POST /oauth/mcp/register 201",
        "browser /oauth/mcp/authorize",
        "POST /oauth/mcp/token 200",
    ]


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def walk(browser: Browser, site: Site, client: str) -> Walk:
    """Return a function that lets the client walk from the URL of an MCP server on."""

    def walked(resource: str, *steps: str, button: str = "Allow", **env: str) -> Walked:
        return let_walk([*program(client), resource, *steps], site, browser, button, **env)

    return walked


# The Python SDK goes by its own clock; the TypeScript SDK is told by the server.
REFRESH = {
    "mcp-2": ["POST /oauth/mcp/token 200", "POST /mcp tools/call 200"],
    "mcp-1": ["POST /oauth/mcp/token 200", "POST /mcp tools/call 200"],
    "fastmcp-4": ["POST /oauth/mcp/token 200", "POST /mcp tools/call 200"],
    "client-2": [
        "POST /mcp tools/call 401",
        "POST /oauth/mcp/token 200",
        "POST /mcp tools/call 200",
    ],
    "sdk-1": ["POST /mcp tools/call 401", "POST /oauth/mcp/token 200", "POST /mcp tools/call 200"],
}


# One client of each language on both servers; the others differ from it, and not by the server.
@pytest.mark.parametrize(
    ("client", "server"),
    [
        *itertools.product(("mcp-2", "client-2"), SERVERS),
        *((client, "uvicorn") for client in ("mcp-1", "fastmcp-4", "sdk-1")),
    ],
)
def test_client_signs_in_calls_a_tool_refreshes_and_calls_again(
    walk: Walk, site: Site, client: str
):
    walked = walk(site.mcp, "list", "call:whoami", "expire", "call:whoami")
    assert walked.error is None
    assert walked.results == [["whoami", "set_first_name"], WHOAMI, None, WHOAMI]
    assert walked.essence("/mcp") == [
        *first_steps("/mcp"),
        "POST /mcp tools/list 200",
        "POST /mcp tools/call 200",
        *REFRESH[client],
    ]
    [answer] = walked.answers
    granted = f"Connect to the MCP server below on your behalf\nMCP server\n{site.mcp}"
    assert granted in answer.question


# Each call that is refused refreshes by itself, with the refresh token that all of them have.
@pytest.mark.parametrize(
    ("client", "server"),
    [("client-2", "gunicorn"), ("client-2", "uvicorn"), ("sdk-1", "gunicorn")],
)
def test_client_that_refreshes_three_times_at_once_stays_signed_in(walk: Walk, site: Site):
    walked = walk(site.mcp, "list", "expire", "thrice:whoami", "expire", "call:whoami")
    assert walked.error is None
    assert walked.results[1:] == [None, [WHOAMI] * 3, None, WHOAMI]
    assert walked.notes.count("POST /mcp tools/call 401") > 1
    assert walked.notes.count("browser /oauth/mcp/authorize") == 1


# What a program says that looks at the callback as the example of its SDK does.
DENIED = {
    "mcp-2": "OAuth error: access_denied",
    "mcp-1": "OAuth error: access_denied",
    "fastmcp-4": "Client failed to connect: Access was denied by the authorization server.",
    "client-2": "OAuth authorization failed: access_denied",
    "sdk-1": "OAuth authorization failed: access_denied",
}


@pytest.mark.parametrize("server", ["uvicorn"])
def test_client_of_a_user_who_cancels_ends_with_access_denied_and_asks_for_no_token(
    walk: Walk, site: Site, client: str
):
    walked = walk(site.mcp, "list", button="Cancel")
    assert walked.error["message"] == DENIED[client]
    answer = parse_qs(urlsplit(walked.answers[0].callback).query)
    assert (answer["error"], answer["iss"]) == (["access_denied"], [site.origin])
    assert walked.essence("/mcp") == first_steps("/mcp")[:-1]
    assert walked.results == []


# 2.x of the TypeScript SDK gets all that the browser brings; the others take the code alone, and
# say that there is none. 1.x of the Python SDK says what 2.x says.
OVERLOOKED = {
    "mcp-2": "No authorization code received",
    "client-2": "access_denied",
    "sdk-1": "authorizationCode is required",
}


@pytest.mark.parametrize("client", OVERLOOKED)
@pytest.mark.parametrize("server", ["uvicorn"])
def test_sdk_whose_program_overlooks_that_the_user_cancels_asks_for_no_token(
    walk: Walk, site: Site, client: str
):
    walked = walk(site.mcp, "list", button="Cancel", OVERLOOK_ERRORS="1")
    assert OVERLOOKED[client] in walked.error["message"]
    assert walked.notes == first_steps("/mcp")[:-1]
