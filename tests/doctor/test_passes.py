"""A step says "ok" only for what it saw: each way to see less, and what the report says then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mcp_oauth_discovery.doctor.steps import STEPS
from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble
from mcp_oauth_discovery.doctor.walk.probes import FORGED_PREFIX, UNKNOWN_PATH, forged_host
from tests.doctor.faults_cards import publish
from tests.doctor.world import (
    ENDPOINT,
    JWKS,
    OPENID,
    ORIGIN,
    PRM,
    PRM_ROOT,
    SERVER,
    TOKEN,
    World,
    report_on,
)

OUTSIDE = "https://login.example.net"


def refusing_all(world: World) -> None:
    """As Django does for a host that is not in ALLOWED_HOSTS."""
    unknown = (f"{path}{UNKNOWN_PATH}" for path in (PRM_ROOT, SERVER, OPENID))
    for url in (ENDPOINT, PRM, PRM_ROOT, SERVER, OPENID, JWKS, *unknown):
        world.reply(url, status=400)


def outcome(world: World, step: str, **options) -> str:
    """Return what the report says about a step: ok, none, skipped, or "" if it has findings."""
    report = report_on(world, **options)
    codes = [finding.code for finding in report.findings]
    skipped = [skipped.step for skipped in report.skipped]
    said = {"ok": f"{step}-ok" in codes, "none": f"{step}-none" in codes}
    said["skipped"] = step in skipped
    return "".join(name for name, is_said in said.items() if is_said)


def test_requests_in_process_show_no_connection():
    assert outcome(World(), "reach", in_process=True) == "none"


def test_healthy_world_shows_all():
    world = World()
    publish(world)
    report = report_on(world)
    assert report.skipped == ()
    # It signs no metadata.
    expected = [f"{step.name}-{'none' if 'signed' in step.name else 'ok'}" for step in STEPS]
    assert [finding.code for finding in report.findings] == expected


def test_server_that_issues_opaque_tokens_has_no_keys():
    world = World()
    for name in ("jwks_uri", "id_token_signing_alg_values_supported"):
        del world.server[name]
    assert outcome(world, "jwks") == "none"


def test_keys_of_the_secrets_of_clients_are_none():
    world = World()
    world.keys = {"keys": []}
    world.server["id_token_signing_alg_values_supported"] = ["HS256"]
    assert outcome(world, "jwks") == "none"


def test_keys_of_a_server_that_is_not_seen_are_skipped():
    world = World()
    world.prm["authorization_servers"] = [OUTSIDE]
    assert outcome(world, "jwks", in_process=True) == "skipped"
    assert outcome(world, "jwks") == "skipped"


def test_keys_at_an_address_that_is_no_url_are_not_seen():
    world = World()
    world.server["jwks_uri"] = "keys"
    assert outcome(world, "jwks") == "skipped"


def test_keys_that_do_not_come_are_not_seen():
    world = World()
    world.reply("GET", JWKS, status=500)
    assert outcome(world, "jwks") == "skipped"


def test_keys_of_the_resource_are_keys():
    world = World()
    for name in ("jwks_uri", "id_token_signing_alg_values_supported"):
        del world.server[name]
    world.prm["jwks_uri"] = JWKS
    assert outcome(world, "jwks") == "ok"


def failing(*urls: str, trouble: Trouble = Trouble.BROKEN) -> Callable[[World], None]:
    def plant(world: World) -> None:
        for url in urls:
            world.fail(url, trouble)

    return plant


def answering(status: int, *keys: str) -> Callable[[World], None]:
    return lambda world: world.reply(*keys, status=status)


def document_that_is_too_large(world: World) -> None:
    world.json(SERVER, {**world.server, "padding": "x" * 300_000})


def challenge_of_a_firewall(world: World) -> None:
    world.reply(ENDPOINT, status=401, cf_mitigated="challenge")


def server_that_is_no_url(world: World) -> None:
    world.prm["authorization_servers"].append("login")


def documents_after_a_redirect(world: World) -> None:
    world.reply("GET", PRM, status=302, Location=f"{PRM}/now")
    world.json(f"{PRM}/now", world.prm)


def on_forged(header: str, reply: object) -> Callable[[World], None]:
    def plant(world: World) -> None:
        def answer(method, headers):
            return reply if header in headers else (200, world.document, world.prm, 0.0)

        world.replies["GET", PRM] = answer

    return plant


FAILED = (503, {}, b"", 0.0)
LIMITED = (429, {}, b"", 0.0)
LATE = Failure("GET", PRM, Trouble.TIMEOUT, "late")
CLOSED = Failure("GET", PRM, Trouble.BROKEN, "closed")

SEEN_LESS = {
    "reach": [failing(SERVER)],
    "documents": [failing(SERVER), document_that_is_too_large],
    "endpoint": [
        failing(ENDPOINT),
        challenge_of_a_firewall,
        answering(429, "GET", ENDPOINT),
        answering(302, "GET", ENDPOINT),
    ],
    "authorization-server": [server_that_is_no_url],
    "oauth-endpoints": [
        lambda world: world.replies.update({("OPTIONS", TOKEN): CLOSED}),
        answering(429, "OPTIONS", TOKEN),
    ],
    "signed-metadata": [failing(SERVER)],
    "cors": [
        documents_after_a_redirect,
        answering(429, "OPTIONS", ENDPOINT),
        answering(502, "OPTIONS", PRM),
    ],
    "caching": [answering(429, "HEAD", PRM)],
    "hosts": [
        on_forged("X-Forwarded-Host", FAILED),
        on_forged("X-Forwarded-Host", LATE),
        on_forged("Host", LIMITED),
        on_forged("Host", LATE),
    ],
    "suffixes": [
        refusing_all,
        answering(429, "GET", f"{PRM_ROOT}{UNKNOWN_PATH}"),
        failing(f"{PRM_ROOT}{UNKNOWN_PATH}"),
    ],
}
CASES = [(step, plant) for step, plants in SEEN_LESS.items() for plant in plants]


@pytest.mark.parametrize(
    ("step", "plant"), CASES, ids=lambda value: getattr(value, "__name__", value)
)
def test_step_that_saw_less_is_not_ok(step, plant):
    world = World()
    plant(world)
    assert outcome(world, step) in ("skipped", "")


@pytest.mark.parametrize(
    "reply", [FAILED, CLOSED, (421, {}, b"", 0.0)], ids=["503", "closed", "421"]
)
def test_proxy_may_refuse_an_unknown_host_in_any_way(reply):
    world = World()
    on_forged("Host", reply)(world)
    assert outcome(world, "hosts") == "ok"


@pytest.mark.parametrize("status", [401, 405, 400, 406])
def test_get_that_is_refused_is_ok(status):
    world = World()
    world.reply("GET", ENDPOINT, status=status, WWW_Authenticate=world.challenge, **OPEN)
    assert outcome(world, "endpoint") == "ok"


OPEN = {"Access_Control_Allow_Origin": "*", "Access_Control_Expose_Headers": "*"}


def test_refusal_before_the_document_is_no_document():
    world = World()
    world.reply("GET", SERVER, status=403)
    world.json(OPENID, {**world.server, "subject_types_supported": ["public"]})
    assert outcome(world, "documents") == "ok"


def test_each_forged_header_has_a_value_of_its_own():
    world = World()
    report_on(world)
    values = [
        (name, value.removeprefix("host="))
        for _, url, headers in world.requests
        for name, value in headers.items()
        if url == PRM and "forged" in value
    ]
    names = ["Host", "X-Forwarded-Host", "X-Forwarded-Server", "Forwarded"]
    expected = {name: forged_host(name) for name in names}
    assert dict(values) == {**expected, "X-Forwarded-Prefix": FORGED_PREFIX}
    assert len(set(expected.values())) == len(expected)


def test_slowness_explains_that_the_time_is_over():
    world = World()
    world.replies["GET", PRM] = (200, world.document, world.prm, 6.0)
    world.fail(SERVER, Trouble.CUT)
    [block, *_] = report_on(world).blocks
    assert block.first.code == "answer-slow"
    assert [one.first.code for one in block.explained] == ["reach-cut"]
    assert ORIGIN in block.first.subject
