"""docs/howto/service-accounts.md, word for word: the preset, and a server of django-mcpz."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ASM, ORIGIN
from tests.clients.environments import python_with
from tests.clients.walks import PYTHON
from tests.integrations.pages import Page
from tests.integrations.projects import LOOPBACK, Project, Site, make, served
from tests.integrations.test_pages import with_preset
from tests.markdown import read

PAGE = Page("service-accounts.md", read("docs/howto/service-accounts.md"))
KEY = "python project/make_client_key.py > project/ci.jwks.json"
ACCOUNT = "python manage.py shell --no-imports < project/make_account.py"


@pytest.fixture(scope="module")
def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def origin(free_port: int) -> str:
    return f"http://{LOOPBACK}:{free_port}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, origin: str) -> Project:
    """Follow the page on the server of another page, at an origin that a client can reach."""
    assert [line for line in PAGE.lines if line.startswith("python ")] == [KEY, ACCOUNT]
    server = with_preset("django-mcpz.md").text.replace(ORIGIN, origin)
    server = server.replace('["app.example.com"]', f'["{LOOPBACK}"]')
    home = tmp_path_factory.mktemp("page")
    project = make(Page("django-mcpz.md", server), home, Path(sys.executable), {})
    folder = project.directory / "project"
    for name, code in PAGE.files.items():
        before = (folder / name).read_text() if name == "settings.py" else ""
        (folder / name).write_text(f"{before}\n{code.replace(ORIGIN, origin)}")
    servers = folder / "servers.py"
    servers.write_text(
        "from project.accounts import find_caller\n"
        + servers.read_text().replace("user=find_user", "user=find_caller")
    )
    (folder / "ci.jwks.json").write_text(project.run("project/make_client_key.py"))
    project.execute((folder / "make_account.py").read_text())
    return project


@pytest.fixture(scope="module")
def site(project: Project, free_port: int) -> Iterator[Site]:
    with served(project, free_port) as site:
        yield site


def test_page_can_be_read_in_one_go():
    assert len(PAGE.text.splitlines()) <= 155


def test_checks_find_no_problem(project):
    assert project.checks() == []


def test_private_key_is_for_its_owner_alone(project):
    assert (project.directory / "ci.pem").stat().st_mode & 0o777 == 0o600
    assert '"d"' not in (project.directory / "project" / "ci.jwks.json").read_text()


def test_metadata_announces_the_grant(site):
    document = site.ask(ASM, headers={"Host": LOOPBACK}).json
    assert "client_credentials" in document["grant_types_supported"]
    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]


def run_job(project: Project, home: Path, change: tuple[str, str] = ("", "")):
    """Run the job of the page in an environment that has the client of MCP alone."""
    job = (project.directory / "project" / "job.py").read_text()
    assert change[0] in job
    (home / "job.py").write_text(job.replace(*change))
    shutil.copy(project.directory / "ci.pem", home)
    python = python_with("mcp-2", PYTHON["mcp-2"])
    command = [str(python), "-E", "-s", "job.py"]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)


@pytest.mark.clients
@pytest.mark.usefixtures("site")
def test_job_calls_the_server_as_its_user(project, tmp_path):
    done = run_job(project, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "{'username': 'ci'}\n"


@pytest.mark.clients
@pytest.mark.usefixtures("site")
def test_job_with_another_name_reads_why_it_is_refused(project, tmp_path):
    done = run_job(project, tmp_path, ('subject="ci"', 'subject="other"'))
    assert done.returncode == 1
    assert "unknown_client" in done.stderr
