"""Malformed challenges: how clients read them, which clients stop, and what to do."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.findings import Finding, finding, for_django
from mcp_oauth_discovery.doctor.steps import ENTRIES
from mcp_oauth_discovery.doctor.walk.acceptance import header_refusals
from tests.doctor.world import ENDPOINT, PRM, PRM_ROOT, World, diagnose, report_on

NAMED = f'resource_metadata="{PRM}"'
TYPESCRIPT = (Client.TYPESCRIPT, Client.INSPECTOR)


def challenged(challenge: str) -> World:
    world = World()
    world.challenge = challenge
    return world


def found(world: World, code: str = "challenge-malformed") -> Finding:
    [one] = [one for one in diagnose(world) if one.code == code]
    return one


@pytest.mark.parametrize(
    ("challenge", "clients", "fix"),
    [
        (f"Bearer resource_metadata={PRM}", (), "special characters in quotes"),
        (f'Bearer realm="a" {NAMED}', (Client.GO,), "with commas"),
        (f'Bearer realm="a"; {NAMED}', (Client.GO,), "with commas"),
        (f'Bearer {NAMED}, realm="a', (Client.GO,), "Close the quotes"),
        (f"Bearer {NAMED}, scope=", (Client.GO,), "with commas"),
        (f"Bearer {NAMED}, scope=,", (Client.GO,), "with commas"),
        (f"Bearer {NAMED}, {NAMED}", (), "Send each parameter of the challenge once"),
        (
            f'Bearer {NAMED}, scope="mcp", scope="mcp"',
            (),
            "Send each parameter of the challenge once",
        ),
        (f'Bearer realm="a", realm="b", {NAMED}', (), "Send each parameter of the challenge once"),
    ],
)
def test_clients_and_advice_fit_what_is_wrong(challenge, clients, fix):
    one = found(challenged(challenge))
    assert (one.clients, fix in one.fix) == (clients, True), one


def test_first_of_two_urls_is_followed():
    world = challenged(f'Bearer resource_metadata="{PRM_ROOT}", {NAMED}')
    one = found(world)
    assert (
        "appears twice; Python SDK, TypeScript SDK, Rust SDK, Inspector take the first" in one.seen
    )
    assert one.clients == TYPESCRIPT
    assert found(world, "prm-challenge-not-found").subject == PRM_ROOT


def test_last_of_two_urls_stops_the_client_that_takes_it_alone():
    one = found(challenged(f'Bearer {NAMED}, resource_metadata="{PRM_ROOT}"'))
    assert one.clients == (Client.VS_CODE,)


def test_two_urls_that_both_lead_to_the_document_stop_no_client():
    world = challenged(f'Bearer resource_metadata="{PRM_ROOT}", {NAMED}')
    world.json(PRM_ROOT, world.prm)
    assert found(world).clients == ()


def test_value_that_differs_and_no_client_reads_is_only_named():
    result = found(challenged(f'Bearer {NAMED}, realm="a", realm="b"'))
    assert result.seen.endswith("appears twice.")


def test_malformed_challenge_is_read_as_far_as_it_can_be():
    named = "https://app.example.com/metadata"
    world = challenged(f'Bearer realm="a" resource_metadata="{named}" scope="a,b"')
    world.json(named, world.prm)
    codes = {one.code for one in diagnose(world)}
    assert named in {url for _, url, _ in world.requests}
    assert {"challenge-malformed", "challenge-scope"} <= codes


@pytest.mark.parametrize("challenge", ['Basic realm="a', "Bearer =", '"Bearer"'])
def test_no_challenge_is_read_where_clients_find_none(challenge):
    world = challenged(challenge)
    assert found(world)
    assert not any("challenge-no-metadata" in one.code for one in diagnose(world))


def test_header_that_is_too_long_stops_what_runs_in_node():
    one = found(challenged(f'Bearer realm="{"a" * 17_000}", {NAMED}'))
    assert (one.clients, one.fix) == ((Client.TYPESCRIPT,), "Shorten the WWW-Authenticate header.")


def test_advice_about_a_repetition_is_the_same_for_django():
    one = found(challenged(f"Bearer {NAMED}, {NAMED}"))
    assert for_django(one).fix == one.fix


def test_advice_about_quotes_names_no_django_beside_it():
    one = finding(ENTRIES["challenge-malformed"], ENDPOINT)
    assert one.fix == "In WWW-Authenticate, put URLs and values with special characters in quotes."


@pytest.mark.parametrize(
    ("header", "is_read"),
    [
        ("Bearer", True),
        ("Bearer a=b, c=d", True),
        ('Bearer a="b, c=d", e="\\"", Basic realm="x"', True),
        ("Bearer a=b, Basic", True),
        ("Bearer a=https://h/p?q#f", True),
        ("Bearer a", False),
        ('Bearer a="b" c="d"', False),
        ('Bearer a="b', False),
        ('Bearer a="b\\', False),
        ("Bearer a=, b=c", False),
        ("Bearer =a", False),
    ],
)
def test_what_the_go_sdk_reads(header, is_read):
    assert header_refusals([header]) == ([] if is_read else [Client.GO])


@pytest.mark.parametrize(
    ("code", "challenge", "clients"),
    [
        ("challenge-missing", None, (Client.CLAUDE, Client.CHATGPT)),
        ("challenge-not-bearer", 'Basic realm="a"', (Client.CLAUDE, Client.CHATGPT)),
        ("challenge-no-metadata", 'Bearer realm="a"', (Client.CLAUDE,)),
        (
            "challenge-dpop-alone",
            f'dpop algs="ES256", {NAMED}',
            tuple(client for client in Client if client not in TYPESCRIPT),
        ),
    ],
)
def test_who_needs_the_challenge(code, challenge, clients):
    assert found(challenged(challenge), code).clients == clients


@pytest.mark.parametrize(
    "challenge", [f"Bearer {NAMED}", f'Bearer error="a", {NAMED}, scope="mcp"']
)
def test_note_about_a_challenge_that_leads_to_the_document_skips_no_step(challenge):
    report = report_on(challenged(challenge))
    assert report.skipped == ()
    assert {verdict.outcome for verdict in report.verdicts} == {"nothing found"}


def test_scope_of_a_proof_of_possession_is_read():
    world = challenged(f'DPoP algs="ES256", {NAMED}, scope="mcp offline_access"')
    assert found(world, "challenge-offline-access").seen == "scope is mcp offline_access."


def test_scopes_of_a_malformed_scope_are_not_judged():
    world = challenged(f'Bearer {NAMED}, scope="offline_access,admin"')
    codes = {one.code for one in diagnose(world) if one.code.startswith("challenge-")}
    assert codes == {"challenge-scope"}


def test_scope_that_is_missing_everywhere_is_explained_by_the_challenge():
    world = challenged(f'Bearer {NAMED}, scope="mcp admin"')
    world.prm["scopes_supported"] = ["mcp", "admin"]
    assert "prm-scopes-not-offered" in found(world, "challenge-scope-not-offered").explains


def test_challenge_that_only_the_get_lacks_stops_no_client():
    world = World()
    headers = {name.replace("-", "_"): value for name, value in world.endpoint.items()}
    world.reply("GET", ENDPOINT, status=401, **headers)
    assert found(world, "challenge-missing").clients == ()
