"""Which other URLs are contacted for a mistyped one, and which of them are named."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.examination import Selection
from mcp_oauth_discovery.doctor.steps.endpoint import STEP
from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble
from mcp_oauth_discovery.doctor.walk.alternatives import MOST_CONTACTED
from mcp_oauth_discovery.standards.server_cards import CARD_TYPE, CATALOG, CATALOG_TYPE
from tests.doctor.faults_did_you_mean import LOCAL, TYPO, protected
from tests.doctor.world import ENDPOINT, HTML, ORIGIN, PRM_ROOT, World, diagnose

LOCALHOST = "http://localhost:8000"


def named(world: World, url: str = TYPO, **options) -> list[str]:
    """Return the advice about other URLs."""
    codes = ("endpoint-elsewhere", "endpoint-other")
    return [result.fix for result in diagnose(world, url, **options) if result.code in codes]


def posted(world: World) -> list[str]:
    return [url for method, url, _ in world.requests if method == "POST"]


def test_url_that_the_site_names_is_never_replaced():
    world = World()
    world.reply(ENDPOINT, status=307, Location=f"{ENDPOINT}/")
    protected(world, f"{ENDPOINT}/")
    assert named(world, ENDPOINT) == []
    assert posted(world) == [ENDPOINT]


def test_url_in_another_spelling_is_the_same_url():
    assert named(World(), "https://APP.example.com:443/mcp") == []


def test_project_in_process_is_asked_for_its_views_alone():
    world = World()
    world.reply(ENDPOINT, status=404)
    world.json(PRM_ROOT, {**world.prm, "resource": f"{ORIGIN}/other"})
    world.endpoints = frozenset({f"{ORIGIN}/view", "https://api.example.com/mcp"})
    assert named(world, in_process=True) == []
    assert posted(world) == [TYPO, f"{TYPO}/", ENDPOINT, f"{ORIGIN}/view"]


def test_other_urls_are_not_contacted_if_their_findings_are_skipped():
    assert "endpoint" not in Selection(skip=frozenset({"endpoint"})).probes()
    assert STEP.probes


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404},
        {"status": 401},
        {"status": 401, "WWW_Authenticate": "Basic"},
        {"status": 403},
        {"body": HTML},
        {"status": 401, "WWW_Authenticate": "Bearer", "CF_Mitigated": "challenge"},
    ],
)
def test_url_without_a_bearer_challenge_is_not_advised(answer):
    world = World()
    world.json(PRM_ROOT, world.prm)
    world.reply(ENDPOINT, **answer)
    assert named(world) == []


def test_url_is_quoted_for_the_shell():
    world = World()
    url = f"{ORIGIN}/mcp;$(reboot)"
    world.json(PRM_ROOT, {**world.prm, "resource": url})
    protected(world, url)
    [fix] = named(world)
    assert fix.endswith(f"check '{url}'")


@pytest.mark.parametrize(
    "resource",
    [
        f"{ORIGIN}/{'x' * 300}",
        f"{ORIGIN}/mcp#tools",
        "https://10.0.0.1/mcp",
        "http://localhost/mcp",
        "http://app.example.com/mpc",
        "https://1.2.3.4.5/mcp",
        ["https://app.example.com/mcp"],
        "/mcp",
    ],
)
def test_resource_that_cannot_be_the_endpoint_is_not_advised(resource):
    world = World()
    world.json(PRM_ROOT, {**world.prm, "resource": resource})
    world.reply(ENDPOINT, status=404)
    assert named(world) == []
    assert [url for url in posted(world) if not url.startswith(ORIGIN)] == []


def test_few_urls_are_contacted():
    world = World()
    world.endpoints = frozenset(f"{ORIGIN}/{number}" for number in range(20))
    assert named(world) == []
    assert len(posted(world)) == 1 + MOST_CONTACTED


def test_most_similar_url_is_contacted_first():
    world = World()
    world.endpoints = frozenset({f"{ORIGIN}/files", f"{ORIGIN}/mpc2", f"{ORIGIN}/other"})
    named(world)
    assert posted(world)[1] == f"{ORIGIN}/mpc2"


def test_redirect_comes_before_all_other_names():
    world = World()
    world.json(PRM_ROOT, world.prm)
    world.reply(TYPO, status=308, Location="/tools")
    protected(world, f"{ORIGIN}/tools")
    [fix] = named(world)
    assert fix.endswith(f"check {ORIGIN}/tools")


@pytest.mark.parametrize(
    "location",
    [f"{ORIGIN}/login/?next=/mpc", "https://elsewhere.example.net/", "https://[", TYPO],
)
def test_redirect_that_leads_to_no_endpoint_is_not_advised(location):
    world = World()
    world.reply(TYPO, status=302, Location=location)
    assert named(world) == []


def test_redirect_of_a_local_server_to_https_is_left_to_its_own_finding():
    world = World()
    world.reply(f"{LOCALHOST}/mcp", status=301, Location="https://localhost/mcp")
    assert named(world, f"{LOCALHOST}/mcp") == []


def test_redirect_to_another_name_of_this_machine_is_followed():
    world = World()
    world.reply(f"{LOCALHOST}/mcp", status=301, Location=f"{LOCAL}/mcp")
    protected(world, f"{LOCAL}/mcp")
    [fix] = named(world, f"{LOCALHOST}/mcp")
    assert fix.endswith(f"check {LOCAL}/mcp")


def test_public_site_in_the_settings_of_a_local_copy_is_not_advised():
    world = World()
    world.json(f"{LOCALHOST}/.well-known/oauth-protected-resource", world.prm)
    assert named(world, f"{LOCALHOST}/mpc") == []


def test_endpoint_of_a_local_copy_is_advised_although_it_names_the_public_site():
    world = World()
    world.json(f"{LOCALHOST}/.well-known/oauth-protected-resource", world.prm)
    protected(world, f"{LOCALHOST}/mcp")
    [fix] = named(world, f"{LOCALHOST}/mpc")
    assert fix.endswith(f"check {LOCALHOST}/mcp")


@pytest.mark.parametrize("path", ["", "/mcp"])
def test_metadata_of_a_challenge_on_another_host_is_not_the_endpoint_of_this_one(path):
    world = World()
    protected(world, TYPO, f"https://b.example.net/.well-known/oauth-protected-resource{path}")
    assert named(world) == []


@pytest.mark.parametrize(
    "place",
    [
        {"url": "https://b.example.net/card"},
        {"url": f"{ORIGIN}/nothing"},
        {"data": "text"},
        {"data": {"remotes": [{"type": "sse"}, 7]}},
        {"data": {"remotes": [{"url": f"{ORIGIN}/{{tenant}}/mcp"}]}},
    ],
)
def test_card_without_a_usable_remote_names_nothing(place):
    world = World()
    world.reply(ENDPOINT, status=404)
    entries = [7, {"type": "text/plain"}, {"type": CARD_TYPE, **place}]
    world.json(f"{ORIGIN}{CATALOG}", {"entries": entries}, Content_Type=CATALOG_TYPE)
    assert named(world) == []
    assert posted(world) == [TYPO, f"{TYPO}/", ENDPOINT]


@pytest.mark.parametrize("entries", ["text", 7, None, {"a": 1}])
def test_catalogue_without_a_list_names_nothing(entries):
    world = World()
    world.reply(ENDPOINT, status=404)
    world.json(f"{ORIGIN}{CATALOG}", {"entries": entries}, Content_Type=CATALOG_TYPE)
    assert named(world) == []


@pytest.mark.parametrize("listed", ["text", [7, None]])
def test_protected_resources_that_are_not_urls_name_nothing(listed):
    world = World()
    world.reply(ENDPOINT, status=404)
    world.server["protected_resources"] = listed
    assert named(world) == []


@pytest.mark.parametrize(("status", "is_typed_right"), [(400, True), (406, True), (429, False)])
def test_typed_url_that_only_wants_another_request_may_be_an_endpoint(status, is_typed_right):
    world = World()
    world.json(PRM_ROOT, world.prm)
    world.reply(TYPO, status=status)
    [fix] = named(world)
    assert fix.startswith("If you mean that endpoint") is is_typed_right


def test_firewall_in_place_of_the_typed_url_shows_nothing_about_it():
    world = World()
    world.reply(TYPO, status=404, CF_Mitigated="challenge", Server="cloudflare")
    world.reply(ENDPOINT, status=404)
    assert named(world) == []
    assert posted(world)


def test_get_that_fails_is_no_redirect():
    world = World()
    world.json(PRM_ROOT, world.prm)
    world.replies["GET", TYPO] = Failure("GET", TYPO, Trouble.TIMEOUT, "a reason")
    [fix] = named(world)
    assert fix.endswith(ENDPOINT)


@pytest.mark.parametrize(("others", "is_named"), [(999, True), (1000, False)])
def test_long_list_of_protected_resources_is_compared_up_to_the_thousandth(others, is_named):
    world, other = World(), f"{ORIGIN}/mpcs"
    world.reply(TYPO, status=404)
    listed = [f"https://{number}.example.net/mcp" for number in range(others)]
    world.server["protected_resources"] = [*listed, other]
    list(named(world))
    assert (other in [url for _, url, _ in world.requests]) is is_named
