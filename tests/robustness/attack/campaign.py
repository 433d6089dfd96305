"""Sends the requests to the sites, judges the answers, and counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, product
from pathlib import Path
from typing import NamedTuple

from tests.clients.deployments import Deployment
from tests.robustness.attack import corpus, servers
from tests.robustness.attack.judging import MOST_TIME, Seen, violations
from tests.robustness.attack.replies import Reply
from tests.robustness.attack.requests import Request, make
from tests.robustness.attack.wire import Client

# The request with a number always goes to the same site, so that it can be sent again.
SITES = tuple(product(servers.COMMANDS, servers.PLACEMENTS))
# The first requests load modules and read the keys.
_WARM_UP = 3
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):\n(?:\s.*\n)+(?P<error>\S.*)", re.M)
# Django logs the first one with its traceback. The page explains the second one.
_EXPECTED = re.compile(
    r"django\.core\.exceptions\.DisallowedHost:|LookupError: '\w+' is not a text encoding"
)
_FRAME = re.compile(r'^  File "(?P<file>[^"]+)"', re.M)
# uvicorn and h11 disagree about a malformed chunk that comes after the answer has begun.
_SERVER = re.compile(r"/(asyncio|uvicorn|h11)/")
# A request that takes too long is sent again, and the least time counts. The first time may be that
# of a garbage collection, or of a module that is loaded.
_REPEATS = 2


class Plan(NamedTuple):
    """How many requests, which of them, and for which sites."""

    requests: int
    seed: int
    server: str | None = None
    placement: str | None = None
    only: int | None = None

    def sites(self) -> Iterator[tuple[int, str, str]]:
        """Yield the sites that get at least one request, with their position in `SITES`."""
        for position, (server, placement) in enumerate(SITES):
            if self.only is not None:
                is_chosen = self.only % len(SITES) == position
            else:
                is_chosen = self.server in (None, server) and self.placement in (None, placement)
            if is_chosen:
                yield position, server, placement

    def numbers(self, position: int) -> range:
        """Return the numbers of the requests for a site."""
        if self.only is not None:
            return range(self.only, self.only + 1)
        return range(position, self.requests, len(SITES))


class Violation(NamedTuple):
    """A broken rule. `request` is None if it is about the whole site."""

    site: str
    request: Request | None
    problem: str


class Outcome:
    """What happened at one site."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.sent = 0
        self.unanswered = 0
        self.statuses: Counter[int] = Counter()
        self.own: Counter[int] = Counter()
        # Microseconds, and the number of the request.
        self.slowest = (0, 0)
        self.violations: list[Violation] = []

    def count(self, request: Request, replies: list[Reply]) -> None:
        self.sent += 1
        self.unanswered += not replies
        for reply in replies:
            if reply.report is None:
                self.own[reply.status] += 1
            else:
                self.statuses[reply.status] += 1
                self.slowest = max(self.slowest, (reply.report[1], request.index))

    def blame(self, request: Request | None, *problems: str) -> None:
        self.violations += [Violation(self.site, request, problem) for problem in problems]


def attack(
    plan: Plan, directory: Path, finished: Callable[[Outcome], object] = bool
) -> list[Outcome]:
    """Attack all sites of a plan, and call `finished` after each. Both servers work in parallel."""
    prepared = servers.prepare(directory)

    def attack_server(server: str) -> list[Outcome]:
        outcomes = []
        for site in plan.sites():
            if site[1] == server:
                outcomes.append(attack_site(plan, site, prepared, directory))
                finished(outcomes[-1])
        return outcomes

    with ThreadPoolExecutor(len(servers.COMMANDS)) as pool:
        return [*chain.from_iterable(pool.map(attack_server, servers.COMMANDS))]


def attack_site(
    plan: Plan, site: tuple[int, str, str], prepared: servers.Prepared, directory: Path
) -> Outcome:
    position, server, placement = site
    outcome = Outcome(f"{server}, {placement}")
    with servers.serving(
        server, placement, prepared, directory / f"{server}-{placement}"
    ) as deployment:
        place = servers.place(deployment, prepared)
        bodies = _warm_up(deployment)
        client = Client(deployment.port)
        for number in plan.numbers(position):
            request = make(plan.seed, number, place)
            try:
                attempts = _attempts(client, request)
            except (ValueError, TimeoutError) as error:
                outcome.blame(request, f"{type(error).__name__}: {error}")
                client.close()
                continue
            least = quickest(attempts)
            outcome.count(request, least)
            for replies in attempts:
                for reply in replies:
                    seen = Seen(request, reply, server, placement, bodies, replies is least)
                    outcome.blame(request, *violations(seen))
        client.close()
        if _warm_up(deployment) != bodies:
            outcome.blame(None, "the documents are not the same as before the attack")
        log = deployment.log.read_text(errors="replace")
    outcome.blame(None, *unexpected_tracebacks(log)[:3])
    return outcome


def _attempts(client: Client, request: Request) -> list[list[Reply]]:
    """Return the answers to a request, and those to its repetitions if it takes too long."""
    attempts = [client.ask(request)]
    while _time(quickest(attempts)) > MOST_TIME and len(attempts) <= _REPEATS:
        attempts.append(client.ask(request))
    return attempts


def quickest(attempts: list[list[Reply]]) -> list[Reply]:
    """Return the answers that took the least time. A closed connection is none of them."""
    return min(filter(None, attempts), key=_time, default=[])


def _time(replies: list[Reply]) -> int:
    return max((reply.report[1] for reply in replies if reply.report), default=0)


def unexpected_tracebacks(log: str) -> list[str]:
    """Return the tracebacks in a log of a server that no line of docs/robustness.md explains."""
    tracebacks = [each for each in _TRACEBACK.finditer(log) if not _EXPECTED.match(each["error"])]
    return [f"a traceback: {each[0]}" for each in tracebacks if not _is_of_the_server(each[0])]


def _is_of_the_server(traceback: str) -> bool:
    """Return whether no code of the site has run in any frame of a traceback."""
    files = [frame["file"] for frame in _FRAME.finditer(traceback)]
    return bool(files) and all(_SERVER.search(file) for file in files)


def _warm_up(deployment: Deployment) -> set[bytes]:
    """Return the documents of a site, each of which must be there."""
    for _, method in product(range(_WARM_UP), (b"GET", b"POST", b"OPTIONS")):
        for path in (corpus.MCP, corpus.REPORTS, corpus.TOKEN, b"/.well-known/x"):
            servers.plain(deployment, method, path)
    replies = [servers.plain(deployment, b"GET", path) for path in corpus.DOCUMENTS]
    if problems := [reply for reply in replies if reply.status != 200]:
        raise RuntimeError(f"A document is missing: {problems[0]}")
    return {reply.body for reply in replies}
