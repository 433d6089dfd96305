"""Real servers answer while their database hangs, with a copy of the keys and without one.

A request fails that is not answered within `TIMEOUT`. The times are printed, and not judged.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mcp_oauth_discovery.keys.cache import READ_AT_MOST_EVERY
from tests import ASM, JWKS, PRM
from tests.clients.deployments import CHECKOUT, HOST, environment, free_port, stop
from tests.clients.programs import PATIENCE
from tests.databases.postgresql import Hang, PostgreSQL, serving

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(sys.platform != "linux", reason="Only Linux lists processes in /proc."),
]

# Seconds. Without a copy of the keys an answer takes two or three, by design.
TIMEOUT = 6
ROUNDS = 3

MIDDLEWARE = "mcp_oauth_discovery.middleware.DiscoveryMiddleware"
GUNICORN = "gunicorn django.core.wsgi:get_wsgi_application() --bind {address} --worker-class "
# The command, how many processes answer, and what goes before the middleware of the project.
SERVERS = {
    "sync": (f"{GUNICORN} sync --workers 2", 2, MIDDLEWARE),
    "gthread": (f"{GUNICORN} gthread --threads 4", 1, ""),
    "uvicorn": (
        "uvicorn --factory django.core.asgi:get_asgi_application --lifespan off "
        f"--host {HOST} --port {{port}}",
        1,
        MIDDLEWARE,
    ),
}

SIGN = """
import django, time
django.setup()
from mcp_oauth_discovery.signing import sign_jwt
claims = {"sub": "7", "aud": "https://app.example.com/mcp", "exp": int(time.time()) + 3600}
print(sign_jwt(claims))
"""


class Answer(NamedTuple):
    """What came back; the status is None if nothing did, and the body empty if it is no JSON."""

    status: int | None
    body: dict[str, Any]
    seconds: float


class Asked(NamedTuple):
    """What is requested, by name."""

    path: str
    has_token: bool = False


ASKED = {
    "PRM": Asked(PRM),
    "AS metadata": Asked(ASM),
    "JWKS": Asked(JWKS),
    "no token": Asked("/mcp"),
    "token": Asked("/mcp", has_token=True),
}
WITH_A_COPY = {"PRM": 200, "AS metadata": 200, "JWKS": 200, "no token": 401, "token": 200}
Answers = list[tuple[str, Answer]]


class Server(NamedTuple):
    """A server of the project, and a token that is good there."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    workers: int
    token: str

    def ask(self, name: str) -> Answer:
        asked = ASKED[name]
        headers = {"Authorization": f"Bearer {self.token}"} if asked.has_token else {}
        connection = http.client.HTTPConnection(HOST, self.port, timeout=TIMEOUT)
        started = time.monotonic()
        try:
            connection.request("GET", asked.path, headers=headers)
            response = connection.getresponse()
            status, content = response.status, response.read()
        except OSError:
            status, content = None, b""
        finally:
            connection.close()
        try:
            body = json.loads(content)
        except ValueError:
            body = {}
        return Answer(status, body, time.monotonic() - started)

    def ask_for_all(self) -> Answers:
        """Request everything: many at the same time, then one after the other."""
        names = list(ASKED) * ROUNDS
        with ThreadPoolExecutor(len(names)) as pool:
            together = list(zip(names, pool.map(self.ask, names), strict=True))
        return together + [(name, self.ask(name)) for name in ASKED]

    def warm_up(self) -> None:
        """Have each worker verify a token, which takes a copy of the keys."""
        processes = set()
        for _ in range(PATIENCE):
            answers = [answer for name, answer in self.ask_for_all() if name == "token"]
            processes |= {answer.body.get("process") for answer in answers} - {None}
            if len(processes) == self.workers:
                return
        raise AssertionError(f"Of {self.workers} workers only {processes} have answered.")

    def wait_for(self, name: str, status: int) -> bool:
        """Retry until an answer has the status, for a limited time."""
        for _ in range(10 * PATIENCE):
            if self.ask(name).status == status:
                return True
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        return False


class Project(NamedTuple):
    """The project and its database, with a key and a token."""

    database: PostgreSQL
    directory: Path
    token: str

    def start_all(self, stack: ExitStack) -> dict[str, Server]:
        """Start every server and return once they answer; they end with the stack."""
        servers = {name: self._start(name) for name in SERVERS}
        stack.callback(stop, servers.values())
        for server in servers.values():
            assert server.wait_for("PRM", 200), server.log.read_text()
        return servers

    def _start(self, name: str) -> Server:
        command, workers, middleware = SERVERS[name]
        port = free_port()
        words = command.format(address=f"{HOST}:{port}", port=port).split()
        given = {**_given(self.database), "MCP_TEST_MIDDLEWARE": middleware}
        # The home directory takes the control socket of gunicorn, one for each.
        given["HOME"] = str(self.directory / f"{name}-{port}")
        Path(given["HOME"]).mkdir()
        log = self.directory / f"{name}-{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=CHECKOUT,
                env=environment(given),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Server(process, port, log, workers, self.token)


def _given(database: PostgreSQL) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.databases.hanging.settings",
        "MCP_TEST_SOCKET": str(database.socket),
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with serving() as database:
        where: dict[str, Any] = {"cwd": CHECKOUT, "env": environment(_given(database))}
        for command in (["migrate", "--verbosity=0"], ["mcp_keys", "rotate"]):
            subprocess.run([sys.executable, "-m", "django", *command], check=True, **where)
        done = subprocess.run(
            [sys.executable, "-c", SIGN], check=True, capture_output=True, text=True, **where
        )
        yield Project(database, tmp_path_factory.mktemp("hanging"), done.stdout.strip())


class Observed(NamedTuple):
    """What each server answered with a copy of the keys and without, and which ones recovered."""

    warm: dict[str, Answers]
    cold: dict[str, Answers]
    recovered: dict[str, bool]


@pytest.fixture(scope="module", params=[PostgreSQL.stopped, PostgreSQL.locked])
def observed(request: pytest.FixtureRequest, project: Project) -> Iterator[Observed]:
    """Let the database hang once for all servers, since copies take a while to grow old."""
    hang: Hang = request.param
    with ExitStack() as stack:
        warm = project.start_all(stack)
        for server in warm.values():
            server.warm_up()
        with hang(project.database):
            time.sleep(READ_AT_MOST_EVERY.total_seconds() + 1)
            answers = {name: server.ask_for_all() for name, server in warm.items()}
            cold = project.start_all(stack)
            without = {name: server.ask_for_all() for name, server in cold.items()}
        started = {"warm": warm, "cold": cold}
        recovered = {
            f"{name}, {kind}": all(server.wait_for(one, WITH_A_COPY[one]) for one in ASKED)
            for kind, servers in started.items()
            for name, server in servers.items()
        }
        yield Observed(answers, without, recovered)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    return request.param


def report(answers: Answers) -> dict[str, list[int | None]]:
    """Print how many requests were answered, and when; return the statuses by name."""
    statuses: dict[str, list[int | None]] = {name: [] for name in ASKED}
    for name, answer in answers:
        statuses[name].append(answer.status)
        sys.stdout.write(f"{name}: {answer.status} after {answer.seconds:.2f} s\n")
    answered = sum(answer.status is not None for _, answer in answers)
    sys.stdout.write(f"{answered} of {len(answers)} requests were answered.\n")
    return statuses


def test_everything_is_answered_from_the_copy(observed, server):
    statuses = report(observed.warm[server])
    assert statuses == {name: [status] * (ROUNDS + 1) for name, status in WITH_A_COPY.items()}


def test_what_needs_no_key_is_answered_without_a_copy(observed, server):
    statuses = report(observed.cold[server])
    for name in ("PRM", "AS metadata", "no token"):
        assert statuses[name] == [WITH_A_COPY[name]] * (ROUNDS + 1)


@pytest.mark.parametrize("name", ["JWKS", "token"])
def test_what_needs_a_key_ends_in_the_documented_error_without_a_copy(observed, server, name):
    report(observed.cold[server])
    answers = [answer for asked, answer in observed.cold[server] if asked == name]
    errors = {(answer.status, answer.body.get("error")) for answer in answers}
    assert errors <= {(500, "server_error"), (503, "temporarily_unavailable")}


@pytest.mark.parametrize("kind", ["warm", "cold"])
def test_servers_recover_without_a_restart(observed, server, kind):
    assert observed.recovered[f"{server}, {kind}"]
