"""SQLite locked by another process, or on a full disk, below the served example."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mcp_oauth_discovery.keys.cache import READ_AT_MOST_EVERY
from tests.clients.environments import unavailable
from tests.robustness.faults.requests import HEALTHY
from tests.robustness.faults.served import Served, serving

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(sys.platform != "linux", reason="Only Linux has a disk of a fixed size."),
]

NOT_MOUNTED = "A small file system is missing. Run this test as root, who can mount one."
# Enough for the tables, and little enough to be filled in a moment.
SIZE = "8m"
LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def small_disk(directory: Path) -> Iterator[Path]:
    """Mount a file system of a few megabytes in memory."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(directory)]
    if os.getuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        unavailable(NOT_MOUNTED)
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with small_disk(tmp_path_factory.mktemp("disk")) as disk:
        yield disk


@pytest.fixture(scope="module")
def site(disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    # The log of the server is on another disk.
    given = {"DATABASE": str(disk / "db.sqlite3")}
    with serving(given, tmp_path_factory.mktemp("sqlite")) as site:
        site.wait_for_health()
        yield site


@contextmanager
def locked(site: Served) -> Iterator[None]:
    """Have another process hold the lock that keeps readers out too."""
    command = [sys.executable, "-c", LOCK, site.given["DATABASE"]]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout.readline() == "locked\n"
        yield
        process.stdin.close()


@contextmanager
def full(site: Served) -> Iterator[None]:
    """Fill the disk of the database to its last octet."""
    filler = Path(site.given["DATABASE"]).with_name("filler")
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue
    try:
        yield
    finally:
        filler.unlink()


FAULTS = {
    "locked": (
        locked,
        {"token": 500, "code": 500},
        {"ERROR jwks.stale", "ERROR endpoint.failed", "ERROR token.failed"},
        "The key store cannot be used: database is locked.",
    ),
    "full": (
        full,
        {"code": 500},
        {"ERROR token.failed"},
        "The key store cannot be used: database or disk is full.",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_site_on_sqlite(site, name):
    fault, statuses, events, words = FAULTS[name]
    kids, log = site.kids(), len(site.log())
    with fault(site):
        time.sleep(READ_AT_MOST_EVERY.total_seconds() + 1)
        answers = site.ask_for_all()
        output = site.manage("mcp_keys", "rotate")
    # What a client gets.
    assert [problem for got in answers.values() for a in got for problem in a.problems()] == []
    assert {key: [a.status for a in got] for key, got in answers.items()} == {
        key: [status] * 2 for key, status in {**HEALTHY, **statuses}.items()
    }
    # What the operator reads.
    assert events <= site.events(log)
    assert words in output.text
    assert (output.status, "Traceback" in output.text) == (1, False)
    # What is lost.
    site.wait_for_health()
    assert site.kids() == kids
    assert site.exchange_refused() == [200, 200]
    with closing(sqlite3.connect(site.given["DATABASE"])) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
