"""One site per history of its keys, and verifiers that were there before it happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.clients.environments import node_with
from tests.verifiers import ALGORITHMS
from tests.verifiers.libraries import JOSE, Aging, Jose, Joserfc, Node, PyJWT, Verifier
from tests.verifiers.site import Site, Tokens

LIBRARIES = ("pyjwt", "joserfc", "jose")
# Those that fetch by rules of their own, which are then left as they are.
UNTOUCHED = ("untouched pyjwt", "untouched jose")

MakeVerifier = Callable[[str, Site], Verifier]

# What is the default of MCP_KEY_PUBLISH_AHEAD, and a little more.
PUBLISH_AHEAD = timedelta(days=1, seconds=1)


@dataclass(frozen=True)
class History:
    """A site whose keys have changed: tokens from before and after, verifiers from before."""

    site: Site
    old: Tokens
    new: Tokens
    cached: dict[tuple[str, str], Verifier]


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=ALGORITHMS)
def algorithm(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    process = Node(*node_with(JOSE, "verify.mjs"))
    yield process
    process.close()


@pytest.fixture(scope="session")
def make_verifier(request: pytest.FixtureRequest) -> MakeVerifier:
    """Return a function that makes a verifier with an empty cache."""

    def make(library: str, site: Site) -> Verifier:
        *untouched, name = library.split()
        options: list[Mapping[str, object]] = [{} for _ in untouched]
        if name == "jose":
            return Jose(site.deployment, request.getfixturevalue("node"), *options)
        return {"pyjwt": PyJWT, "joserfc": Joserfc}[name](site.deployment, *options)

    return make


@pytest.fixture
def fresh(make_verifier: MakeVerifier, library: str) -> Callable[[Site], Verifier]:
    """Return a function that makes a verifier of this library with an empty cache."""
    return lambda site: make_verifier(library, site)


@pytest.fixture
def cached(
    make_verifier: MakeVerifier, library: str, algorithm: str
) -> Callable[[History], Verifier]:
    """Return a function that returns the verifier that was there before the keys changed."""

    return lambda history: from_before(history, make_verifier, library, algorithm)


@pytest.fixture(params=UNTOUCHED)
def untouched(
    request: pytest.FixtureRequest, make_verifier: MakeVerifier, algorithm: str
) -> Callable[[History], Aging]:
    """Return a function like `cached`, for a library whose defaults are left as they are."""
    return lambda history: from_before(history, make_verifier, request.param, algorithm)


def from_before(history: History, make: MakeVerifier, library: str, algorithm: str) -> Any:
    # For this library there is none if it cannot be had; then this says so.
    make(library, history.site)
    return history.cached[library, algorithm]


@contextmanager
def opened(directory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(directory.mktemp("site"))
    try:
        yield site
    finally:
        site.close()


def filled(make: MakeVerifier, site: Site, tokens: Tokens) -> dict[tuple[str, str], Verifier]:
    """Return a verifier for each library and algorithm, whose cache has the JWK Set as it is."""
    verifiers: dict[tuple[str, str], Verifier] = {}
    for library in (*LIBRARIES, *UNTOUCHED):
        for algorithm in ALGORITHMS:
            try:
                verifiers[library, algorithm] = make(library, site)
            except (pytest.skip.Exception, pytest.fail.Exception):
                # Node.js is missing: the tests that want it say so, the others go on.
                continue
            verifiers[library, algorithm].verify(tokens[algorithm])
    return verifiers


@pytest.fixture(scope="package")
def rotated(
    tmp_path_factory: pytest.TempPathFactory, make_verifier: MakeVerifier
) -> Iterator[History]:
    """Return a site whose keys were handed over after the caches were filled."""
    with opened(tmp_path_factory) as site:
        site.manage("mcp_keys", "rotate")
        # These keys are due by now, and get their successors.
        site.let_pass(timedelta(days=89))
        site.manage("mcp_keys", "rotate")
        site.serve()
        old = site.sign()
        cached = filled(make_verifier, site, old)
        site.let_pass(PUBLISH_AHEAD)
        yield History(site, old, site.sign(), cached)


@pytest.fixture(scope="package")
def retired(
    tmp_path_factory: pytest.TempPathFactory, make_verifier: MakeVerifier
) -> Iterator[History]:
    """Return a site whose keys were retired without notice, their successors new to everybody."""
    with changed_at_once(tmp_path_factory, make_verifier, "retire") as history:
        yield history


@pytest.fixture(scope="package")
def revoked(
    tmp_path_factory: pytest.TempPathFactory, make_verifier: MakeVerifier
) -> Iterator[History]:
    """Return a site whose keys were revoked, and out of the JWK Set at once."""
    with changed_at_once(tmp_path_factory, make_verifier, "revoke") as history:
        yield history


@contextmanager
def changed_at_once(
    directory: pytest.TempPathFactory, make: MakeVerifier, command: str
) -> Iterator[History]:
    with opened(directory) as site:
        site.manage("mcp_keys", "rotate")
        site.serve()
        old = site.sign()
        cached = filled(make, site, old)
        former = site.keys("active")
        for kid in former:
            site.manage("mcp_keys", command, kid)
        kept = former if command == "retire" else []
        site.wait_until_served({*kept, *site.keys("active")})
        yield History(site, old, site.sign(), cached)
