"""A process that is killed at any statement of a change leaves the keys as before, or changed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import cycle

import pytest
from django.utils import timezone as clock

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.rotation.schedule import due_at, standing
from mcp_oauth_discovery.signing import sign_jwt, verify_jwt
from tests import ORIGIN
from tests.databases.crew import crew_of
from tests.simulation import AUDIENCE, CRON, EDDSA, World

pytestmark = [
    pytest.mark.databases,
    # What joserfc says of the name EdDSA.
    pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning"),
]

INTERVAL = timedelta(days=15)
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
LONG_AGO = NOW - timedelta(days=100)
NOT_LONG_AGO = NOW - INTERVAL / 2
LATELY = NOW - timedelta(hours=1)


@pytest.fixture(scope="module")
def crew(django_db_setup, tmp_path_factory):
    with crew_of(1, tmp_path_factory.mktemp("store"), [EDDSA], INTERVAL) as crew:
        yield crew
        assert crew.stderr() == ""


@pytest.fixture(autouse=True)
def store(crew, transactional_db, settings):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = [EDDSA]
    settings.MCP_KEY_ROTATION_INTERVAL = INTERVAL
    with crew.store.in_use():
        yield


def nothing():
    return {}


def active_alone():
    rotation.rotate(EDDSA, now=LONG_AGO)


def active_and_pending():
    rotation.rotate(EDDSA, now=NOT_LONG_AGO)
    rotation.rotate(EDDSA, now=LATELY)


def place(number):
    """Return the argument that names the key of a generation."""
    return {"key": SigningKey.objects.get(generation=number).kid}


def rotate_arguments():
    return {"algorithm": EDDSA, "if_due": True}


CHANGES = {
    "first rotation": (nothing, "rotate", rotate_arguments),
    "rotation": (active_alone, "rotate", rotate_arguments),
    "revoke active": (active_alone, "revoke", lambda: place(1)),
    "revoke active before pending": (active_and_pending, "revoke", lambda: place(1)),
    "revoke pending": (active_and_pending, "revoke", lambda: place(2)),
    "retire": (active_alone, "retire", lambda: place(1)),
    "retire before pending": (active_and_pending, "retire", lambda: place(1)),
}


def picture():
    """Return all that is stored, but for what is different in each new key."""
    return [
        (
            key.algorithm,
            key.generation,
            key.created_at,
            key.activates_at,
            key.retires_at,
            key.expires_at,
            key.revoked_at,
            bool(key.private_key),
        )
        for key in SigningKey.objects.order_by("generation")
    ]


def put_back(keys):
    SigningKey.objects.all().delete()
    SigningKey.objects.bulk_create(keys)


def check_signature():
    """Check that the active key signs, and that what it signs is believed."""
    claims = {"aud": AUDIENCE, "exp": (NOW + timedelta(hours=1)).timestamp()}
    assert verify_jwt(sign_jwt(claims, now=NOW), audience=AUDIENCE, now=NOW)["iss"] == ORIGIN


@pytest.mark.parametrize("is_executed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("change", CHANGES)
def test_killed_change_is_done_or_not(crew, change, is_executed):
    prepare, call, arguments = CHANGES[change]
    prepare()
    keys, before = list(SigningKey.objects.all()), picture()
    arguments = arguments()
    getattr(rotation, call)(**arguments, now=NOW)
    after = picture()

    put_back(keys)
    statements = crew.rehearse(call, NOW, **arguments)
    assert picture() == after
    # It looks, begins, makes a change or two and commits; then it may look once again.
    assert statements.count("COMMIT") == 1
    for number in range(1, len(statements) + 1):
        put_back(keys)
        assert crew.risk((number, is_executed), call, NOW, **arguments)
        done = statements[: number if is_executed else number - 1]
        assert picture() == (after if "COMMIT" in done else before)
        if SigningKey.objects.exists():
            check_signature()
        # Nobody has to clean up first: whoever comes next completes it.
        if picture() != after:
            getattr(rotation, call)(**arguments, now=NOW)
        rotation.rotate(EDDSA, now=NOW, if_due=True)
        assert picture() == after
        check_signature()


def test_cron_after_a_crash_completes_the_rotation(crew):
    active_alone()
    assert crew.risk((3, True), "rotate", NOW, algorithm=EDDSA, if_due=True)
    assert standing(EDDSA, NOW).pending is None
    crew.store.run("mcp_keys", "rotate", "--if-due")
    assert standing(EDDSA, clock.now()).active


class Unlucky(World):
    """A world in which each rotation is killed once, at one step after the other."""

    def __init__(self, monkeypatch, crew, steps, **kwargs):
        super().__init__(monkeypatch, **kwargs)
        self.crew, self.steps, self.killed = crew, cycle(steps), {}
        self.last = steps[-1]

    def rotate(self, host):
        key = standing(EDDSA, host.now).active
        if key.retires_at is None and due_at(key) <= host.now and key.kid not in self.killed:
            self.killed[key.kid] = step = next(self.steps)
            before = picture()
            assert self.crew.risk(step, "rotate", host.now, algorithm=EDDSA, if_due=True)
            assert (picture() == before) == (step != self.last)
            # The next host whose cron runs completes it, unless it was complete.
            return standing(EDDSA, host.now).pending or key
        return super().rotate(host)


@pytest.mark.simulations
@pytest.mark.usefixtures("unmeasured")
def test_year_of_crashes_at_every_step_of_a_rotation(monkeypatch, crew):
    active_alone()
    statements = crew.rehearse("rotate", NOW, **rotate_arguments())
    assert {"UPDATE", "INSERT"} < set(statements)
    assert statements[-1] == "COMMIT"
    SigningKey.objects.all().delete()
    numbers = range(1, len(statements) + 1)
    steps = [(number, is_executed) for number in numbers for is_executed in (False, True)]

    world = Unlucky(monkeypatch, crew, steps, seed=9, density=12).run()
    assert world.failures == []
    assert world.overdue == []
    assert set(world.killed.values()) == set(steps)
    terms = world.terms()
    assert len(terms) == len(world.known) - 1
    # The year may end before somebody completes the last one.
    assert len(world.killed) - len(terms) in (0, 1)
    assert all(INTERVAL <= term <= INTERVAL + CRON for term in terms)
    assert 2_000 < 5 * world.signed < world.verified <= 12 * world.signed
