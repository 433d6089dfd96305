"""The doctor has nothing to say of the example, whatever serves it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.clients.deployments import SERVERS, Plan, environment, migrate, start, stop
from tests.gallery.test_gallery import check, lines
from tests.markdown import CHECKOUT

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module", params=SERVERS)
def origin(request, tmp_path_factory):
    plan = Plan(request.param, "{origin}", "{origin}/mcp")
    directory = tmp_path_factory.mktemp("example")
    own = {"DATABASE": str(migrate(directory))}
    settings = {"DJANGO_SETTINGS_MODULE": "example_project.settings"}
    command = [sys.executable, "-m", "django", "mcp_keys", "rotate"]
    environ = environment({**own, **settings})
    subprocess.run(command, cwd=CHECKOUT, env=environ, check=True, stdout=subprocess.DEVNULL)
    deployment = start(plan, directory, own)
    yield deployment.origin
    stop([deployment])


@pytest.mark.parametrize("path", ["/mcp", "/reports/mcp"])
def test_doctor_is_silent_at_the_example(origin, path):
    findings, is_well = check(f"{origin}{path}", "--strict")
    assert is_well, lines(findings)
    assert not findings, lines(findings)
