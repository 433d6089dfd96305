"""`docs/comparison.md`: its table of documents is what the Django packages answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import python_with
from tests.deprecations import LENIENT
from tests.integrations.pages import own_requirements
from tests.markdown import CHECKOUT, read, section

PAGE = read("docs/comparison.md")
OURS = "django-mcp-oauth-discovery"
NAMES = (
    OURS,
    "django-oauth-toolkit",
    "django-mcpz",
    "django-mcp-oauth",
    "django-allauth",
    "djangorestframework-mcp-server",
    "django-mcp-server",
)
# What their own documentation says to install with them.
EXTRAS = {"django-allauth": "[idp-oidc]"}
NEEDED = ("mcp<2", "requests")


def rows(heading: str) -> dict[str, list[str]]:
    """Return the cells of the table below a heading, by the name of the package."""
    lines = [line for line in section(PAGE, heading).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {name.strip("[").partition("]")[0]: others for name, *others in cells}


VERSIONS = {name: cells[0] for name, cells in rows("The versions").items()}
DOCUMENTS = rows("Documents and challenge")


@pytest.fixture(scope="module")
def python() -> Path:
    peers = [name for name in NAMES if name != OURS]
    pins = [f"{name}{EXTRAS.get(name, '')}=={VERSIONS[name]}" for name in peers]
    return python_with("comparison", *own_requirements(), *pins, *NEEDED)


def observe(python: Path, name: str) -> dict[str, Any]:
    script = Path(__file__).with_name("peers.py")
    foreign = ("DJANGO_SETTINGS_MODULE", "MCP_", "PYTHONPATH")
    environment = {key: one for key, one in os.environ.items() if not key.startswith(foreign)}
    done = subprocess.run(
        [str(python), str(script), name],
        env={**environment, **LENIENT, "PYTHONPATH": str(CHECKOUT)},
        cwd=script.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


def row(answers: dict[str, Any]) -> list[str]:
    served = answers["served"]
    names_it = answers["status"] == 401 and "resource_metadata=" in answers["challenge"]
    as_metadata = any(name.startswith("AS metadata") for name in served)
    facts = [as_metadata, "JWK Set" in served, answers["browsers"], names_it]
    return [
        "yes" if "PRM" in served else "no",
        "yes" if "PRM of the path" in served else "no",
        "200" if "PRM of no resource" in served else "404",
        *("yes" if fact else "no" for fact in facts),
    ]


@pytest.mark.clients
@pytest.mark.skipif(sys.version_info < (3, 11), reason="Two of the packages need Python 3.11.")
@pytest.mark.parametrize("name", NAMES)
def test_package_answers_what_the_table_says(python, name):
    shown = "this app" if name == OURS else name
    assert row(observe(python, name)) == DOCUMENTS[shown]


def test_all_tables_are_about_the_same_packages():
    assert list(rows("Tokens and keys")) == list(DOCUMENTS) == list(VERSIONS)
    assert set(NAMES) - {OURS} < set(VERSIONS)


def test_page_begins_with_what_the_app_is_not():
    assert "This app is not an authorization server" in PAGE.partition("\n##")[0]
