"""The official conformance suite against the example, its authorization server and an MCP server.

docs/conformance.md has the numbers and our answers, which tests/conformance/suite.toml keeps.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser

from tests.clients.deployments import HOST, SERVERS, free_port, stop
from tests.clients.environments import conformance_suite
from tests.clients.programs import running
from tests.clients.sites import Site, open_site, requests
from tests.clients.tokens import register, sign_in
from tests.clients.users import User, user_at
from tests.conformance.suite import LEFT_OUT, RUNS, Run

pytestmark = pytest.mark.clients

LINK = re.compile(r"http://\S+/oauth/mcp/authorize\S+")
SCENARIO = re.compile(r"(?:authorization-)?server-(.+)-\d{4}-\d\d-\d\dT")
NAMES = {"SUCCESS": "passed", "WARNING": "warning", "SKIPPED": "skipped", "FAILURE": "failed"}


class Check(NamedTuple):
    scenario: str
    id: str
    outcome: str
    message: str


@pytest.fixture(scope="module", params=SERVERS)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Return the example, whose own pages may call its MCP servers: the suite is such a page."""
    port = free_port()
    own = {"ALLOWED_ORIGINS": f"http://{HOST}:{port}"}
    site = open_site(request.param, tmp_path_factory.mktemp("suite"), own, port)
    yield site
    stop([site.deployment])


@pytest.fixture
def user(site: Site, browser: Browser) -> Iterator[User]:
    with user_at(browser, site.origin) as user:
        yield user


def checks_in(results: Path) -> list[Check]:
    """Return the checks that the suite has written, without those that only inform."""
    return [
        Check(scenario, check["id"], outcome_of(check), check.get("errorMessage", ""))
        for file in sorted(results.glob("*/checks.json"))
        for scenario in SCENARIO.findall(file.parent.name)
        for check in json.loads(file.read_text())
        if check["status"] != "INFO"
    ]


def outcome_of(check: dict[str, Any]) -> str:
    # The suite counts as a failure what it cannot test without its own tools, and says so.
    untestable = (check.get("details") or {}).get("untestable") is True
    return "not testable" if untestable else NAMES[check["status"]]


def assert_recorded(run: Run, checks: list[Check]) -> None:
    counted = [check for check in checks if check.scenario in run.scenarios]
    assert [check for check in counted if check.outcome == "failed"] == []
    others = {check[:3] for check in counted if check.outcome != "passed"}
    assert others == run.remarks
    assert Counter(check.outcome for check in counted) == run.outcomes


def test_authorization_server_passes(site: Site, user: User, tmp_path: Path):
    port = free_port()
    client = register(site, f"http://{HOST}:{port}/callback")["client_id"]
    arguments = ["authorization", "--url", site.origin, "--client-id", client]
    arguments += ["--resource", site.mcp, "--port", str(port), "--output-dir", str(tmp_path)]
    with running([*conformance_suite(), *arguments]) as program:
        user.answer(program.out.find(LINK))
        assert [*program.out]
        assert program.process.wait() == 0
    run = RUNS["authorization"]
    checks = checks_in(tmp_path)
    assert {check.scenario for check in checks} == set(run.scenarios)
    assert_recorded(run, checks)


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_mcp_server_passes(
    site: Site, user: User, other_origin: str, tmp_path: Path, revision: str
):
    client = register(site, f"{other_origin}/callback")
    token = sign_in(site, user, client, site.mcp, "mcp")["access_token"]
    before = len(site.log())
    arguments = ["server", "--url", site.mcp, "--suite", "all", "--spec-version", revision]
    own = {**os.environ, "MCP_TOKEN": token}
    command = [*conformance_suite(with_token=True), *arguments, "--output-dir", str(tmp_path)]
    with running(command, env=own) as program:
        assert [*program.out]
    run = RUNS[revision]
    ran = {name for path in tmp_path.iterdir() for name in SCENARIO.findall(path.name)}
    assert ran - LEFT_OUT == set(run.scenarios)
    assert_recorded(run, checks_in(tmp_path))
    statuses = Counter(line[-3:] for line in requests(site.log()[before:]))
    # The protection accepted the token each time, and nothing broke.
    assert statuses["200"]
    assert [status for status in statuses if status == "401" or status >= "500"] == []
