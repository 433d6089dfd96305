"""Deprecation warnings of Django and django-oauth-toolkit are errors, in every process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests.clients.deployments import Plan, environment, migrate, start, stop
from tests.deprecations import IGNORED, LENIENT, STRICT
from tests.markdown import CHECKOUT

WARN = (
    "import warnings; from django.utils import deprecation; "
    "warnings.warn('planted', deprecation.{name})"
)
# Each raises the warning of a deprecated call. The last one is a call of the toolkit itself.
DEPRECATED = {
    "next": WARN.format(name="RemovedInNextVersionWarning"),
    "after-next": WARN.format(name="RemovedAfterNextVersionWarning"),
    "toolkit": (
        "import django; django.setup(); from oauth2_provider.bcp import bcp_compliant; "
        "bcp_compliant('COMPLIANT_BCP_RFC9700_PKCE_METHOD', 'planted')"
    ),
}
CATEGORIES = (DeprecationWarning, PendingDeprecationWarning)

IMPORT_EVERYTHING = """
import importlib, pkgutil
import django
django.setup()
import example_project, mcp_oauth_discovery
for package in (mcp_oauth_discovery, example_project):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
        print(module.name)
"""
SETTINGS = "from example_project.settings import *\nROOT_URLCONF = 'planted_urls'\n"
URLS = """
import warnings
from django.http import HttpResponse
from django.urls import include, path
from django.utils import deprecation

def view(request, name):
    warnings.warn("planted", getattr(deprecation, name))
    return HttpResponse()

urlpatterns = [path("", include("mcp_oauth_discovery.urls")), path("planted/<name>", view)]
"""

# A filter in a mark, in a call or on a command line: its action, message and category.
FILTER = re.compile(
    r'(?:filterwarnings\(|simplefilter\(|"-W",)\s*"(ignore[^"]*)"(?:, "([^"]+)")?(?:, (\w+))?'
)
BROAD = {"", "Warning", *[category.__name__ for category in CATEGORIES]}


def run(code, **given):
    command = [sys.executable, "-c", code]
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", **given}
    return subprocess.run(
        command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False
    )


def too_broad(source):
    """Return the filters in a source that ignore deprecations whatever their text is."""
    filters = []
    for match in FILTER.finditer(source):
        _, message, category = [*match[1].split(":"), "", ""][:3]
        if not (message or match[2]) and (category or match[3] or "") in BROAD:
            filters.append(match[0])
    return filters


@pytest.mark.parametrize("code", DEPRECATED.values(), ids=DEPRECATED)
def test_deprecated_call_fails_in_a_test(code):
    with pytest.raises(CATEGORIES, match="planted"):
        exec(code)  # noqa: S102


@pytest.mark.parametrize("code", DEPRECATED.values(), ids=DEPRECATED)
def test_deprecated_call_fails_in_a_process(code):
    done = run(code)
    assert done.returncode == 1
    assert "Warning: planted" in done.stderr


def test_deprecated_call_passes_without_the_filters():
    assert run(DEPRECATED["toolkit"], **LENIENT).returncode == 0


def test_filters_hold_in_development_mode():
    assert run(DEPRECATED["after-next"], PYTHONDEVMODE="1").returncode == 1


def test_python_understands_every_filter():
    assert run("", **STRICT).stderr == ""
    code = "import warnings; print([one[0] for one in warnings.filters].count('error'))"
    assert run(code).stdout == f"{len(CATEGORIES)}\n"


def test_deprecated_call_fails_in_manage():
    command = [sys.executable, "manage.py", "shell", "--command", DEPRECATED["after-next"]]
    env = environment({"DATABASE": ":memory:"})
    done = subprocess.run(
        command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Warning: planted" in done.stderr) == (1, True)


@pytest.mark.clients
@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_deprecated_call_fails_behind_a_server(server, tmp_path):
    (tmp_path / "planted_settings.py").write_text(SETTINGS)
    (tmp_path / "planted_urls.py").write_text(URLS)
    given = {"PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "planted_settings"}
    given["DATABASE"] = str(migrate(tmp_path))
    deployment = start(Plan(server, "{origin}", "{origin}/mcp"), tmp_path, given)
    try:
        for name in ("RemovedInNextVersionWarning", "RemovedAfterNextVersionWarning"):
            with pytest.raises(urllib.error.HTTPError, match="500"):
                urllib.request.urlopen(f"{deployment.origin}/planted/{name}")  # noqa: S310
    finally:
        stop([deployment])
    assert deployment.log.read_text().count("Warning: planted") == 2


def test_process_that_would_let_deprecations_pass_is_refused():
    with pytest.raises(RuntimeError, match=r"Add STRICT of tests\.deprecations"):
        subprocess.run([sys.executable, "-c", ""], env={"PATH": ""}, check=False)


def test_nothing_deprecated_is_used_when_modules_are_imported():
    # pytest-django loads the apps of the tests before the filters of pytest take effect.
    done = run(IMPORT_EVERYTHING)
    assert done.returncode == 0, done.stderr
    assert {"mcp_oauth_discovery.contrib.ninja", "example_project.servers"} <= set(
        done.stdout.split()
    )


@pytest.mark.parametrize(
    ("source", "broad"),
    {
        '"-W", "ignore"': True,
        '"-W", "ignore::DeprecationWarning"': True,
        'simplefilter("ignore", DeprecationWarning)': True,
        'simplefilter("ignore")': True,
        'filterwarnings("ignore::PendingDeprecationWarning")': True,
        'filterwarnings("ignore::joserfc.errors.SecurityWarning")': False,
        'filterwarnings("ignore:This process:DeprecationWarning")': False,
        'filterwarnings("ignore", "This process", DeprecationWarning)': False,
        'simplefilter("ignore", SecurityWarning)': False,
    }.items(),
)
def test_broad_filter_is_recognised(source, broad):
    assert bool(too_broad(source)) is broad


def test_no_filter_ignores_deprecations_as_a_whole(pytestconfig):
    filters = [*pytestconfig.getini("filterwarnings"), *IGNORED]
    assert [one for one in filters if too_broad(f'"-W", "{one}"')] == []
    assert filters[0] == "error"
    folders = ("benchmarks", "example_project", "mcp_oauth_discovery", "tests")
    sources = [path for name in folders for path in (CHECKOUT / name).rglob("*.py")]
    others = [path for path in sources if path.name != "test_deprecations.py"]
    assert {path: broad for path in others if (broad := too_broad(path.read_text()))} == {}
