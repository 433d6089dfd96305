"""Starts servers with one worker on one core, and reads how much processor time they have used."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.site.recorded import HOST

# The server gets the first core, and the load generator the last one.
SERVER_CORE, LOAD_CORE = 0, -1
CHECKOUT = Path(__file__).resolve().parents[1]

# The defaults of each program, without an access log.
COMMANDS = {
    "gunicorn": "gunicorn {application} --bind 127.0.0.1:{port} --workers 1 --log-level warning",
    "uvicorn": (
        "uvicorn {application} --host 127.0.0.1 --port {port} --workers 1 --lifespan off"
        " --http h11 --loop asyncio --no-access-log --log-level warning"
    ),
}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Server(NamedTuple):
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def fetch(self, path: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": HOST})
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())
        finally:
            connection.close()

    def processor_time(self) -> float:
        """Return the seconds that the server and its workers have spent on a processor."""
        return sum(_processor_time(process) for process in _family(self.process.pid))


@contextmanager
def running(command: list[str], port: int, variables: Mapping[str, str]) -> Iterator[Server]:
    """Run a server on its core until the end of the block."""
    directory = Path(variables["BENCHMARK_DIRECTORY"])
    log = directory / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            pinned(SERVER_CORE, command),
            cwd=CHECKOUT,
            # gunicorn writes its control socket into the home directory.
            env={**os.environ, **variables, "HOME": str(directory)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(port, process, log)
    try:
        _wait_for(server)
        yield server
    finally:
        _stop(process)


def pinned(core: int, command: list[str]) -> list[str]:
    """Return the command that runs a command on one of the cores, by its index."""
    number = sorted(os.sched_getaffinity(0))[core]
    return ["taskset", "--cpu-list", str(number), *command]


def python_server(name: str, application: str, port: int) -> list[str]:
    """Return the command of gunicorn or uvicorn with an application."""
    command = COMMANDS[name].format(application=application, port=port)
    return [sys.executable, "-m", *command.split()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name: str) -> str | None:
    """Return the path of a program; on Debian, /usr/sbin is on the path of root alone."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def _wait_for(server: Server) -> None:
    for _ in range(300):
        if server.process.poll() is not None:
            break
        try:
            server.fetch("/")
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{server.process.args} did not start:\n{server.log.read_text()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _family(pid: int) -> list[int]:
    """Return a process and its descendants, if main threads have started these."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(descendant for child in children for descendant in _family(int(child)))]


def _processor_time(pid: int) -> float:
    """Return the time of all threads of a process, with those that have ended."""
    # What clock_getcpuclockid() returns on Linux.
    return time.clock_gettime((~pid << 3) | 2)
