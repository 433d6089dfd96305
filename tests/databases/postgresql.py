"""A PostgreSQL server for one test, which can be made to hang."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.clients.environments import unavailable
from tests.clients.programs import PATIENCE

POSTGRESQL_IS_MISSING = (
    "PostgreSQL's server is missing. Install it from the packages of your system (Debian, Ubuntu: "
    "apt install postgresql)."
)


class PostgreSQL:
    """A running server; `socket` is the directory of the socket, which no other user can enter."""

    def __init__(self, socket: Path, process: subprocess.Popen[bytes]) -> None:
        self.socket = socket
        self._process = process

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.socket), user="mcp", dbname="postgres")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop all its processes, as a machine that swaps or a disk that hangs does."""
        try:
            # First the one that starts the others.
            os.kill(self._process.pid, signal.SIGSTOP)
            self._signal_children(signal.SIGSTOP)
            yield
            assert self._running() == {}, "Something else has resumed the server: it did not hang."
        finally:
            self._signal_children(signal.SIGCONT)
            os.kill(self._process.pid, signal.SIGCONT)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the table of the keys, as a migration of another release does."""
        with self.connect() as connection:
            connection.execute("LOCK TABLE mcp_oauth_discovery_signingkey IN ACCESS EXCLUSIVE MODE")
            yield
            connection.rollback()

    def _signal_children(self, number: int) -> None:
        # Each is in a process group of its own.
        for child in self._children():
            os.kill(child, number)

    def _children(self) -> list[int]:
        pid = self._process.pid
        return [int(child) for child in _process(pid, f"task/{pid}/children").split()]

    def _running(self) -> dict[int, str]:
        """Return the states of its processes that can still answer, by process ID."""
        pids = [self._process.pid, *self._children()]
        states = {pid: _process(pid, "status").partition("\nState:\t")[2][:1] for pid in pids}
        # A process that ends while its parent is stopped stays as a zombie (Z).
        return {pid: state for pid, state in states.items() if state not in ("T", "Z")}


def _process(pid: int, file: str) -> str:
    return Path(f"/proc/{pid}/{file}").read_text()


Hang = Callable[[PostgreSQL], AbstractContextManager[None]]


@contextmanager
def serving() -> Iterator[PostgreSQL]:
    """Start a server with an empty database `postgres` and the superuser `mcp`, and end it."""
    programs = _programs()
    # Not below the directory of pytest, which is closed to the user that runs the server.
    with tempfile.TemporaryDirectory(prefix="mcp-") as name:
        directory = Path(name)
        # PostgreSQL refuses to run as root; Debian has made a user for it.
        owner: dict[str, Any] = {}
        if os.getuid() == 0:
            owner = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(directory, "postgres", "postgres")
        options = ["--username=mcp", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        initdb = [str(programs / "initdb"), "--pgdata=data", *options]
        subprocess.run(initdb, cwd=directory, check=True, capture_output=True, **owner)
        command = [str(programs / "postgres"), "-D", "data", "-c", "listen_addresses="]
        command += ["-c", f"unix_socket_directories={directory}", "-c", "fsync=off"]
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log, **owner)
        try:
            server = PostgreSQL(directory, process)
            _wait_for(server, process, directory / "log")
            yield server
        finally:
            # A fast shutdown: it ends the connections that are open.
            process.send_signal(signal.SIGINT)
            process.wait(timeout=PATIENCE)


def _programs() -> Path:
    """Return the directory of the server's programs, which Debian keeps off the path."""
    found = shutil.which("initdb")
    homes = Path("/usr/lib/postgresql").glob("*/bin")
    versions = sorted(homes, key=lambda home: int(home.parent.name)) if not found else []
    if not found and not versions:
        unavailable(POSTGRESQL_IS_MISSING)
    return Path(found).resolve().parent if found else versions[-1]


def _wait_for(server: PostgreSQL, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(10 * PATIENCE):
        try:
            server.connect().close()
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"PostgreSQL does not start:\n{log.read_text()}")
