"""Read documents and call a tool for a minute, while keys rotate and are revoked.

The example runs under gunicorn with two workers, on a private PostgreSQL server.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from mcp_oauth_discovery.keys.cache import READ_AT_MOST_EVERY
from tests.clients.deployments import CHECKOUT, HOST, Plan, free_port, start, stop
from tests.databases.postgresql import PostgreSQL, serving
from tests.robustness.load import history
from tests.robustness.load.operator import WORKERS, Operator
from tests.robustness.load.record import Record, effects, late_uses, mixed_sets, used_again
from tests.robustness.load.sessions import TOKEN_SECONDS, SignIn, reader, session
from tests.robustness.sign_ins import prepare
from tests.robustness.traffic import Client, drive

READERS = 4
SESSIONS = 8
STUBBORN = 2


class Outcome(NamedTuple):
    record: Record
    rotations: int
    states: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=60)


def run(options: argparse.Namespace) -> int:
    outcome = hold(options.seconds)
    record = outcome.record
    # Here the clock decides: 5 seconds are what the documentation promises.
    record.violations += late_uses(record, READ_AT_MOST_EVERY.total_seconds())
    record.violations += used_again(record)
    sys.stdout.writelines(f"{line}\n" for line in summary(outcome))
    return int(bool(record.violations))


def hold(seconds: float) -> Outcome:
    """Serve the example and load it; return what was observed.

    The run ends after `seconds`, but not before each worker has used each new key and refused each
    revoked one. With 0 seconds, one key is rotated and one is revoked.
    """
    with serving() as database, tempfile.TemporaryDirectory() as name:
        port = free_port()
        origin = f"http://{HOST}:{port}"
        given = {
            "DJANGO_SETTINGS_MODULE": "tests.robustness.load.settings",
            "MCP_TEST_SOCKET": str(database.socket),
            "ACCESS_TOKEN_SECONDS": str(TOKEN_SECONDS),
            "MCP_ISSUER": origin,
            "MCP_RESOURCE": f"{origin}/mcp",
            # PostgreSQL is in the settings.
            "DATABASE": "",
        }
        prepared = prepare(origin, given, SESSIONS, TOKEN_SECONDS)
        with database.connect() as connection:
            history.begin(connection)
        options = ("--workers", str(WORKERS), "--access-logfile", "/dev/null")
        options += ("--config", str(CHECKOUT / "tests/robustness/load/gunicorn_conf.py"))
        plan = Plan("gunicorn", "{origin}", "{origin}/mcp", options)
        deployment = start(plan, Path(name), given, port)
        try:
            refresh_tokens = [refresh for _, refresh in prepared["tokens"]]
            users = [SignIn(origin, prepared["client_id"], token) for token in refresh_tokens]
            return observe(database, given, users, seconds, port)
        finally:
            stop([deployment])


def observe(
    database: PostgreSQL, given: dict[str, str], users: list[SignIn], seconds: float, port: int
) -> Outcome:
    """Load a site while the operator works, and check what was observed."""
    record = Record()
    operator = Operator(database, given, record)
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(operator.work, seconds)
        try:
            drive(port, clients(record, users))
        finally:
            record.is_over = True
            work.result()
    with database.connect() as connection:
        states = history.read(connection)
    record.violations += mixed_sets(record, states)
    workers = {call.worker for call in record.calls} | {each.worker for each in record.sets}
    if len(workers) != WORKERS:
        record.violations.append(f"Not {WORKERS} workers have answered, but {sorted(workers)}.")
    return Outcome(record, operator.rotations, len(states))


def clients(record: Record, users: list[SignIn]) -> Iterator[Client]:
    for _ in range(READERS):
        yield reader(record, users[0].origin)
    for number, user in enumerate(users):
        yield session(record, user, is_stubborn=number < STUBBORN)


def summary(outcome: Outcome) -> Iterator[str]:
    """Yield the lines of the report. Latencies are information: nothing depends on them."""
    record = outcome.record
    seconds = max(call.received_at for call in record.calls) - record.calls[0].sent_at
    yield f"{seconds:.0f} seconds"
    for name, durations in sorted(record.seconds.items()):
        median, late = (1000 * quantiles(durations, n=100)[point] for point in (49, 98))
        yield (
            f"{name}: {len(durations)} answers, {len(durations) / seconds:.0f} per second; "
            f"median {median:.0f} ms, 99 of 100 within {late:.0f} ms"
        )
    yield f"Statuses: {dict(sorted(record.answers.items()))}"
    yield (
        f"{outcome.rotations} rotations, {len(record.revocations)} revocations, "
        f"{outcome.states} states of the keys; JWK Sets: {len(record.sets)}, "
        f"ETags: {record.etags()}"
    )
    for kid, workers in effects(record).items():
        for worker, after in workers.items():
            # Below zero if that was before the command returned.
            yield f"Worker {worker}, {kid}: accepted until {after:+.2f} s after the revocation"
    yield f"Violations: {len(record.violations)}"
    yield from record.violations[:20]
