"""Faults that depend on who asks, and how often."""

from __future__ import annotations

import json

from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble
from tests.doctor.faults_signed import sign
from tests.doctor.planting import harmless, planted
from tests.doctor.world import (
    ENDPOINT,
    JWKS,
    ORIGIN,
    PRM,
    SERVER,
    TOKEN,
    World,
)


def _by(world: World, refuses) -> None:
    def reply(method, headers):
        return refuses(headers) or (200, world.document, world.prm, 0.0)

    world.replies["GET", PRM] = reply


@planted("agent-dependent", shows=("403 to python-httpx",))
def firewall_against_libraries(world: World):
    _by(world, lambda headers: "httpx" in headers.get("User-Agent", "") and (403, {}, b"", 0.0))


def _instead(status: int, body: bytes, *words: str):
    """Answer user agents that have one of some words in their name; "nameless" have none."""

    def refuses(headers):
        agent = headers.get("User-Agent", "nameless")
        return any(word in agent for word in words) and (status, {}, body, 0.0)

    return refuses


@planted("agent-dependent", shows=("a page to python-httpx",))
def page_that_asks_whether_you_are_human(world: World):
    _by(world, _instead(200, b"<!doctype html><title>Just a moment...</title>", "httpx"))


@planted("agent-dependent")
def failure_for_one_agent_alone(world: World):
    _by(world, _instead(503, b"", "httpx"))


@planted("agent-dependent", shows=("403 to no User-Agent",))
def nothing_for_the_nameless(world: World):
    _by(world, _instead(403, b"", "nameless"))


@planted("agent-dependent")
def other_document_for_one_agent(world: World):
    _by(world, _instead(200, b'{"resource": "https://old.example.net/mcp"}', "node"))


@planted("agent-dependent")
def text_for_one_agent(world: World):
    _by(world, _instead(200, b"Hello robot", "node"))


@planted("agent-dependent")
def silence_for_one_agent(world: World):
    silence = Failure("GET", PRM, Trouble.BROKEN, "reset")
    _by(world, lambda headers: headers.get("User-Agent") == "node" and silence)


@planted("reach-cut")
def time_that_is_over_for_one_agent(world: World):
    silence = Failure("GET", PRM, Trouble.CUT, "over")
    _by(world, lambda headers: headers.get("User-Agent") == "node" and silence)


@planted("agent-dependent")
def endpoint_closed_to_claude(world: World):
    def reply(method, headers):
        if "Claude" in headers.get("User-Agent", ""):
            return 403, world.endpoint, b"", 0.0
        challenge = {"WWW-Authenticate": str(world.challenge)}
        return 401, {**world.endpoint, **challenge}, b"", 0.0

    world.replies["GET", ENDPOINT] = reply


@harmless
def site_that_refuses_whoever_has_no_name_but_for_documents(world: World):
    """Whatever the doctor asks in its own name has one."""
    healthy = world.send

    def send(method, url, headers=(), body=b""):
        assert "User-Agent" in dict(headers) or (method, url) in (("GET", PRM), ("GET", ENDPOINT))
        return healthy(method, url, headers, body)

    world.send = send


@planted("burst-differs", shows=("resource to 5 of 10",))
def edge_with_an_older_document(world: World):
    seen = iter(range(1000))
    older = json.dumps({**world.prm, "resource": "https://old.example.net/mcp"}).encode()

    def refuses(headers):
        return next(seen) % 2 and "Origin" not in headers and (200, world.document, older, 0.0)

    _by(world, refuses)


@planted("burst-differs")
def firewall_that_loses_its_patience(world: World):
    _after(world, 14, 403)


@planted("burst-fails")
def line_that_is_hung_up(world: World):
    silence = Failure("GET", PRM, Trouble.BROKEN, "reset")
    count = iter(range(1000))
    _by(world, lambda headers: next(count) > 14 and silence)


@harmless
def signature_of_each_second(world: World):
    count = iter(range(1000))

    def reply(method, headers):
        members = dict(world.prm)
        sign(world, members, iat=next(count))
        return 200, world.document, members, 0.0

    world.replies["GET", PRM] = reply


def _after(world: World, number: int, status: int) -> None:
    """Let the document be there a number of times."""
    count = iter(range(1000))
    _by(world, lambda headers: next(count) > number and (status, {}, b"", 0.0))


@planted("burst-limited")
def limited_rate(world: World):
    _after(world, 14, 429)


@planted("burst-limited")
def limit_that_starts_after_what_clients_read(world: World):
    """The preflights, the HEADs and the requests of web pages get the answer of the limit."""
    _after(world, 0, 429)
    limited = (429, {"Retry-After": "60"}, b"", 0.0)
    for url in (ENDPOINT, PRM, SERVER, JWKS, TOKEN, f"{ORIGIN}/o/register/"):
        world.replies["OPTIONS", url] = limited
    for url in (PRM, SERVER, JWKS):
        world.replies["HEAD", url] = limited


@planted("burst-fails")
def few_connections(world: World):
    _after(world, 14, 503)
