"""The three documents over HTTP, from each contender on each server."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from benchmarks.load import rate
from benchmarks.nginx import nginx_command
from benchmarks.processes import Plan, environment
from benchmarks.results import Row, interleave
from benchmarks.servers import Server, free_port, python_server, running
from benchmarks.site.recorded import DOCUMENTS, Recorded, read_documents

SERVERS = ("gunicorn", "uvicorn")
RAW, BARE, NGINX = "raw server", "bare Django view", "nginx, exported files"


class Contender(NamedTuple):
    """A site below `benchmarks/site/`, how tables call it, and what it needs and lacks."""

    title: str
    servers: tuple[str, ...] = SERVERS
    needs: str = "django"
    # Documents at other URLs; None if there is none.
    paths: dict[str, str | None] = {}
    sends_our_bytes: bool = True


CONTENDERS = {
    "raw": Contender(RAW),
    "bare": Contender(BARE),
    "included": Contender(f"{BARE}, included"),
    "views": Contender("our views"),
    "middleware": Contender("our middleware"),
    "entry": Contender("our server entry", needs="mcp_oauth_discovery.server"),
    "oauth_toolkit": Contender(
        "django-oauth-toolkit", needs="oauth2_provider", sends_our_bytes=False
    ),
    "mcpz": Contender(
        "django-mcpz",
        needs="django_mcpz",
        paths={"AS metadata": f"{DOCUMENTS['AS metadata']}/oauth", "JWK Set": None},
        sends_our_bytes=False,
    ),
    "sdk": Contender(
        "mcp SDK",
        servers=("uvicorn",),
        needs="mcp",
        paths={"JWK Set": None},
        sends_our_bytes=False,
    ),
}
MODULES = {
    ("raw", "gunicorn"): "raw:wsgi",
    ("raw", "uvicorn"): "raw:asgi",
    ("sdk", "uvicorn"): "sdk:application",
}
DEFAULT_MODULES = {"gunicorn": "wsgi:application", "uvicorn": "asgi:application"}


class Key(NamedTuple):
    group: str
    case: str
    contender: str


def measure(plan: Plan) -> Iterator[Row]:
    """Yield a row for each document of each contender on each server of the plan."""
    for name in plan.servers:
        with ExitStack() as stack:
            samples = interleave(dict(_measures(name, plan, stack)), plan.rounds)
        for key, numbers in samples.items():
            yield Row("documents", *key, "requests per second", numbers)


def _measures(name: str, plan: Plan, stack: ExitStack) -> Iterator[tuple[Key, Callable[[], float]]]:
    recorded = read_documents(plan.directory)
    for site, contender in CONTENDERS.items():
        if name not in contender.servers:
            continue
        if not importable(contender.needs):
            plan.report(f"Skipped {contender.title}: {contender.needs} is not installed.")
            continue
        application = MODULES.get((site, name), DEFAULT_MODULES[name])
        port = free_port()
        command = python_server(name, f"benchmarks.site.{application}", port)
        server = stack.enter_context(running(command, port, environment(plan.directory, site)))
        for document, default in DOCUMENTS.items():
            path = contender.paths.get(document, default)
            if path is not None:
                check(server, path, recorded[document] if contender.sends_our_bytes else None)
                yield (
                    Key(name, document, contender.title),
                    partial(rate, server, path, plan.seconds),
                )
    yield from _of_nginx(name, plan, stack)


def _of_nginx(name: str, plan: Plan, stack: ExitStack) -> Iterator[tuple[Key, Callable[[], float]]]:
    port = free_port()
    try:
        command = nginx_command(plan.directory, port)
    except LookupError as error:
        plan.report(f"Skipped {NGINX}: {error}")
        return
    server = stack.enter_context(running(command, port, environment(plan.directory, "middleware")))
    for document, path in DOCUMENTS.items():
        body = server.fetch(path).body
        if body != read_documents(plan.directory)[document].body:
            raise SystemExit(f"nginx: {path} has returned {body!r}")
        yield Key(name, document, NGINX), partial(rate, server, path, plan.seconds)


def check(server: Server, path: str, recorded: Recorded | None) -> None:
    """Stop unless the document is there, with the recorded headers and body if there are any."""
    answer = server.fetch(path)
    expected = {name.lower(): value for name, value in recorded.headers.items()} if recorded else {}
    has_headers = expected.items() <= answer.headers.items()
    has_body = recorded is None or answer.body == recorded.body
    if answer.status != 200 or not has_headers or not has_body:
        raise SystemExit(f"{server.process.args}: {path} has returned {answer}\n{recorded}")


def importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
