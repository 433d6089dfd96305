"""PostgreSQL stopped, slow, read-only, or with a locked table, below the served example."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from mcp_oauth_discovery.keys.cache import READ_AT_MOST_EVERY
from tests.databases.postgresql import PostgreSQL
from tests.databases.postgresql import serving as serving_postgresql
from tests.robustness.faults.requests import HEALTHY
from tests.robustness.faults.served import Answers, Output, Served, serving
from tests.robustness.faults.slow import Wire, wire_to

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(sys.platform != "linux", reason="Only Linux lists processes in /proc."),
]

SECONDS_PER_QUERY = 2


class Place(NamedTuple):
    """The site, its database, and the wire between them."""

    site: Served
    database: PostgreSQL
    wire: Wire


@contextmanager
def read_only(place: Place) -> Iterator[None]:
    """Let each new connection only read, as a standby or a full disk has administrators do."""
    with place.database.connect() as connection:
        connection.autocommit = True
        connection.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
        try:
            yield
        finally:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER DATABASE postgres RESET default_transaction_read_only")


class Fault(NamedTuple):
    """What is broken, what clients get that differs from `HEALTHY`, and what the operator reads."""

    breaks: str
    statuses: dict[str, int]
    events: set[str]
    # The words of `mcp_keys rotate`, if it fails.
    words: str
    # The words of `check --database default`.
    advice: str


FAULTS = [
    Fault(
        "stopped",
        {"token": 500, "code": 500},
        {"ERROR jwks.stale", "ERROR endpoint.failed", "ERROR token.failed"},
        "The key store cannot be used: ",
        "mcp_oauth_discovery.W049",
    ),
    Fault(
        "locked",
        {"code": 500},
        {"ERROR token.failed", "WARNING jwks.late"},
        "The key store cannot be used: canceling statement due to statement timeout.",
        "mcp_oauth_discovery.W049",
    ),
    Fault(
        "read-only",
        {"code": 500},
        {"ERROR token.failed"},
        "The key store cannot be used: cannot execute UPDATE in a read-only transaction.",
        "no issues",
    ),
    Fault("slow", {}, {"WARNING jwks.late"}, "", ""),
]


def begin(fault: Fault, place: Place) -> AbstractContextManager[None]:
    return {
        "stopped": lambda: place.database.stopped(),
        "locked": lambda: place.database.locked(),
        "read-only": lambda: read_only(place),
        "slow": lambda: place.wire.slow(SECONDS_PER_QUERY),
    }[fault.breaks]()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    # The path of a Unix socket must be short.
    with (
        serving_postgresql() as database,
        tempfile.TemporaryDirectory(prefix="mcp-") as name,
        wire_to(database, Path(name)) as wire,
        serving({"MCP_TEST_SOCKET": name}, tmp_path_factory.mktemp("postgresql")) as site,
    ):
        site.wait_for_health()
        yield Place(site, database, wire)


class Observed(NamedTuple):
    fault: Fault
    answers: Answers
    events: set[str]
    rotation: Output
    check: Output
    kids: tuple[set[str], set[str]]
    # What the codes got later for which there was no token during the fault.
    retried: list[int | None]


@pytest.fixture(scope="module", params=FAULTS, ids=lambda fault: fault.breaks)
def observed(request: pytest.FixtureRequest, place: Place) -> Observed:
    """Break it once, send everything, and let it recover."""
    site, fault = place.site, request.param
    before, log = site.kids(), len(site.log())
    nothing = Output(0, "")
    with begin(fault, place):
        time.sleep(READ_AT_MOST_EVERY.total_seconds() + 1)
        answers = site.ask_for_all()
        # Each takes as many queries as it takes; while they are slow, that shows nothing more.
        is_slow = fault.breaks == "slow"
        rotation = nothing if is_slow else site.manage("mcp_keys", "rotate")
        check = nothing if is_slow else site.manage("check", "--database", "default")
    site.wait_for_health()
    kids = (before, site.kids())
    return Observed(
        fault, answers, site.events(log), rotation, check, kids, site.exchange_refused()
    )


def test_client_gets_what_the_page_says(observed):
    statuses = {name: [answer.status for answer in got] for name, got in observed.answers.items()}
    expected = {**HEALTHY, **observed.fault.statuses}
    assert statuses == {name: [status] * 2 for name, status in expected.items()}


def test_every_answer_is_one_that_the_documentation_promises(observed):
    problems = {name: [a.problems() for a in got] for name, got in observed.answers.items()}
    assert problems == {name: [[], []] for name in HEALTHY}


def test_operator_reads_the_events(observed):
    assert observed.fault.events <= observed.events


def test_rotation_fails_with_one_line_or_succeeds(observed):
    assert observed.fault.words in observed.rotation.text
    assert "Traceback" not in observed.rotation.text
    assert (observed.rotation.status == 0) == (observed.fault.words == "")


def test_check_names_the_fault(observed):
    assert observed.fault.advice in observed.check.text
    assert "Traceback" not in observed.check.text


def test_no_key_is_lost(observed):
    before, after = observed.kids
    assert before == after


def test_no_code_is_lost(observed):
    refused = observed.fault.statuses.get("code", 200) != 200
    assert observed.retried == ([200, 200] if refused else [])


def test_new_worker_recovers_while_queries_are_slow(place):
    with place.wire.slow(SECONDS_PER_QUERY):
        place.site.renew_workers()
        answers = [place.site.ask("keys")]
        while answers[-1].status != 200 and len(answers) < 60:
            time.sleep(0.5)
            answers.append(place.site.ask("keys"))
        assert [answer.problems() for answer in answers] == [[]] * len(answers)
        assert answers[-1].status == 200
    place.site.wait_for_health()
