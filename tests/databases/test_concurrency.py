"""16 processes change the key store at the same instant; the keys stay in one line.

On the database of MCP_TEST_DATABASE_URL, which is a file of SQLite unless it says otherwise.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections import Counter
from datetime import timedelta
from itertools import cycle, islice

import pytest
from django.db.models import F
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.keys.policy import timing
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation.schedule import standing
from tests.databases.crew import crew_of

pytestmark = pytest.mark.databases

PROCESSES = 16
# Each way to prepare the store comes three times, and the most usual one six times.
ROUNDS = 24
ALGORITHMS = ["EdDSA", "ES256"]
ALL_ALGORITHMS = [*ALGORITHMS, "RS256"]
DATES = ("created_at", "activates_at", "retires_at", "expires_at", "revoked_at")


@pytest.fixture(scope="module")
def crew(django_db_setup, tmp_path_factory):
    with crew_of(PROCESSES, tmp_path_factory.mktemp("store"), ALGORITHMS) as crew:
        yield crew
        assert crew.stderr() == ""


@pytest.fixture(autouse=True)
def store(crew, transactional_db, settings):
    settings.MCP_SIGNING_ALGORITHMS = ALGORITHMS
    with crew.store.in_use():
        yield crew.store


def pass_time(span):
    """Let time go by, by moving all dates into the past."""
    SigningKey.objects.update(**{name: F(name) - span for name in DATES})


def line(algorithm):
    """Return the keys that have their place in the succession, oldest first."""
    return list(SigningKey.objects.filter(algorithm=algorithm).order_by("generation"))


def check_line(algorithm):
    """Check that somebody signs now, that somebody always will, and that it is never two."""
    now = timezone.now()
    alive = [key for key in line(algorithm) if not key.revoked_at]
    current = standing(algorithm, now)
    assert current.active
    assert current.active.private_key
    assert [key.state(now) for key in alive].count(State.PENDING) <= 1
    assert [key.retires_at for key in alive].count(None) == 1
    if current.pending:
        assert current.active.retires_at == current.pending.activates_at
    moments = {key.activates_at for key in alive} | {key.retires_at for key in alive} - {None}
    for moment in moments:
        assert SigningKey.objects.active(moment).filter(algorithm=algorithm).count() <= 1


def check_rotation(answers, numbers):
    """Check how many keys each algorithm has, and that all processes have seen the last one."""
    assert [answer["error"] for answer in answers] == [""] * len(answers)
    assert {algorithm: len(line(algorithm)) for algorithm in numbers} == numbers
    last = {algorithm: line(algorithm)[-1].kid for algorithm in numbers}
    assert [answer["seen"] for answer in answers] == [last] * len(answers)


def no_key(keys):
    keys.delete()


def no_key_but_revoked_ones(keys):
    keys.update(revoked_at=timezone.now())


def due(keys):
    pass_time(timing().interval)


def test_rotate_if_due_makes_one_successor(crew):
    lost = {prepare: Counter() for prepare in (no_key, no_key_but_revoked_ones, due)}
    preparations = cycle([no_key, due, no_key_but_revoked_ones, due])
    for prepare in islice(preparations, ROUNDS):
        prepare(SigningKey.objects.all())
        numbers = {algorithm: len(line(algorithm)) + 1 for algorithm in ALL_ALGORITHMS}
        commands = [["rotate", "--if-due", "--json"]] * PROCESSES
        answers = crew.run(*commands, algorithms=ALL_ALGORITHMS)
        check_rotation(answers, numbers)
        made = [one["kid"] for answer in answers for one in json.loads(answer["output"])["created"]]
        assert set(made) == set(answers[0]["seen"].values())
        for algorithm in ALL_ALGORITHMS:
            check_line(algorithm)
        for answer in answers:
            lost[prepare].update(answer["lost"])
    # They did collide, and it was the database that told them.
    assert lost[no_key]["INSERT"] > 0
    assert lost[no_key_but_revoked_ones]["INSERT"] > 0
    assert lost[due]["UPDATE"] > 0
    assert lost[due]["INSERT"] == 0


def test_rotate_makes_one_successor(crew):
    crew.run(["rotate"])
    for number in range(2, 7):
        answers = crew.run(*[["rotate"]] * PROCESSES)
        check_rotation(answers, dict.fromkeys(ALGORITHMS, number))
        # Not due, but asked for: as soon as the last one has taken over.
        pass_time(timing().publish_ahead)


def test_new_interpreters_make_one_successor(store, settings):
    settings.MCP_SIGNING_ALGORITHMS = ALL_ALGORITHMS
    # The first key, and a successor.
    for number in (1, 2):
        outcomes = start_together(store, ["mcp_keys", "rotate", "--if-due"])
        assert [(status, errors) for status, _, errors in outcomes] == [(0, "")] * PROCESSES
        for algorithm in ALL_ALGORITHMS:
            assert len(line(algorithm)) == number
            published = f"{algorithm}: published {line(algorithm)[-1].kid}"
            assert any(published in output for _, output, _ in outcomes)
        pass_time(timing().interval)


def start_together(store, arguments):
    """Start a management command 16 times at an instant; return statuses, outputs and errors."""
    # Each shell waits for the end of the same pipe, and becomes the command then.
    barrier, gate = os.pipe()
    environment = {**store.environment, "MCP_TEST_ALGORITHMS": " ".join(ALL_ALGORITHMS)}
    processes = [
        subprocess.Popen(
            ["sh", "-c", 'read line; exec "$@"', "sh", *store.command(*arguments)],
            stdin=barrier,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **{**store.where, "env": environment},
        )
        for _ in range(PROCESSES)
    ]
    os.close(barrier)
    os.close(gate)
    outputs = [process.communicate() for process in processes]
    return [
        (process.returncode, *output) for process, output in zip(processes, outputs, strict=True)
    ]


@pytest.mark.parametrize("is_rotated", [True, False], ids=["pending successor", "none yet"])
def test_revoke_succeeds_once(crew, is_rotated):
    rotation.rotate("EdDSA")
    for _ in range(5):
        if is_rotated:
            rotation.rotate("EdDSA")
        before = len(line("EdDSA"))
        kid = standing("EdDSA", timezone.now()).active.kid
        answers = crew.run(*[["revoke", kid]] * 8)
        errors = [answer["error"] for answer in answers if answer["error"]]
        assert len(errors) == 7
        assert all(error.startswith(f"The key {kid} was revoked at ") for error in errors)
        assert len(line("EdDSA")) == before + (not is_rotated)
        assert len({answer["seen"]["EdDSA"] for answer in answers}) == 1
        check_line("EdDSA")


def test_active_and_pending_key_revoked_together_leave_a_successor(crew):
    rotation.rotate("EdDSA")
    for _ in range(10):
        rotation.rotate("EdDSA")
        current = standing("EdDSA", timezone.now())
        commands = [["revoke", current.active.kid], ["revoke", current.pending.kid]]
        answers = crew.run(*commands)
        assert [answer["error"] for answer in answers] == ["", ""]
        check_line("EdDSA")


def test_everything_at_once_keeps_one_line(crew):
    choice = random.Random(3)  # noqa: S311
    for algorithm in ALGORITHMS:
        rotation.rotate(algorithm)
    for _ in range(30):
        now = timezone.now()
        current = [key for name in ALGORITHMS for key in standing(name, now)[:2] if key]
        kids = [key.kid for key in current]
        commands = [["prune"], ["reencrypt"], ["rotate"], ["rotate", "--if-due"]]
        commands += [[verb, kid] for verb in ("revoke", "retire") for kid in kids]
        answers = crew.run(*choice.choices(commands, k=PROCESSES))
        errors = {answer["error"] for answer in answers} - {""}
        assert all(is_refusal(error, kids) for error in errors), "\n".join(errors)
        for algorithm in ALGORITHMS:
            check_line(algorithm)
        spans = (timedelta(0), timing().publish_ahead, timing().interval)
        pass_time(choice.choice(spans))


def is_refusal(error, kids):
    """Say whether an error is about a key of which something else was made at the same time."""
    return any(
        error.startswith(f"The key {kid} ")
        and ("was revoked at" in error or "only an active one can be retired" in error)
        for kid in kids
    )


def test_public_key_imported_by_all_is_taken_in_once(crew, tmp_path):
    file = tmp_path / "public.json"
    file.write_text(json.dumps(jwk.generate("EdDSA").as_dict(private=False)))
    answers = crew.run(*[["import", "--public-only", str(file)]] * PROCESSES)
    check_one_import(answers)
    assert SigningKey.objects.count() == 1


def test_key_imported_by_all_has_one_place(crew, tmp_path):
    rotation.rotate("EdDSA")
    file = tmp_path / "key.pem"
    file.write_text(jwk.to_pem(jwk.generate("EdDSA")))
    check_one_import(crew.run(*[["import", str(file)]] * PROCESSES))
    assert len(line("EdDSA")) == 2
    check_line("EdDSA")


def check_one_import(answers):
    refusals = ("was in the key store before", "is pending for EdDSA")
    errors = [answer["error"] for answer in answers if answer["error"]]
    assert len(errors) == PROCESSES - 1
    assert all(any(refusal in error for refusal in refusals) for error in errors), errors
