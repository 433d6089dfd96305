"""A document, a challenge and a protected call with 1 to 10,000 entries in `MCP_RESOURCES`.

python -m benchmarks.site.resources ROUNDS
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from benchmarks.results import Row, interleave
from benchmarks.site.recorded import DOCUMENTS
from benchmarks.site.requests import call_request, environ, status_of
from benchmarks.site.timing import microseconds, print_rows

NUMBERS = (1, 100, 1_000, 10_000)
# The path of the last resource. All requests are about it.
PATH = "/mcp/last"


def resources(number: int) -> dict[str, dict[str, Any]]:
    paths = [*(f"/mcp/{index}" for index in range(number - 1)), PATH]
    return {path: {"scopes_supported": ["mcp"]} for path in paths}


def cases() -> Iterator[tuple[str, Callable[[Any], object], Callable[[], Any]]]:
    """Yield the name of a case, what it calls, and what makes the argument."""
    from mcp_oauth_discovery.challenge import unauthorized
    from mcp_oauth_discovery.protection import BearerProtection
    from mcp_oauth_discovery.signing import sign_jwt

    path = DOCUMENTS["PRM"].removesuffix("/mcp") + PATH
    yield "document", partial(status_of, WSGIHandler()), partial(environ, path)
    yield "challenge", unauthorized, partial(call_request, path=PATH)
    claims = {"aud": settings.MCP_ISSUER + PATH, "scope": "mcp", "exp": 4_000_000_000}
    make = partial(call_request, sign_jwt(claims), PATH)
    yield "protected call", BearerProtection(scope="mcp"), make


def _measure(
    value: dict[str, Any], call: Callable[[Any], object], make: Callable[[], Any]
) -> float:
    with override_settings(MCP_RESOURCES=value):
        # The first request with a new value reads all of it.
        call(make())
        return microseconds(call, make)


def check(value: dict[str, Any]) -> None:
    with override_settings(MCP_RESOURCES=value):
        document, challenge, call = (call(make()) for _, call, make in cases())
    if not document.startswith("200") or PATH not in challenge["WWW-Authenticate"] or call:
        raise SystemExit(f"Unexpected answers: {document}, {challenge.headers}, {call}")


def rows(rounds: int) -> Iterator[Row]:
    measures = {}
    for number in NUMBERS:
        value = resources(number)
        check(value)
        for case, call, make in cases():
            measures[case, f"{number:,}"] = partial(_measure, value, call, make)
    for (case, number), samples in interleave(measures, rounds).items():
        yield Row(
            "resources",
            "MCP_RESOURCES with 1 to 10,000 entries",
            case,
            number,
            "microseconds",
            samples,
        )


if __name__ == "__main__":
    django.setup()
    print_rows(rows(int(sys.argv[1])))
