from __future__ import annotations

from pathlib import Path

import pytest

import mcp_oauth_discovery
from mcp_oauth_discovery.doctor.clients import EVERY, Client
from mcp_oauth_discovery.doctor.examination import Selection, examined, unknown
from mcp_oauth_discovery.doctor.findings import Severity, finding, passed
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEPS
from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble
from mcp_oauth_discovery.doctor.walk.probes import UNKNOWN_PATH
from mcp_oauth_discovery.doctor.walk.walker import Walker
from tests.doctor.faults_signed import sign
from tests.doctor.world import ENDPOINT, JWKS, ORIGIN, PRM, PRM_ROOT, TOKEN, World, diagnose

PACKAGE = Path(mcp_oauth_discovery.__file__).parent


def test_healthy_site_passes_every_step_but_those_that_it_does_without():
    codes = [one.code for one in diagnose(World())]
    ends = {"server-cards": "none", "signed-metadata": "none"}
    assert codes == [f"{step.name}-{ends.get(step.name, 'ok')}" for step in STEPS]


def test_step_in_which_nothing_was_seen_is_no_pass():
    world = World()
    world.prm["authorization_servers"] = ["http://login.example.com"]
    codes = {one.code for one in diagnose(world)}
    assert not codes & {"authorization-server-ok", "jwks-ok", "oauth-endpoints-ok"}


@pytest.mark.parametrize("step", STEPS, ids=[step.name for step in STEPS])
def test_every_step_has_entries_and_rules(step):
    assert step.entries
    assert step.rules


def test_codes_begin_alike_and_are_there_once():
    codes = [entry.code for step in STEPS for entry in step.entries]
    assert len(codes) == len(set(codes))
    assert not {f"{step.name}-{end}" for step in STEPS for end in ("ok", "none")} & set(codes)
    assert not {step.name for step in STEPS} & set(codes)


def test_each_code_is_defined_in_one_place_of_the_package():
    """Other places are those of its causes, which name it."""
    modules = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    places = {code: sum(module.count(f'code="{code}"') for module in modules) for code in ENTRIES}
    assert {code: number for code, number in places.items() if number != 1} == {}


def test_every_code_says_what_where_and_how():
    for entry in ENTRIES.values():
        assert all((entry.seen, entry.expected, entry.section, entry.fix)), entry.code
        assert entry.severity is not Severity.PASS, entry.code
        assert entry.clients == EVERY or set(entry.clients) < set(Client), entry.code


def select(world: World, **chosen) -> list[str]:
    selection = Selection(**{name: frozenset(codes) for name, codes in chosen.items()})
    walker = Walker(world, page_origin="https://page.example.net", probes=selection.probes())
    return [one.code for one in examined(walker.walk(ENDPOINT), selection).findings]


@pytest.fixture
def broken() -> World:
    world = World()
    world.challenge = 'Basic realm="a", Bearer error="invalid_token"'
    return world


def test_only_a_group(broken):
    found = ["challenge-not-first", "challenge-no-metadata", "challenge-error"]
    assert select(broken, only=["challenge"]) == found


def test_only_a_code(broken):
    assert select(broken, only=["challenge-error"]) == ["challenge-error"]


def test_single_codes_of_a_group_are_no_pass(broken):
    assert select(broken, only=["challenge-scope"]) == []
    assert "answers-ok" not in select(World(), skip=["answer-slow"])


@pytest.mark.parametrize(
    "chosen", [{"only": ["cors"]}, {"only": ["cache-long"]}, {"skip": ["reach", "reach-refused"]}]
)
def test_endpoint_that_nobody_answers_at_is_told_whatever_is_selected(chosen):
    world = World()
    world.fail(ENDPOINT, Trouble.REFUSED)
    assert select(world, **chosen) == ["reach-refused"]


def get_in_vain(world: World) -> None:
    world.replies["GET", ENDPOINT] = Failure("GET", ENDPOINT, Trouble.TIMEOUT, "late")


def keys_in_vain(world: World) -> None:
    world.reply("GET", JWKS, status=500)


def one_of_two_servers_in_vain(world: World) -> None:
    world.prm["authorization_servers"].append("https://login.example.net")


def preflight_in_vain(world: World) -> None:
    world.replies["OPTIONS", ENDPOINT] = Failure("OPTIONS", ENDPOINT, Trouble.TIMEOUT, "late")


def get_of_another_kind(world: World) -> None:
    """It says nothing about what pages get where the POST is answered with 401."""
    world.endpoint.clear()
    world.reply("GET", ENDPOINT, status=404)


def endpoint_in_vain(world: World) -> None:
    world.reply(ENDPOINT, status=404)


def address_of_the_challenge_in_vain(world: World) -> None:
    world.challenge = f'Bearer resource_metadata="{ORIGIN}/nowhere"'


def metadata_in_vain(world: World) -> None:
    world.challenge = "Bearer"
    world.reply("GET", PRM, status=500)
    world.json(PRM_ROOT, {**world.prm, "resource": ORIGIN})


def signed_by_an_unseen_key(world: World) -> None:
    sign(world, world.prm)
    world.server["jwks_uri"] = "https://keys.example.net/jwks.json"


def _by(world: World, is_it) -> None:
    def reply(method, headers):
        if is_it(method, headers):
            return Failure(method, PRM, Trouble.CUT, "over")
        return 200, world.document, world.prm, 0.0

    world.replies["GET", PRM] = world.replies["HEAD", PRM] = reply


def forgeries_in_vain(world: World) -> None:
    _by(world, lambda method, headers: "Host" in headers)


def heads_in_vain(world: World) -> None:
    _by(world, lambda method, headers: method == "HEAD")


def pages_in_vain(world: World) -> None:
    _by(world, lambda method, headers: "Origin" in headers)


def bursts_in_vain(world: World) -> None:
    seen = iter(range(100))
    _by(world, lambda method, headers: next(seen) > 16)


def suffixes_in_vain(world: World) -> None:
    world.fail(f"{PRM_ROOT}{UNKNOWN_PATH}", Trouble.CUT)


def token_endpoint_in_vain(world: World) -> None:
    world.fail(TOKEN, Trouble.TIMEOUT)


@pytest.mark.parametrize(
    ("plant", "names"),
    [
        (get_in_vain, {"endpoint", "answers", "reach"}),
        (keys_in_vain, {"jwks", "answers"}),
        (one_of_two_servers_in_vain, {"authorization-server", "jwks"}),
        (preflight_in_vain, {"cors"}),
        (get_of_another_kind, {"cors", "endpoint"}),
        (endpoint_in_vain, {"cors", "endpoint", "challenge"}),
        (address_of_the_challenge_in_vain, {"challenge", "protected-resource"}),
        (metadata_in_vain, {"protected-resource", "answers", "challenge"}),
        (signed_by_an_unseen_key, {"signed-metadata", "jwks"}),
        (forgeries_in_vain, {"hosts"}),
        (heads_in_vain, {"caching"}),
        (pages_in_vain, {"cors"}),
        (bursts_in_vain, {"load"}),
        (suffixes_in_vain, {"suffixes"}),
        (token_endpoint_in_vain, {"oauth-endpoints", "reach"}),
    ],
)
def test_step_that_has_not_seen_enough_is_no_pass(plant, names):
    world = World()
    plant(world)
    codes = {one.code for one in diagnose(world)}
    assert not codes & {f"{name}-ok" for name in names}
    assert codes & {"documents-ok"}


def test_skip_a_code_of_a_group(broken):
    chosen = {"only": ["challenge"], "skip": ["challenge-error", "challenge-not-first"]}
    assert select(broken, **chosen) == ["challenge-no-metadata"]


def test_skip_a_group(broken):
    groups = {ENTRIES[code].code for code in select(broken, skip=["challenge"]) if code in ENTRIES}
    assert groups == set()


def test_unknown_names_are_told():
    assert unknown(["challenge", "jwks-private", "jwks-ok", "nonsense"]) == ["jwks-ok", "nonsense"]


def test_same_fault_at_the_same_place_is_told_once():
    world = World()
    world.reply(ENDPOINT, status=301, Location=f"{ENDPOINT}/")
    found = [one for one in diagnose(world) if one.code == "redirect-slash"]
    assert len(found) == 1


def test_finding_takes_what_the_catalogue_says():
    one, entry = finding(ENTRIES["jwks-empty"], "https://a/keys"), ENTRIES["jwks-empty"]
    assert (one.seen, one.expected, one.section, one.clients, one.fix, one.severity) == (
        entry.seen,
        entry.expected,
        entry.section,
        entry.clients,
        entry.fix,
        entry.severity,
    )


def test_finding_takes_what_is_known_better():
    told = {"expected": "b", "clients": (Client.GO,), "fix": "c"}
    one = finding(ENTRIES["jwks-empty"], "https://a/keys", "a", **told)
    assert (one.seen, one.expected, one.clients, one.fix) == ("a", "b", (Client.GO,), "c")


def test_pass_has_the_code_of_its_group():
    one = passed(STEPS[0], ENDPOINT)
    assert (one.code, one.severity, one.seen) == ("reach-ok", Severity.PASS, STEPS[0].holds)
