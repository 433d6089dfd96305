"""Real clients call a tool that reads, one that needs a wider scope, and the first one again.

They start with the URL of an MCP server and the scope of its 401. The servers are those of the
example, and of a site that accepts the tokens of the example with `RemoteIssuer`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser

from tests.clients.deployments import HOST, Deployment, Plan, free_port, start, stop
from tests.clients.sites import Site, open_site, requests
from tests.clients.walks import Walked, let_walk, program

pytestmark = pytest.mark.clients

BOTH = ["mcp", "profile:write"]
# The newest 1.x of the TypeScript SDK refreshes where it would have to ask the user, so its scope
# stays as it is. It asks if its program keeps no refresh token.
STUCK = "sdk-1"
FORGETFUL = "sdk-1-without-refresh-token"
# Clients of MCP 2026-07-28 add the scopes of a 403 to those that they have. Older ones ask for the
# scopes of the 403 and no others.
ADDING = ("mcp-2", "fastmcp-4", "client-2")
REPLACING = ("mcp-1", FORGETFUL)


class Sites(NamedTuple):
    """The example, and a site without keys and database that accepts its tokens."""

    issuer: Site
    remote: Deployment


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    port = free_port()
    given = {"REMOTE_ORIGIN": f"http://{HOST}:{port}"}
    directory = tmp_path_factory.mktemp("issuer")
    own = {**given, "DJANGO_SETTINGS_MODULE": "tests.clients.issuing_settings"}
    issuer = open_site("uvicorn", directory, own)
    remote = open_remote(port, tmp_path_factory.mktemp("remote"), issuer.origin)
    yield Sites(issuer, remote)
    stop([issuer.deployment, remote])
    answered = requests(remote.log.read_text())
    # What `start` asks, so that the log is read even if only one of the tests runs.
    assert "GET /.well-known/jwks.json 404" in answered
    assert [each for each in answered if each[-3:] >= "500"] == []


def open_remote(port: int, directory: Path, issuer: str) -> Deployment:
    given = {
        "DATABASE": "",
        "DJANGO_SETTINGS_MODULE": "tests.clients.remote_settings",
        "REMOTE_ISSUER": issuer,
        "REMOTE_ORIGIN": f"http://{HOST}:{port}",
    }
    return start(Plan("gunicorn", issuer, "{origin}/plain/mcp"), directory, given, port)


@pytest.fixture(params=[*ADDING, *REPLACING, STUCK])
def client(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def walk(browser: Browser, sites: Sites, client: str) -> Callable[..., Walked]:
    """Return a function that lets the client walk from the URL of an MCP server on."""
    env = {"KEEP_NO_REFRESH_TOKEN": "1"} if client == FORGETFUL else {}
    name = STUCK if client == FORGETFUL else client

    def walked(resource: str, *steps: str) -> Walked:
        return let_walk([*program(name), resource, *steps], sites.issuer, browser, **env)

    return walked


def test_client_of_the_example_reads_writes_and_reads_with_one_question_more(
    walk: Callable[..., Walked], sites: Sites, client: str
):
    writes = 'call:set_first_name:{"first_name": "Ada"}', 'call:set_first_name:{"first_name": ""}'
    walked = walk(sites.issuer.mcp, "call:whoami", writes[0], "call:whoami", writes[1])
    if client == STUCK:
        assert "Server returned 403 after trying upscoping" in walked.error["message"]
        assert (walked.visits, walked.scope) == (1, ["mcp"])
        return
    assert walked.error is None
    assert [each["first_name"] for each in walked.results] == ["", "Ada", "Ada", ""]
    assert (walked.visits, walked.scope) == (2, BOTH)
    asked = ["Read and change your name" in answer.question for answer in walked.answers]
    assert asked == [False, True]


# Those that add need no `repeat_granted`. The two ways of the older TypeScript SDK are those of the
# example, because the client does not see who has issued its token.
@pytest.mark.parametrize(
    ("client", "name"),
    [*((client, "plain/mcp") for client in ADDING), ("mcp-1", "repeating/mcp")],
)
def test_client_of_a_remote_issuer_reads_writes_and_reads_with_one_question_more(
    walk: Callable[..., Walked], sites: Sites, client: str, name: str
):
    resource = f"{sites.remote.origin}/{name}"
    walked = walk(resource, "call:read", "call:write", "call:read", "call:write")
    assert resource in walked.answers[0].question
    assert walked.error is None
    assert [each["sub"] for each in walked.results] == ["1"] * 4
    assert (walked.visits, walked.scope) == (2, BOTH)


@pytest.mark.parametrize("client", REPLACING)
def test_without_repeat_granted_an_older_client_asks_its_user_for_each_tool(
    walk: Callable[..., Walked], sites: Sites
):
    walked = walk(f"{sites.remote.origin}/plain/mcp", "call:read", "call:write", "call:read")
    assert walked.error is None
    assert (walked.visits, walked.scope) == (3, ["mcp"])
