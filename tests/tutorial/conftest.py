"""The wheel of this checkout, an empty machine for each page, and a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.conftest import browser
from tests.clients.environments import unavailable
from tests.deprecations import LENIENT
from tests.markdown import CHECKOUT
from tests.tutorial.terminals import Terminal, new_environment, newest_python

__all__ = ["browser"]

SOURCES = "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.cfg"
# No release has it, so pip cannot prefer one to the wheel of this checkout.
VERSION = "9999+checkout"


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheels")
    source = folder / "source"
    # In a copy: setuptools writes into the folder that it builds.
    package = "mcp_oauth_discovery"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKOUT / package, source / package, ignore=ignored)
    for name in SOURCES:
        shutil.copy(CHECKOUT / name, source)
    with (source / package / "__init__.py").open("a") as file:
        file.write(f'__version__ = "{VERSION}"\n')
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder)]
    environment = {**os.environ, **LENIENT}
    done = subprocess.run(
        [*command, str(source)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        unavailable(done.stderr)
    return folder


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Callable[[str], Terminal]:
    """Return a function that makes an empty folder, and opens a terminal in it."""

    def machine(name: str) -> Terminal:
        home = tmp_path_factory.mktemp(name)
        folder = home / "folder"
        folder.mkdir()
        links = f"{wheels} {os.environ.get('PIP_FIND_LINKS', '')}"
        environment = new_environment(newest_python(), home)
        return Terminal(folder, {**environment, "PIP_FIND_LINKS": links})

    return machine
