"""A worker of the served example is killed between the UPDATE and the INSERT of a rotation."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.programs import PATIENCE
from tests.databases.postgresql import serving as serving_postgresql
from tests.robustness.faults.requests import HEALTHY, send
from tests.robustness.faults.served import Served, serving

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(sys.platform != "linux", reason="Only Linux lists processes in /proc."),
]


@pytest.fixture(scope="module")
def sleeper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file in which the worker writes its process ID, in the middle of the rotation."""
    return tmp_path_factory.mktemp("killed") / "sleeper"


@pytest.fixture(scope="module")
def site(sleeper: Path) -> Iterator[Served]:
    with serving_postgresql() as database:
        given = {"MCP_TEST_SOCKET": str(database.socket), "MCP_TEST_SLEEPER": str(sleeper)}
        with serving(given, sleeper.parent) as site:
            yield site


def wait_for(sleeper: Path) -> int:
    for _ in range(10 * PATIENCE):
        if sleeper.exists() and sleeper.read_text().endswith("\n"):
            return int(sleeper.read_text())
        time.sleep(0.1)
    raise AssertionError("No worker has begun the rotation.")


def healthy(site: Served) -> None:
    answers = site.ask_for_all()
    assert {name: [a.status for a in got] for name, got in answers.items()} == {
        name: [status] * 2 for name, status in HEALTHY.items()
    }
    assert [problem for got in answers.values() for a in got for problem in a.problems()] == []


def test_other_workers_keep_serving_and_the_next_rotation_completes_it(site, sleeper):
    before = site.kids()
    thread = threading.Thread(target=send, args=(site.port, "GET", "/rotate"))
    thread.start()
    worker = wait_for(sleeper)
    # The rotation has locked the row of the active key, which signs and is published all the same.
    healthy(site)
    os.kill(worker, signal.SIGKILL)
    thread.join()
    site.wait_for_health()
    healthy(site)
    assert f"Worker (pid:{worker}) was sent SIGKILL" in site.log()
    assert site.kids() == before
    output = site.manage("mcp_keys", "rotate")
    assert (output.status, "Traceback" in output.text) == (0, False)
    while len(site.kids()) == len(before):
        time.sleep(0.5)
    assert site.kids() > before
    healthy(site)
    assert site.errors() == set()
