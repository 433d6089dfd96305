"""Where the clients come from: environments of their own below `.clients/`, made once."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from tests.clients.deployments import CHECKOUT
from tests.deprecations import LENIENT

CLIENTS = CHECKOUT / ".clients"
TYPESCRIPT = Path(__file__).with_name("typescript")
INSPECTOR = Path(__file__).with_name("inspector")
CONFORMANCE = Path(__file__).with_name("conformance")
OLDEST_NODE = 22

NODE_IS_MISSING = (
    f"Node.js {OLDEST_NODE} or newer with npm is missing. Install it from https://nodejs.org or "
    "from the packages of your system."
)
CHROMIUM_IS_MISSING = (
    "Chromium is missing. Install it from the packages of your system (Debian: apt install "
    "chromium), or let Playwright do it: python -m playwright install --with-deps chromium."
)


def unavailable(reason: str) -> NoReturn:
    """Skip the test for want of a client; fail it where all clients have to be there, as in CI."""
    if os.environ.get("MCP_REQUIRE_CLIENTS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def python_with(name: str, *requirements: str) -> Path:
    """Return the interpreter of a virtual environment in which `requirements` are installed."""
    home = CLIENTS / name
    interpreter = home / "bin" / "python"

    def build() -> None:
        _run([sys.executable, "-m", "venv", str(home)], home)
        _run([str(interpreter), "-m", "pip", "install", "--no-compile", *requirements], home)

    make_once(home, "\n".join(requirements), build)
    return interpreter


def node_with_sdks() -> tuple[str, Path]:
    """Return Node.js and our script, beside which both TypeScript SDKs are installed."""
    return node_with(TYPESCRIPT, "discover.mjs")


def program_of_npm(name: str) -> list[str]:
    """Return the command that runs a program which is installed beside the SDKs."""
    node, script = node_with_sdks()
    return [node, str(script.parent / "node_modules" / ".bin" / name)]


def bundle_of_page() -> Path:
    """Return our client for a page, in one file with the SDK in it."""
    _, script = node_with(TYPESCRIPT, "page.mjs")
    bundle = script.with_name("bundle.js")
    options = ["--bundle", "--log-level=warning", "--format=iife", "--global-name=page"]
    esbuild = script.parent / "node_modules" / ".bin" / "esbuild"
    _run([str(esbuild), str(script), *options, f"--outfile={bundle}"], script.parent)
    return bundle


def mcp_inspector() -> list[str]:
    """Return the command that runs MCP Inspector, on the Node.js that is installed with it."""
    _, home = _installed_by_npm(INSPECTOR)
    programs = home / "node_modules" / ".bin"
    return [str(programs / "node"), str(programs / "mcp-inspector")]


def conformance_suite(*, with_token: bool = False) -> list[str]:
    """Return the command of the official conformance suite, which sends MCP_TOKEN if asked to."""
    node, bearer = node_with(CONFORMANCE, "bearer.mjs")
    program = str(bearer.parent / "node_modules" / ".bin" / "conformance")
    return [node, "--import", str(bearer), program] if with_token else [node, program]


def node_with(source: Path, script: str) -> tuple[str, Path]:
    """Return Node.js and a script of `source`, beside which its `package.json` is installed."""
    node, home = _installed_by_npm(source)
    # Another test run may be reading the one that is there.
    draft = shutil.copy(source / script, home / f"{os.getpid()}-{script}")
    return node, draft.replace(home / script)


def _installed_by_npm(source: Path) -> tuple[str, Path]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or node_version(node) < OLDEST_NODE:
        unavailable(NODE_IS_MISSING)
    home = CLIENTS / source.name
    requirements = source / "package.json"

    def build() -> None:
        shutil.copy(requirements, home)
        _run([npm, "install", "--no-package-lock", "--no-audit", "--no-fund"], home)

    make_once(home, requirements.read_text(), build)
    return node, home


def node_version(node: str) -> int:
    """Return the major version of a Node.js."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return int(answer.stdout.removeprefix("v").partition(".")[0])


def chromium(own: str) -> str:
    """Return the Chromium (or Chrome) of this system, else `own`, which is Playwright's."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return own if Path(own).exists() else unavailable(CHROMIUM_IS_MISSING)


def make_once(home: Path, recipe: str, build: Callable[[], None]) -> None:
    """Fill `home` unless that has been done by the same recipe.

    The recipe is written down last, so that a half-made directory is made anew.
    """
    made_by = home / "made-by"
    with _alone(home):
        if made_by.exists() and made_by.read_text() == recipe:
            return
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        build()
        made_by.write_text(recipe)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Wait until no other process of this checkout is making this environment."""
    CLIENTS.mkdir(exist_ok=True)
    # One lock for each: tests whose client is installed do not wait for another's.
    with (CLIENTS / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], directory: Path) -> None:
    environment = {**os.environ, **LENIENT}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        unavailable(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
