"""A project of nothing but what `startproject` writes and what a page tells to add."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests import ORIGIN
from tests.clients.environments import python_with
from tests.integrations import pages
from tests.integrations.pages import Page, own_requirements
from tests.markdown import CHECKOUT

LOOPBACK = "127.0.0.1"
CALL = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
}

# Pages whose packages go together, in one environment. django-allauth needs Python 3.11.
TOGETHER = ("fastmcp.md", "allauth.md") if sys.version_info >= (3, 11) else ("fastmcp.md",)

# Runs a script as Python itself would, with the working directory instead of its own on the path.
_RUN = "import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> Any:
        """The message of an MCP server, which may come as an event."""
        lines = self.body.splitlines()
        data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        return json.loads(data[-1] if data else self.body)


@dataclass(frozen=True)
class Project:
    """A directory with `manage.py` and the package `project`, and who runs it."""

    directory: Path
    python: Path
    environment: dict[str, str] = field(repr=False)

    def run(self, *arguments: str, given: str | None = None) -> str:
        """Run its Python with arguments and standard input, and return what it prints."""
        done = subprocess.run(
            [str(self.python), *arguments],
            cwd=self.directory,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def manage(self, *arguments: str) -> str:
        return self.run("manage.py", *arguments)

    def execute(self, code: str) -> str:
        """Run code in the shell of the project, and return what it prints."""
        return self.run("manage.py", "shell", "--no-imports", given=code).strip()

    def checks(self) -> list[str]:
        """Return the IDs of what the system checks say."""
        code = "from django.core.checks import run_checks\nprint(*[one.id for one in run_checks()])"
        return self.execute(code).split()

    def walk(
        self, button: dict[str, str], requests: dict[str, dict[str, str]]
    ) -> dict[str, dict[str, Any]]:
        """Let a client ask for tokens, and a user press a button of the consent page each time."""
        script = str(Path(__file__).with_name("walk.py"))
        told = json.dumps({"button": button, "requests": requests})
        answers: dict[str, dict[str, Any]] = json.loads(self.run("-c", _RUN, script, told))
        return answers


@dataclass(frozen=True)
class Site:
    """A project that is served, as the proxy in front of it reaches it."""

    port: int

    def ask(
        self,
        url: str,
        method: str = "GET",
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> Answer:
        """Request a URL of https://app.example.com, or a path of it."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" in (ORIGIN, "://"), url
        sent = {"Host": urlsplit(ORIGIN).netloc, **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=30)
        try:
            connection.request(method, parts.path, body, sent)
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, received, response.read().decode())
        finally:
            connection.close()

    def call(self, method: str, token: str | None = None, **params: Any) -> Answer:
        """Send a message to the MCP server at `/mcp`."""
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        body = json.dumps(message)
        return self.ask("/mcp", "POST", token=token, headers=CALL, body=body)


def interpreter_for(page: Page) -> Path:
    """Return a Python that has what the page installs, outside of the environment of the tests."""
    together = TOGETHER if page.name in TOGETHER else (page.name,)
    installed = [one for name in together for one in pages.page(name).requirements]
    requirements = dict.fromkeys([*own_requirements(), *installed, "uvicorn>=0.34"])
    return python_with(f"page-{Path(together[0]).stem}", *requirements)


def make(page: Page, directory: Path, python: Path, given: Mapping[str, str]) -> Project:
    """Follow a page: start a project, write its files, run its commands."""
    foreign = ("DJANGO_SETTINGS_MODULE", "MCP_", "PYTHONPATH")
    inherited = {name: one for name, one in os.environ.items() if not name.startswith(foreign)}
    own = {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "PYTHONDONTWRITEBYTECODE": "1",
        # This checkout, wherever the package is installed from.
        "PYTHONPATH": str(CHECKOUT),
    }
    project = Project(directory, python, {**inherited, **own, **given})
    project.run("-m", "django", "startproject", "project", ".", "--settings=")
    for name, code in page.files.items():
        path = directory / "project" / name
        generated = path.read_text() if name == "settings.py" else ""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{generated}\n{code}")
    for arguments in page.manage:
        project.manage(*arguments)
    return project


@contextmanager
def served(project: Project, port: int | None = None) -> Iterator[Site]:
    """Serve a project by uvicorn until the block ends."""
    port = port or _free_port()
    command = ["uvicorn", "project.asgi:application", "--host", LOOPBACK, "--port", str(port)]
    log = project.directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(project.python), "-m", *command],
            cwd=project.directory,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        assert _listens(process, port), f"{' '.join(command)}:\n{log.read_text()}"
        yield Site(port)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server takes connections, as long as it lives and a minute at most."""
    for _ in range(600):
        if process.poll() is not None:
            return False
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return True
        time.sleep(0.1)
    return False
