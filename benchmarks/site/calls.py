"""`BearerProtection` beside PyJWT alone, django-oauth-toolkit and FastMCP: one protected call.

python -m benchmarks.site.calls ROUNDS
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial

import django
from django.http import HttpRequest

from benchmarks.results import Row, interleave
from benchmarks.site.recorded import STORED_TOKEN
from benchmarks.site.requests import call_request
from benchmarks.site.timing import microseconds, print_rows

Check = Callable[[HttpRequest], bool]


def by_oauth_toolkit() -> Check:
    from oauth2_provider.oauth2_backends import get_oauthlib_core

    core = get_oauthlib_core()
    return lambda request: core.verify_request(request, scopes=["mcp"])[0]


def checks() -> Iterator[tuple[str, str, str, Check]]:
    """Yield algorithm, name, token and check; each check returns whether it accepts."""
    from benchmarks.site.peers import ALGORITHMS, peers, token_of
    from mcp_oauth_discovery.protection import BearerProtection

    protect = BearerProtection(scope="mcp")
    look_up = by_oauth_toolkit()
    for algorithm in ALGORITHMS:
        token = token_of(algorithm)
        yield algorithm, "BearerProtection", token, lambda request: protect(request) is None
        yield algorithm, "django-oauth-toolkit", STORED_TOKEN, look_up
        for name, make in peers().items():
            verify = make(token)
            if name in {"PyJWT, parsed key", "FastMCP's JWTVerifier"}:
                yield algorithm, name, token, partial(_verify, verify, token)


def _verify(verify: Callable[[str], object], token: str, request: HttpRequest) -> bool:
    return bool(verify(token))


def rows(rounds: int) -> Iterator[Row]:
    measures = {}
    for algorithm, name, token, check in checks():
        make = partial(call_request, token)
        if not check(make()):
            raise SystemExit(f"{name} refuses a token.")
        measures[algorithm, name] = partial(microseconds, check, make)
    for (algorithm, name), samples in interleave(measures, rounds).items():
        yield Row("calls", "1 key of each algorithm", algorithm, name, "microseconds", samples)


if __name__ == "__main__":
    django.setup()
    print_rows(rows(int(sys.argv[1])))
