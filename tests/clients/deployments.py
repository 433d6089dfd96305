"""The example as it is deployed: by a real server, with one issuer and one resource."""

from __future__ import annotations

import atexit
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from tests.clients.programs import PATIENCE

CHECKOUT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"

SERVERS = {
    # Threads, because browsers open connections ahead of need, and a single synchronous worker
    # would wait for a request on each of them in turn. Kept alive longer than the 4 seconds after
    # which Node.js itself gives up an idle connection, or it sends on one that is being closed.
    "gunicorn": (
        "gunicorn example_project.wsgi --threads 4 --keep-alive 30 --access-logfile - "
        "--bind {host}:{port}"
    ),
    "uvicorn": (
        "uvicorn example_project.asgi:application --lifespan off --host {host} --port {port}"
    ),
}

# Variables of the caller that would make it another site, or another server.
_FOREIGN = {
    "ACCESS_TOKEN_SECONDS",
    "ALLOWED_HOSTS",
    "ALLOWED_ORIGINS",
    "DATABASE",
    "DJANGO_SETTINGS_MODULE",
    "GUNICORN_CMD_ARGS",
    "HTTPS",
    "WEB_CONCURRENCY",
}


class Plan(NamedTuple):
    """What to deploy; `{origin}` in an identifier stands for the place that the server gets."""

    server: str
    issuer: str
    resource: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deployment:
    """A server that answers, and what the standards say that a client finds there."""

    port: int
    issuer: str
    resource: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def protected_resource_url(self) -> str:
        """The URL of RFC 9728 §3.1, with the path of the resource inserted."""
        return self._inserted("oauth-protected-resource", self.resource)

    @property
    def authorization_server_url(self) -> str:
        """The URL of RFC 8414 §3.1, with the path of the issuer inserted."""
        return self._inserted("oauth-authorization-server", self.issuer)

    @property
    def jwks_url(self) -> str:
        return f"{self.origin}/.well-known/jwks.json"

    @property
    def endpoints(self) -> dict[str, str]:
        return {
            "authorization_endpoint": f"{self.origin}/oauth/mcp/authorize",
            "token_endpoint": f"{self.origin}/oauth/mcp/token",
            "registration_endpoint": f"{self.origin}/oauth/mcp/register",
            "jwks_uri": self.jwks_url,
        }

    def _inserted(self, name: str, identifier: str) -> str:
        return f"{self.origin}/.well-known/{name}{identifier.removeprefix(self.origin)}"


Deploy = Callable[[Plan], Deployment]


def start(
    plan: Plan,
    directory: Path,
    given: Mapping[str, str] = MappingProxyType({}),
    port: int | None = None,
) -> Deployment:
    """Start a server and return once it answers.

    `directory` takes its log, and its database unless `given` names another one; `given` is what
    else its environment has to say. `port` is one of `free_port` that others know already.
    """
    if "DATABASE" not in given:
        given = {**given, "DATABASE": str(migrate(directory))}
    port = port or free_port()
    origin = f"http://{HOST}:{port}"
    issuer, resource = (one.format(origin=origin) for one in (plan.issuer, plan.resource))
    command = SERVERS[plan.server].format(host=HOST, port=port).split()
    # The home directory takes the control socket of gunicorn, one for each.
    own = {"HOME": str(directory), "MCP_ISSUER": issuer, "MCP_RESOURCE": resource, **given}
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, *plan.options],
            cwd=CHECKOUT,
            env=environment(own),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deployment = Deployment(port, issuer, resource, log, process)
    if not _answers(deployment):
        stop([deployment])
        pytest.fail(f"{' '.join(command)} did not start. Its log:\n{log.read_text()}")
    return deployment


def migrate(directory: Path) -> Path:
    """Make a database with the tables of the example, and return its path."""
    return Path(shutil.copyfile(_migrated(), directory / "db.sqlite3"))


@cache
def _migrated() -> Path:
    """Run all migrations of the example once in this process: they take several seconds."""
    directory = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, directory)
    database = directory / "db.sqlite3"
    own = {"DATABASE": str(database), "DJANGO_SETTINGS_MODULE": "example_project.settings"}
    command = [sys.executable, "-m", "django", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=CHECKOUT, env=environment(own), check=True)
    return database


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process of the example, whatever the caller's own says."""
    inherited = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return {**inherited, "SECRET_KEY": "of a server that lives for one test run", **given}


def stop(deployments: Iterable[Deployment]) -> None:
    """Stop servers, all at a time, and whatever they have started."""
    processes = [deployment.process for deployment in deployments]
    for process in processes:
        process.terminate()
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    """Return a port of this machine for a server to listen at."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        # While this process lives, nobody else is given it. Linux alone lets a server listen there
        # all the same, if it sets SO_REUSEADDR as well; all of them do.
        if sys.platform == "linux":
            probe.detach()
        return port


def _answers(deployment: Deployment) -> bool:
    """Wait for the first answer, as long as the server is alive and has not got stuck."""
    for _ in range(10 * PATIENCE):
        if deployment.process.poll() is not None:
            return False
        connection = http.client.HTTPConnection(HOST, deployment.port, timeout=5)
        try:
            connection.request("GET", "/.well-known/jwks.json")
            # A site that signs nothing has no JWK Set.
            return connection.getresponse().status in (
                http.HTTPStatus.OK,
                http.HTTPStatus.NOT_FOUND,
            )
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    return False
