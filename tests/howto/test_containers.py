"""docs/howto/containers.md: its files agree, and its commands run as the containers run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml

from tests.databases.postgresql import serving
from tests.markdown import CHECKOUT, blocks, read, section
from tests.proxies import LOOPBACK, running

PAGE = read("docs/howto/containers.md")
[SETTINGS] = blocks(PAGE, "python")
[DOCKERFILE] = blocks(PAGE, "dockerfile")
COMPOSE: dict[str, Any] = yaml.safe_load(blocks(PAGE, "yaml")[0])
SERVICES = COMPOSE["services"]
SECRETS = re.findall(r'secret\("(\w+)"\)', SETTINGS)


def test_every_secret_is_made_mounted_and_read():
    made = re.findall(r"> secrets/(\w+)$", section(PAGE, "Settings and secrets"), re.M)
    assert sorted(made) == sorted(SECRETS)
    files = {name: secret["file"] for name, secret in COMPOSE["secrets"].items()}
    assert files == {name: f"secrets/{name}" for name in SECRETS}
    for name in ("migrate", "web", "keys"):
        assert sorted(SERVICES[name]["secrets"]) == sorted(SECRETS)


def test_image_is_built_without_a_secret():
    [build] = re.findall(r"^RUN (.+) \\\n +python manage\.py", DOCKERFILE, re.M)
    assert build.split() == [
        f"{name.upper()}=x" for name in sorted(SECRETS, key=build.lower().find)
    ]
    assert "secrets" in blocks(section(PAGE, "The image"), "text")[1].splitlines()


def test_services_wait_for_services_that_exist():
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)
    assert SERVICES["database"]["environment"]["POSTGRES_USER"] == "app"


class Containers:
    """A new project with the settings of the page, and the commands of its containers."""

    def __init__(self, directory: Path, socket: Path) -> None:
        self.directory = directory
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        inherited = {"PYTHONPATH": str(CHECKOUT), "PYTHONWARNINGS": os.environ["PYTHONWARNINGS"]}
        secrets = {name.upper(): "x" for name in SECRETS}
        key = self.output([sys.executable, "-c", self._maker("mcp_key_encryption_keys")], {})
        secrets["MCP_KEY_ENCRYPTION_KEYS"] = key.strip()
        self.environment = {"PATH": programs, "HOME": str(directory), **inherited, **secrets}
        self.environment["DATABASE_HOST"] = str(socket)

    def _maker(self, name: str) -> str:
        return re.search(rf"python -c '(.+)' > secrets/{name}$", PAGE, re.M)[1]

    def output(self, command: list[str], environment: dict[str, str] | None = None) -> str:
        given = self.environment if environment is None else {**os.environ, **environment}
        done = subprocess.run(
            command, cwd=self.directory, env=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def start_project(self) -> None:
        self.output(["django-admin", "startproject", "project", "."])
        settings = self.directory / "project" / "settings.py"
        static = f'STATIC_ROOT = "{self.directory / "static"}"'
        code = SETTINGS.replace('STATIC_ROOT = "/srv/static"', static)
        middleware = "mcp_oauth_discovery.middleware.DiscoveryMiddleware"
        settings.write_text(
            f'{settings.read_text()}\nINSTALLED_APPS += ["mcp_oauth_discovery"]\n'
            f'MIDDLEWARE.insert(0, "{middleware}")\n{code}'
        )
        urls = self.directory / "project" / "urls.py"
        urls.write_text(
            "from django.urls import include, path\n"
            'urlpatterns = [path("", include("mcp_oauth_discovery.urls"))]\n'
        )


@pytest.fixture
def containers(tmp_path):
    with serving() as server:
        with server.connect() as connection:
            connection.autocommit = True
            connection.execute("CREATE ROLE app LOGIN")
            connection.execute("CREATE DATABASE app OWNER app")
        made = Containers(tmp_path, server.socket)
        made.start_project()
        yield made


def get(port: int, path: str) -> int:
    request = Request(f"http://{LOOPBACK}:{port}{path}", headers={"Host": "app.example.com"})
    try:
        with urlopen(request, timeout=10) as response:  # noqa: S310
            return response.status
    except HTTPError as error:
        return error.code


def is_healthy(containers: Containers, port: int) -> bool:
    _, _, *check = SERVICES["web"]["healthcheck"]["test"]
    command = [sys.executable, *[part.replace("8000", str(port)) for part in check]]
    done = subprocess.run(command, env=containers.environment, capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.clients
def test_containers_run_as_documented(containers, tmp_path, unused_port):
    build = re.search(r"^RUN (.+ \\\n +python manage\.py collectstatic .+)$", DOCKERFILE, re.M)[1]
    containers.output(["sh", "-c", build])
    command = yaml.safe_load(re.search(r"^CMD (.+)$", DOCKERFILE, re.M)[1])
    command = [part.replace("0.0.0.0:8000", f"{LOOPBACK}:{unused_port}") for part in command]
    log = tmp_path / "log"
    with running(command, log, cwd=containers.directory, env=containers.environment):
        wait_for_log(log, "Listening at")
        assert not is_healthy(containers, unused_port)
        assert "published" in containers.output(SERVICES["migrate"]["command"])
        assert wait_until_healthy(containers, unused_port), log.read_text()
        assert get(unused_port, "/static/mcp_oauth_discovery/oauth.css") == 200
    # Another deployment makes no other key.
    assert "published" not in containers.output(SERVICES["migrate"]["command"])
    *shell, loop = SERVICES["keys"]["command"]
    assert containers.output([*shell, loop.replace("while sleep 3600", "for _ in 1")]) == ""


def wait_for_log(log: Path, text: str) -> None:
    for _ in range(300):
        if text in log.read_text():
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def wait_until_healthy(containers: Containers, port: int) -> bool:
    # After a failure, a process reads the keys again a second later at the earliest.
    for _ in range(20):
        if is_healthy(containers, port):
            return True
        time.sleep(0.5)
    return False
