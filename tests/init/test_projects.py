"""Pasting what `init` prints makes a bare project one that the doctor finds no problems in."""

from __future__ import annotations

import pytest

from tests.init.projects import COMPLETE, Project

TOOLKIT: tuple[str, ...] = ()
OUTSIDE = (
    'MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]',
    'ALLOWED_HOSTS = ["app.example.com"]',
)


@pytest.fixture(scope="module", params=[TOOLKIT, OUTSIDE], ids=["toolkit", "outside"])
def followed(request, tmp_path_factory):
    """Return a project, what `init` printed at first, and the files before and after that."""
    project = Project(tmp_path_factory.mktemp("project"), *request.param)
    before = project.files()
    output = project.init()
    after = project.files()
    project.paste(output)
    return project, before, after


def test_init_writes_no_file(followed):
    _, before, after = followed
    assert before == after
    assert "db.sqlite3" not in after


def test_project_that_was_followed_has_everything(followed):
    project, _, _ = followed
    before = project.files()
    assert project.init() == COMPLETE
    assert project.files() == before


def test_doctor_and_checks_find_no_problems_then(followed):
    project, _, _ = followed
    assert "no issues" in project.run("manage.py", "check")
    assert "No problems found" in project.run("manage.py", "mcp_discovery", "check")
