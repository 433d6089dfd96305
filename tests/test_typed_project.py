"""`mypy --strict` finds no fault in the project of a user, with django-stubs or without."""

from __future__ import annotations

import ast
import importlib
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

import mcp_oauth_discovery
from tests.deprecations import LENIENT
from tests.markdown import CHECKOUT

PROJECT = CHECKOUT / "tests" / "typed" / "project"
PACKAGE = mcp_oauth_discovery.__name__
DOORS = (
    "challenge",
    "protection",
    "signals",
    "signing",
    "verifiers",
    "contrib.ninja",
    "contrib.oauth_toolkit",
    "contrib.rest_framework",
    "contrib.spectacular",
)

STRICT = "[mypy]\nstrict = True\n"
# What Django itself has no types for, so that each project without django-stubs allows it.
WITHOUT_STUBS = f"""{STRICT}disallow_subclassing_any = False
disallow_untyped_decorators = False

[mypy-django.*,rest_framework.*]
ignore_missing_imports = True
"""
# They need the types of Django.
OF_DJANGO_TYPES = "mistakes.py"
PLANTED = f"""
from {PACKAGE}.protection import BearerProtection, scope_by_tool, verify_token
from {PACKAGE}.signing import sign_jwt, verify_jwt

sign_jwt({{}}).claims
verify_jwt("token", audience="https://app.example.com/mcp").claims
verify_token(None, "token", "https://app.example.com/mcp").claims
scope_by_tool({{}}, other="mcp")
BearerProtection(scope=7)
"""
CHECK = """
import sys
import django
django.setup()
from django.core.checks import run_checks
from django.urls import reverse
run_checks()
from project import mistakes, urls
print(len(urls.urlpatterns))
"""


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    """Return a function that checks the project with mypy, and returns what mypy prints."""

    def check(config, *, stubs, planted=""):
        home = tmp_path_factory.mktemp("site")
        ignored = shutil.ignore_patterns("__pycache__", *([] if stubs else [OF_DJANGO_TYPES]))
        shutil.copytree(PROJECT, home / "project", ignore=ignored)
        if planted:
            (home / "project" / "planted.py").write_text(planted)
        (home / "mypy.ini").write_text(config)
        options = ["--config-file", "mypy.ini", "--cache-dir", str(caches / str(stubs))]
        options += ["--python-executable", str(environment(home / "environment", stubs=stubs))]
        return subprocess.run(
            [sys.executable, "-m", "mypy", *options, "--package", "project"],
            cwd=home,
            env={**os.environ, **LENIENT},
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    caches = tmp_path_factory.mktemp("mypy")
    return check


def environment(home, *, stubs):
    """Make an environment in which this package is installed, and return its interpreter.

    It has the packages of this one, with stubs of Django and its kin or without.
    """
    venv.create(home, symlinks=True)
    packages = sysconfig.get_path("purelib", vars={"base": str(home)})
    for source in Path(sysconfig.get_path("purelib")).iterdir():
        is_own = source.name == PACKAGE or source.suffix == ".pth"
        if not is_own and (stubs or not source.name.endswith("-stubs")):
            Path(packages, source.name).symlink_to(source)
    Path(packages, PACKAGE).symlink_to(CHECKOUT / PACKAGE)
    return home / "bin" / "python"


def imported_names():
    """Return the names that the project imports from each module."""
    names = {}
    for source in PROJECT.glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and not node.level:
                names.setdefault(node.module, set()).update(alias.name for alias in node.names)
    return names


@pytest.mark.parametrize("door", DOORS)
def test_project_uses_every_public_name(door):
    module = importlib.import_module(f"{PACKAGE}.{door}")
    assert set(module.__all__) - imported_names().get(module.__name__, set()) == set()


def test_no_door_to_other_packages_is_left_out():
    modules = (CHECKOUT / PACKAGE / "contrib").glob("*.py")
    public = {module.stem for module in modules if "__all__ = " in module.read_text()}
    assert {f"contrib.{name}" for name in public} <= set(DOORS)


def test_project_can_be_loaded():
    env = {"DJANGO_SETTINGS_MODULE": "project.settings"}
    env["PYTHONPATH"] = os.pathsep.join([str(PROJECT.parent), str(CHECKOUT)])
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > len(DOORS)


@pytest.mark.clients
@pytest.mark.parametrize(
    ("config", "stubs"), [(STRICT, True), (WITHOUT_STUBS, False)], ids=["stubs", "no-stubs"]
)
def test_mypy_finds_no_fault(check, config, stubs):
    output = check(config, stubs=stubs)
    assert output.startswith("Success: no issues found"), output


@pytest.mark.clients
@pytest.mark.parametrize(
    ("config", "stubs"), [(STRICT, True), (WITHOUT_STUBS, False)], ids=["stubs", "no-stubs"]
)
def test_mypy_finds_every_planted_fault(check, config, stubs):
    output = check(config, stubs=stubs, planted=PLANTED)
    lines = {line.split(":")[1] for line in output.splitlines() if ": error:" in line}
    assert {int(line) for line in lines} == {5, 6, 7, 8, 9}, output
