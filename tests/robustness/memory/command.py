"""Send a million different requests to gunicorn and to uvicorn, and watch their memory.

The example is served as it is shipped: with its server entry, one worker and SQLite.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.clients.deployments import (
    HOST,
    Deployment,
    Plan,
    free_port,
    migrate,
    start,
    stop,
)
from tests.robustness.memory.judging import growth, is_flat
from tests.robustness.memory.requests import ALLOWED, KINDS, Expected, requests
from tests.robustness.sign_ins import prepare
from tests.robustness.traffic import Client, drive

# Without an access log. Errors of the site are logged as usual.
SERVERS = {
    "gunicorn": ("--access-logfile", "/dev/null"),
    "uvicorn": ("--no-access-log", "--log-level", "warning"),
}
CONNECTIONS = 8
SAMPLES = 40
TOKENS = 500
# As long as any run.
TOKEN_SECONDS = 24 * 60 * 60

Report = Callable[[str], None]


class Outcome(NamedTuple):
    """The memory of a worker in MiB, at equal distances, and how many answers were wrong."""

    samples: list[float]
    wrong: list[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--requests", type=int, default=1_000_000, help="for each server")
    parser.add_argument("--server", choices=SERVERS, action="append", help="default: both")


def run(options: argparse.Namespace) -> int:
    failed = False
    for server in options.server or SERVERS:
        outcome = measure(server, options.requests, show)
        verdict = "flat" if is_flat(outcome.samples) else "GROWING"
        sys.stdout.write(f"{server}: {growth(outcome.samples):+.2f} MiB, {verdict}\n")
        sys.stdout.writelines(f"{server}: {line}\n" for line in outcome.wrong[:20])
        failed = failed or bool(outcome.wrong) or verdict != "flat"
    return int(failed)


def show(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def measure(server: str, number: int, report: Report, options: Sequence[str] = ()) -> Outcome:
    """Serve the example, send `number` requests to it, and return what was observed."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        given = {
            "DATABASE": str(migrate(directory)),
            "ALLOWED_HOSTS": f"{HOST},{ALLOWED}",
        }
        port = free_port()
        prepared = prepare(f"http://{HOST}:{port}", given, TOKENS, TOKEN_SECONDS)
        plan = Plan(server, "{origin}", "{origin}/mcp", (*SERVERS[server], *options))
        deployment = start(plan, directory, given, port)
        try:
            tokens = [access for access, _ in prepared["tokens"]]
            return observe(deployment, number, tokens, report)
        finally:
            stop([deployment])


def observe(deployment: Deployment, number: int, tokens: list[str], report: Report) -> Outcome:
    """Send the requests, and sample the memory of the worker `SAMPLES` times."""
    outcome = Outcome([], [])
    worker = worker_of(deployment.process.pid)
    share = max(number // SAMPLES, KINDS)
    for part in range(SAMPLES):
        begun = time.monotonic()
        numbers = iter(range(part * share, (part + 1) * share))
        series = requests(numbers, f"{HOST}:{deployment.port}", tokens)
        drive(deployment.port, [client(series, outcome.wrong) for _ in range(CONNECTIONS)])
        if worker_of(deployment.process.pid) != worker:
            raise SystemExit(f"The worker was replaced:\n{deployment.log.read_text()[-5000:]}")
        outcome.samples.append(memory(worker))
        rate = share / (time.monotonic() - begun)
        report(
            f"{(part + 1) * share:>9,} requests: {outcome.samples[-1]:6.2f} MiB, "
            f"{rate:,.0f} requests per second\n"
        )
    return outcome


def client(series: Iterator[Expected], wrong: list[str]) -> Client:
    """Send the next request of a series that all clients share, until there is none."""
    for octets, status in series:
        answer = yield octets
        if answer.status != status:
            wrong.append(f"expected {status}: {octets!r} {answer.head!r}")


def worker_of(pid: int) -> int:
    """Return the process that answers: the only child of gunicorn, or uvicorn itself."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else pid


def memory(pid: int) -> float:
    """Return the anonymous memory of a process in MiB: without the files that it maps."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    sizes = dict(line.split(":") for line in rollup.splitlines()[1:])
    return int(sizes["Anonymous"].split()[0]) / 1024
