"""Fuzz the readers of this package, guided by coverage (atheris).

Each target runs in a process of its own, from its seeds. What breaks a property is printed, and
kept in a file.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import django

from tests.deprecations import LENIENT
from tests.markdown import CHECKOUT

PROCESS = "tests.robustness.fuzzing.process"
# In octets. Longer inputs find nothing that shorter ones do not.
LONGEST = 8192
# Seconds. An input that takes longer is a find.
SLOWEST = 60
_PROGRESS = re.compile(r"#(?P<runs>\d+)\s+\w+\s+cov: (?P<covered>\d+) ft: \d+ corp: (?P<kept>\d+)")
_RUNS = re.compile(r"Done (?P<runs>\d+) runs in \d+ second")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="without one: all of them")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (default: 1)")


def run(options: argparse.Namespace) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    # The targets import models, so Django comes first.
    targets = import_module("tests.robustness.fuzzing.targets").TARGETS
    names = options.targets or list(targets)
    if unknown := sorted(set(names) - set(targets)):
        sys.exit(f"Unknown: {', '.join(unknown)}. The targets are {', '.join(targets)}.")
    finds = Path(tempfile.mkdtemp(prefix="fuzz-finds-"))
    broken = [name for name in names if not _fuzz(name, targets[name].seeds, options, finds)]
    if broken:
        say(f"Broken: {', '.join(broken)}. The octets are in {finds}.")
        return 1
    finds.rmdir()
    say("No problems found")
    return 0


def _fuzz(name: str, seeds: tuple[bytes, ...], options: argparse.Namespace, finds: Path) -> bool:
    """Run a target, and return whether every property held."""
    with tempfile.TemporaryDirectory() as directory:
        corpus = Path(directory) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / str(number)).write_bytes(seed)
        database = f"sqlite:///{directory}/db.sqlite3"
        process = subprocess.run(
            [sys.executable, "-m", PROCESS, name, str(corpus), *_limits(options, finds / name)],
            cwd=CHECKOUT,
            env={**os.environ, **LENIENT, "MCP_TEST_DATABASE_URL": database},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    output = process.stdout.decode(errors="replace")
    say(f"{name}: {summary(output)}")
    if process.returncode:
        say(output[-4000:])
    return process.returncode == 0


def _limits(options: argparse.Namespace, prefix: Path) -> list[str]:
    """Return the options of libFuzzer."""
    return [
        f"-max_total_time={options.seconds}",
        f"-seed={options.seed}",
        f"-max_len={LONGEST}",
        f"-timeout={SLOWEST}",
        f"-artifact_prefix={prefix}-",
    ]


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def summary(output: str) -> str:
    """Return what the output of libFuzzer says about how much was tried."""
    progress = list(_PROGRESS.finditer(output))
    if not progress:
        return "no executions after the seeds"
    last = progress[-1]
    runs = (_RUNS.search(output) or last)["runs"]
    return f"{int(runs):,} executions, {last['covered']} edges, {last['kept']} inputs kept"
