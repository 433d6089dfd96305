"""Workers that serve before `migrate` has made the tables, and while it does."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest

from tests.databases.postgresql import serving as serving_postgresql
from tests.robustness.faults.requests import HEALTHY
from tests.robustness.faults.served import Answers, Served, serving

pytestmark = pytest.mark.clients

# The key store is empty after `migrate`: what signs or verifies fails until there is a key.
UNPREPARED = {**HEALTHY, "keys": 500, "token": 500, "forged": 500, "code": 500}
REMEDY = "Has 'manage.py migrate' been run?"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_postgresql() as database:
        given = {"MCP_TEST_SOCKET": str(database.socket)}
        with serving(given, tmp_path_factory.mktemp("migration")) as site:
            yield site


def problems(answers: Answers) -> list[str]:
    return [problem for got in answers.values() for a in got for problem in a.problems()]


def test_every_request_is_answered_while_the_app_is_migrated(site):
    """Migrate from the first migration to the last, back and forth, below the workers."""
    kids, rounds, is_over = site.kids(), [], threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            rounds.append(site.ask_for_all(rounds=1))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for target in ("0001", "0002", "0001", "0002"):
            output = site.manage("migrate", "mcp_oauth_discovery", target)
            assert output.status == 0, output.text
    finally:
        is_over.set()
        thread.join()
    assert [problems(answers) for answers in rounds] == [[]] * len(rounds)
    assert all(answers[name][0].status == HEALTHY[name] for answers in rounds for name in HEALTHY)
    assert site.kids() == kids
    assert site.errors() == set()


def test_worker_that_starts_before_migrate_recovers_without_a_restart(site):
    assert site.manage("migrate", "mcp_oauth_discovery", "zero").status == 0
    site.renew_workers()
    log = len(site.log())
    answers = site.ask_for_all()
    assert problems(answers) == []
    assert {name: got[0].status for name, got in answers.items()} == UNPREPARED
    assert {"ERROR document.failed", "ERROR endpoint.failed", "ERROR token.failed"} <= site.events(
        log
    )
    # Those of Django itself have no event.
    failures = re.findall(r"^ERROR [a-z]+\..*", site.log()[log:], re.MULTILINE)
    assert all(REMEDY in line for line in failures), failures
    assert REMEDY in site.manage("mcp_keys", "rotate").text
    assert site.manage("migrate", "mcp_oauth_discovery").status == 0
    assert site.manage("mcp_keys", "rotate").status == 0
    site.renew_token()
    site.wait_for_health()
    assert site.exchange_refused() == [200, 200]
