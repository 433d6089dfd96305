"""A DPoP proof that comes to two workers of gunicorn, one after the other and at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from tests.clients.deployments import (
    CHECKOUT,
    HOST,
    Deployment,
    Plan,
    environment,
    free_port,
    start,
    stop,
)
from tests.databases.postgresql import serving
from tests.dpop.proofs import make_proof
from tests.robustness.sign_ins import prepare
from tests.robustness.traffic import Answer, Client, drive, request

pytestmark = pytest.mark.clients

ROUNDS = 10
# Enough that each worker certainly gets one of them.
AT_ONCE = 8
_CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "whoami", "arguments": {}},
}
_JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


class Bound(NamedTuple):
    """A served site, and an access token that is bound to a key."""

    deployment: Deployment
    token: str

    def call(self) -> bytes:
        """Return a call of a tool with a new proof; the server closes its connection."""
        proof = make_proof(self.token, htu=f"{self.deployment.origin}/mcp")
        headers = {
            "Host": f"{HOST}:{self.deployment.port}",
            "Authorization": f"DPoP {self.token}",
            "DPoP": proof,
            **_JSON,
        }
        return request("POST", "/mcp", headers, json.dumps(_CALL).encode(), close=True)

    def send(self, octets: bytes, times: int) -> list[Answer]:
        """Send the same request on several connections at the same time."""
        answers: list[Answer] = []
        drive(self.deployment.port, [_sender(octets, answers) for _ in range(times)])
        return answers


def _sender(octets: bytes, answers: list[Answer]) -> Client:
    answers.append((yield octets))


@pytest.fixture(scope="module", params=["shared", "own"])
def used_proofs(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def bound(used_proofs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bound]:
    with serving() as database:
        port = free_port()
        origin = f"http://{HOST}:{port}"
        given = {
            "DJANGO_SETTINGS_MODULE": "tests.clients.dpop_worker_settings",
            "MCP_TEST_SOCKET": str(database.socket),
            "ACCESS_TOKEN_SECONDS": "3600",
            "MCP_ISSUER": origin,
            "MCP_RESOURCE": f"{origin}/mcp",
            "DPOP": "1",
            "USED_PROOFS": used_proofs,
            # PostgreSQL is in the settings.
            "DATABASE": "",
        }
        prepared = prepare(origin, given, 1, 3600)
        command = [sys.executable, "manage.py", "createcachetable"]
        subprocess.run(command, cwd=CHECKOUT, env=environment(given), check=True)
        config = CHECKOUT / "tests/robustness/load/gunicorn_conf.py"
        options = ("--workers", "2", "--config", str(config))
        plan = Plan("gunicorn", "{origin}", "{origin}/mcp", options)
        directory: Path = tmp_path_factory.mktemp("workers")
        deployment = start(plan, directory, given, port)
        try:
            yield Bound(deployment, _refreshed(deployment, prepared))
        finally:
            stop([deployment])


def _refreshed(deployment: Deployment, prepared: dict[str, object]) -> str:
    """Exchange a refresh token, with a proof, for an access token that is bound to its key."""
    [(_, refresh_token)] = prepared["tokens"]
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": prepared["client_id"],
        "resource": deployment.resource,
    }
    headers = {
        "Host": f"{HOST}:{deployment.port}",
        "Content-Type": "application/x-www-form-urlencoded",
        "DPoP": make_proof(htu=f"{deployment.origin}/oauth/mcp/token"),
    }
    octets = request("POST", "/oauth/mcp/token", headers, urlencode(form).encode(), close=True)
    [answer] = Bound(deployment, "").send(octets, 1)
    tokens = json.loads(answer.body)
    assert tokens["token_type"] == "DPoP"
    return tokens["access_token"]


def test_proof_is_accepted_once_by_all_workers_that_share_a_cache(bound: Bound, used_proofs: str):
    # Without a shared cache, each worker accepts it once: W051 warns of that.
    most = 1 if used_proofs == "shared" else 2
    rounds = [bound.send(bound.call(), AT_ONCE) for _ in range(ROUNDS)]
    accepted = [
        [each.header("X-Worker") for each in answers if each.status == 200] for answers in rounds
    ]
    refused = [each for answers in rounds for each in answers if each.status == 401]
    assert {each.status for answers in rounds for each in answers} == {200, 401}
    assert all(len(workers) == len(set(workers)) for workers in accepted)
    assert max(map(len, accepted)) == most
    assert min(map(len, accepted)) >= 1
    assert len({each.header("X-Worker") for each in refused}) == 2
    assert all(
        'error="invalid_dpop_proof"' in str(each.header("WWW-Authenticate")) for each in refused
    )


def test_proof_is_refused_by_the_worker_that_has_not_seen_it(bound: Bound, used_proofs: str):
    call = bound.call()
    [first] = bound.send(call, 1)
    assert first.status == 200
    # Until the other worker has answered as well.
    others: list[Answer] = []
    while not others:
        [answer] = bound.send(call, 1)
        if answer.header("X-Worker") != first.header("X-Worker"):
            others.append(answer)
        else:
            assert answer.status == 401
    assert others[0].status == (401 if used_proofs == "shared" else 200)
