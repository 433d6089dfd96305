"""The project of a page and its site, made once for the tests of one module, which has a `PAGE`.

With `OWN_ENVIRONMENT` its packages are installed in an environment of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integrations.pages import Curl, Page
from tests.integrations.projects import Answer, Project, Site, interpreter_for, make, served


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that wants a `curl` each of those of its page."""
    if "curl" in metafunc.fixturenames:
        curls = metafunc.module.PAGE.curls
        assert curls
        metafunc.parametrize("curl", curls, ids=[f"{one.method}-{one.status}" for one in curls])


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """What the page reads from the environment; a module says what that is in its own."""
    return {}


@pytest.fixture(scope="module")
def project(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    environment: dict[str, str],
) -> Project:
    page: Page = request.module.PAGE
    own = getattr(request.module, "OWN_ENVIRONMENT", False)
    python = interpreter_for(page) if own else Path(sys.executable)
    return make(page, tmp_path_factory.mktemp("page"), python, environment)


@pytest.fixture(scope="module")
def site(project: Project) -> Iterator[Site]:
    with served(project) as site:
        yield site


@pytest.fixture(scope="module")
def token(request: pytest.FixtureRequest, project: Project) -> str:
    """A token that lets in, from the file of the page that makes one."""
    line = "TOKEN=$(python manage.py shell --no-imports < project/make_token.py)"
    assert line in request.module.PAGE.lines
    return project.execute((project.directory / "project" / "make_token.py").read_text())


@pytest.fixture(scope="module")
def other_tokens(request: pytest.FixtureRequest, project: Project) -> dict[str, str]:
    """Tokens by the names of `OTHER_TOKENS`, from the file with one line changed for each."""
    file = request.module.PAGE.files["make_token.py"]
    changes = request.module.OTHER_TOKENS
    assert all(line in file for line, _ in changes.values())
    code = "\n".join(file.replace(line, other) for line, other in changes.values())
    return dict(zip(changes, project.execute(code).splitlines(), strict=True))


@pytest.fixture
def answer(site: Site, curl: Curl, token: str) -> Answer:
    headers = {name: value.replace("$TOKEN", token) for name, value in curl.headers.items()}
    return site.ask(curl.url, curl.method, headers=headers, body=curl.body)
