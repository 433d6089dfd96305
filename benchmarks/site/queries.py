"""How many queries warm requests make.

python -m benchmarks.site.queries ROUNDS
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import override_settings

from benchmarks.results import Row, interleave
from benchmarks.site.calls import by_oauth_toolkit
from benchmarks.site.recorded import DOCUMENTS, STORED_TOKEN
from benchmarks.site.requests import call_request, environ, status_of
from benchmarks.site.timing import print_rows

REQUESTS = 100
QUERIES: list[str] = []


def count(execute: Callable[..., Any], sql: str, *others: Any) -> Any:
    QUERIES.append(sql)
    return execute(sql, *others)


def count_on(connection: Any, **others: Any) -> None:
    """Count the queries of a new connection, whatever thread it belongs to."""
    # The signal comes again when the connection is opened again.
    if count not in connection.execute_wrappers:
        connection.execute_wrappers.append(count)


def cases() -> Iterator[tuple[str, str, Callable[[Any], object], Callable[[], Any]]]:
    """Yield case, contender, what is called, and what makes the argument."""
    from benchmarks.site.peers import token_of
    from mcp_oauth_discovery.protection import BearerProtection
    from mcp_oauth_discovery.server import discovery_wsgi

    through_middleware, views = WSGIHandler(), _without_our_middleware()
    for document, path in DOCUMENTS.items():
        make = partial(environ, path)
        yield document, "our views", partial(status_of, views), make
        yield document, "our middleware", partial(status_of, through_middleware), make
        yield document, "our server entry", partial(status_of, discovery_wsgi(views)), make
    request = partial(call_request, token_of("RS256"))
    yield "protected call", "BearerProtection", BearerProtection(scope="mcp"), request
    yield (
        "protected call",
        "django-oauth-toolkit",
        by_oauth_toolkit(),
        partial(call_request, STORED_TOKEN),
    )


def _without_our_middleware() -> WSGIHandler:
    with override_settings(MIDDLEWARE=settings.MIDDLEWARE[1:]):
        return WSGIHandler()


def per_request(call: Callable[[Any], object], make: Callable[[], Any]) -> float:
    call(make())
    QUERIES.clear()
    for _ in range(REQUESTS):
        call(make())
    return len(QUERIES) / REQUESTS


def rows(rounds: int) -> Iterator[Row]:
    connection_created.connect(count_on)
    connection.close()
    measures = {
        (case, contender): partial(per_request, call, make)
        for case, contender, call, make in cases()
    }
    for (case, contender), samples in interleave(measures, rounds).items():
        yield Row("queries", "on a warm request", case, contender, "queries per request", samples)


if __name__ == "__main__":
    django.setup()
    print_rows(rows(int(sys.argv[1])))
