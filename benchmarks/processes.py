"""Runs the modules of `benchmarks/site/`, each in a process of its own on the servers' core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.results import Row
from benchmarks.servers import CHECKOUT, SERVER_CORE, pinned


class Plan(NamedTuple):
    """How much one run measures."""

    # A database with one key of each algorithm, and the documents.
    directory: Path
    servers: tuple[str, ...]
    rounds: int
    # How much processor time one sample of a server takes.
    seconds: float
    # How many requests are sent for the rows about memory.
    requests: int
    report: Callable[[str], None]


def environment(directory: Path, site: str) -> dict[str, str]:
    """Return the variables that make a process one of the sites."""
    return {
        "BENCHMARK_DIRECTORY": str(directory),
        "BENCHMARK_SITE": site,
        "DJANGO_SETTINGS_MODULE": "benchmarks.site.settings",
    }


@contextmanager
def prepared(keys: int) -> Iterator[Path]:
    """Make a directory with a database, `keys` keys of each algorithm, and the documents."""
    with tempfile.TemporaryDirectory() as name:
        run_module("prepare", Path(name), "all", keys)
        yield Path(name)


def measure_in(module: str, plan: Plan, site: str = "all") -> Iterator[Row]:
    """Yield the rows that a module of `benchmarks/site/` prints."""
    output = run_module(module, plan.directory, site, plan.rounds, plan.requests)
    for row in json.loads(output):
        yield Row(*row)


def run_module(module: str, directory: Path, site: str, *arguments: int) -> str:
    command = [sys.executable, "-m", f"benchmarks.site.{module}", *map(str, arguments)]
    return subprocess.run(
        pinned(SERVER_CORE, command),
        cwd=CHECKOUT,
        env={**os.environ, **environment(directory, site)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
