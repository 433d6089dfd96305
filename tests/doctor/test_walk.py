"""What the doctor sends, and above all what it does not."""

from __future__ import annotations

from collections import Counter

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.examination import Selection
from mcp_oauth_discovery.doctor.findings import Severity
from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble
from mcp_oauth_discovery.doctor.walk.redirects import MOST_HOPS
from mcp_oauth_discovery.doctor.walk.walker import Walker
from mcp_oauth_discovery.standards.identifiers import origin
from tests.doctor.world import ENDPOINT, JWKS, ORIGIN, PRM, SERVER, World, diagnose, report_on


def walked(world: World, probes=None) -> World:
    probes = Selection().probes() if probes is None else probes
    Walker(world, page_origin="https://page.example.net", probes=probes).walk(ENDPOINT)
    return world


def test_empty_posts_without_and_with_forged_tokens_are_all_that_is_not_a_question():
    methods = Counter(method for method, _, _ in walked(World()).requests)
    assert set(methods) == {"POST", "GET", "HEAD", "OPTIONS"}
    assert methods["POST"] == 4


def test_post_goes_to_the_endpoint():
    assert walked(World()).requests[0][:2] == ("POST", ENDPOINT)


def test_walk_is_some_seventy_requests():
    assert 60 <= len(walked(World()).requests) <= 80


def test_each_address_is_asked_once_in_the_walk():
    world = walked(World(), probes={})
    assert len({url for _, url, _ in world.requests}) == len(world.requests) - 1


def test_other_servers_are_asked_for_their_documents_alone():
    world = World()
    issuer = "https://login.example.net"
    world.prm["authorization_servers"] = [issuer]
    metadata = f"{issuer}/.well-known/oauth-authorization-server"
    endpoints = {f"{name}_endpoint": f"{issuer}/{name}" for name in ("authorization", "token")}
    members = {**world.server, **endpoints, "issuer": issuer, "jwks_uri": f"{issuer}/keys"}
    world.json(metadata, members)
    world.json(f"{issuer}/keys", world.keys)
    asked = {url for _, url, _ in walked(world).requests if origin(url) != ORIGIN}
    assert asked == {metadata, f"{issuer}/.well-known/openid-configuration", f"{issuer}/keys"}


def test_no_redirect_leads_to_another_host():
    world = World()
    for url in (ENDPOINT, PRM, SERVER, JWKS):
        world.reply("GET", url, status=302, Location="https://evil.example.net/")
    world.reply("POST", ENDPOINT, status=307, Location="https://evil.example.net/")
    assert {origin(url) for _, url, _ in walked(world).requests} == {ORIGIN}


def test_redirects_on_the_host_are_followed_a_few_times():
    world = World()
    for number in range(20):
        world.reply("GET", f"{ORIGIN}/{number}", status=302, Location=f"/{number + 1}")
    world.reply("GET", SERVER, status=302, Location="/0")
    followed = [url for _, url, _ in walked(world).requests if url.rpartition("/")[2].isdigit()]
    assert len(followed) == MOST_HOPS


def test_nothing_more_is_asked_where_nobody_answers():
    world = World()
    world.fail(ENDPOINT, Trouble.REFUSED)
    assert len(walked(world).requests) == 1


def test_what_is_skipped_is_not_asked():
    skip = {"cors", "caching", "hosts", "suffixes", "load", "oauth-endpoints", "tokens"}
    world = walked(World(), probes=Selection(skip=frozenset(skip)).probes())
    methods = Counter(method for method, _, _ in world.requests)
    assert (set(methods), methods["POST"]) == ({"POST", "GET"}, 1)
    assert not [headers for _, _, headers in world.requests if "Authorization" in headers]
    assert not [headers for _, _, headers in world.requests if "Origin" in headers]


def test_second_walk_asks_anew():
    world = World()
    walker = Walker(world, page_origin="https://page.example.net")
    first, second = walker.walk(ENDPOINT), walker.walk(ENDPOINT)
    assert first.resource is not second.resource


def test_challenge_of_get_leads_on_where_post_has_none():
    world = World()
    named = f"{ORIGIN}/metadata"
    world.challenge = f'Bearer resource_metadata="{named}"'
    world.json(named, world.prm)
    world.reply("POST", ENDPOINT, status=401, WWW_Authenticate="Bearer =")
    diagnose(world)
    assert named in {url for _, url, _ in world.requests}


def test_what_a_client_reads_is_asked_first():
    """A slow site may use up the time before the rest."""
    requests = [(method, url) for method, url, _ in walked(World()).requests]
    assert requests[:4] == [("POST", ENDPOINT), ("GET", PRM), ("GET", SERVER), ("GET", JWKS)]


def test_challenge_of_get_comes_before_the_documents_if_post_has_none():
    world = World()
    world.reply("POST", ENDPOINT, status=401)
    requests = [(method, url) for method, url, _ in walked(world).requests]
    assert requests[:3] == [("POST", ENDPOINT), ("GET", ENDPOINT), ("GET", PRM)]


def test_time_that_ends_after_what_clients_read_hinders_no_client():
    world = World()
    healthy, left = world.send, iter(range(4))

    def send(method, url, headers=(), body=b""):
        if next(left, None) is None:
            return Failure(method, url, Trouble.CUT, "over")
        return healthy(method, url, headers, body)

    world.send = send
    [finding] = [one for one in diagnose(world) if one.code == "reach-cut"]
    assert (finding.severity, finding.clients) == (Severity.WARNING, EVERY)
    left = iter(range(10))
    report = report_on(world)
    [finding] = [one for one in report.findings if one.code == "reach-cut"]
    assert (finding.severity, finding.clients) == (Severity.INFO, ())
    assert {skipped.reason for skipped in report.skipped} == {"the time for all requests is over"}
