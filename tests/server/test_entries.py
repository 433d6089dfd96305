"""What the entries answer themselves, and when Django must answer."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from mcp_oauth_discovery.server import entries
from mcp_oauth_discovery.signing.published import published_keys
from tests import ASM, JWKS, PRM
from tests.keys import broken_database, make_key
from tests.server.requests import ASGI, WSGI

DOCUMENTS = [PRM, f"{PRM}/mcp", ASM, JWKS]


def passed_on(server, *args, **kwargs):
    """Return whether Django had to answer the request."""
    before = server.django.requests
    server.ask(server.entry, *args, **kwargs)
    return server.django.requests > before


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_document_of_a_pinned_site_is_sent_without_django(server, path, method):
    assert not passed_on(server, path, method)
    assert not passed_on(server, path, method)


def test_document_that_the_client_has_is_not_sent_again_without_django(server):
    assert not passed_on(server, JWKS, headers={"if-none-match": "*"})


@pytest.mark.parametrize("path", ["/page/", "/.well-known/security.txt", f"{PRM}/nothing"])
def test_other_paths_reach_django(server, path):
    assert passed_on(server, path)


def test_unpinned_document_reaches_django(server, pinned):
    del pinned.MCP_ISSUER
    for path in DOCUMENTS * 2:
        assert passed_on(server, path)


def test_callable_setting_is_never_called_before_django(server, pinned):
    requests = []

    def issuer(request):
        requests.append(request)
        return "https://app.example.com"

    pinned.MCP_ISSUER = issuer
    for path in DOCUMENTS:
        assert passed_on(server, path)
    assert all(hasattr(request, "session") or request.resolver_match for request in requests)


def test_document_of_a_site_with_a_fixed_prefix_is_sent_without_django(server, pinned):
    pinned.FORCE_SCRIPT_NAME = "/app"
    for path in DOCUMENTS * 2:
        assert not passed_on(server, path)


@pytest.mark.parametrize("name", ["content-length", "transfer-encoding", "if-match"])
def test_request_with_a_body_or_a_condition_reaches_django(server, name):
    assert not passed_on(server, JWKS)
    assert passed_on(server, JWKS, headers={name: "2"})


def test_request_with_a_query_reaches_django(server):
    assert not passed_on(server, JWKS)
    assert passed_on(server, f"{JWKS}?x")


def test_forged_host_reaches_django(server):
    assert not passed_on(server, JWKS)
    assert passed_on(server, JWKS, headers={"host": "forged.example.org"})


def test_view_of_the_project_reaches_django(server, pinned):
    pinned.ROOT_URLCONF = "tests.server.test_octets"
    assert passed_on(server, PRM)
    assert not passed_on(server, ASM)


def test_wrong_setting_reaches_django_and_is_logged_once(server, pinned, caplog):
    assert not passed_on(server, PRM)
    pinned.MCP_RESOURCE_METADATA = {"scopes_supported": "mcp"}
    assert passed_on(server, PRM)
    failures = [record for record in caplog.records if record.name == "mcp_oauth_discovery"]
    assert [record.event for record in failures] == ["document.failed"]


def test_database_that_is_down_reaches_django(server):
    make_key()
    with broken_database():
        assert passed_on(server, JWKS)


def test_urlconf_that_cannot_be_imported_reaches_django(pinned, transactional_db):
    server = WSGI()
    assert not passed_on(server, PRM)
    pinned.ROOT_URLCONF = "no_such_urlconf"
    for application in (server.django, server.entry):
        with pytest.raises(ModuleNotFoundError):
            server.ask(application, PRM)


def test_keys_of_a_tenant_reach_django(server, monkeypatch):
    backend = type(connections["default"])
    monkeypatch.setattr(backend, "schema_name", "public", raising=False)
    monkeypatch.setattr(backend, "set_schema", lambda self, name: None, raising=False)
    assert passed_on(server, JWKS)
    assert passed_on(server, JWKS)


def test_keys_behind_a_router_reach_django(server, pinned):
    assert not passed_on(server, JWKS)
    pinned.DATABASE_ROUTERS = ["tests.server.test_entries.Router"]
    assert passed_on(server, JWKS)


class Router:
    """A router that may choose the database of a tenant."""


def test_keys_behind_a_router_are_not_read_before_django(pinned, transactional_db):
    pinned.DATABASE_ROUTERS = ["tests.server.test_entries.Router"]
    server = WSGI()
    server.ask(entries.WSGIEntry(lambda environ, start_response: []), JWKS)
    assert not published_keys._stores  # noqa: SLF001


def test_keys_of_another_database_reach_django(server, monkeypatch):
    assert not passed_on(server, JWKS)
    with monkeypatch.context() as patch:
        patch.setitem(connections.settings["default"], "HOST", "other.example.com")
        assert passed_on(server, JWKS)


def test_uncommitted_keys_reach_django(pinned, db):
    server = WSGI()
    make_key()
    assert passed_on(server, JWKS)


def test_repeated_header_reaches_django(pinned, transactional_db):
    server = ASGI()
    assert not passed_on(server, PRM)
    host = (b"host", b"app.example.com")
    before = server.django.requests
    asyncio.run(server.aask(server.entry, PRM, lines=[host, host]))
    assert server.django.requests > before


@pytest.mark.parametrize("name", [b"Host", b"If-Match", b"If-None-Match", b"If-none-match"])
def test_header_with_capital_letters_reaches_django(pinned, transactional_db, name):
    server = ASGI()
    assert not passed_on(server, PRM)
    lines = [(b"host", b"app.example.com"), (name, b"*")]
    expected = asyncio.run(server.aask(server.django, PRM, lines=lines))
    assert asyncio.run(server.aask(server.entry, PRM, lines=lines)) == expected


def test_request_without_headers_reaches_django(pinned):
    assert asyncio.run(reaches_the_application({"type": "http", "method": "GET", "path": PRM}))


async def reaches_the_application(scope):
    """Send a request to an entry, and return whether it has reached the application."""
    scopes = []

    async def application(scope, receive, send):
        scopes.append(scope)

    await entries.ASGIEntry(application)(scope, None, None)
    return scopes == [scope]


def test_request_reaches_django_if_no_thread_can_be_started(pinned, transactional_db, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    entries._thread.cache_clear()  # noqa: SLF001
    # A document that no earlier test has built.
    pinned.MCP_METADATA_MAX_AGE = 299
    scope = {"type": "http", "method": "GET", "path": PRM, "headers": [(b"host", b"testserver")]}
    try:
        assert asyncio.run(reaches_the_application(scope))
    finally:
        entries._thread.cache_clear()  # noqa: SLF001


FORK = """
import asyncio, os, signal, django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["mcp_oauth_discovery"], ROOT_URLCONF="mcp_oauth_discovery.urls",
    MCP_ISSUER="https://app.example.com", ALLOWED_HOSTS=["*"], DATABASES={},
)
django.setup()
from mcp_oauth_discovery.server import discovery_asgi
application = discovery_asgi(None)
def ask(path):
    async def send(message):
        messages.append(message)
    messages = []
    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"host", b"a.b")]}
    asyncio.run(application(scope, None, send))
    return messages[0]["status"]
path = "/.well-known/oauth-protected-resource"
assert ask(path) == 200
process = os.fork()
if not process:
    signal.alarm(20)
    os._exit(0 if ask(path + "/mcp") == 200 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
"""


def test_process_that_is_forked_has_a_thread_of_its_own():
    # Python 3.12 and newer warn of a fork while threads run, which is the subject here.
    fork = "ignore:This process:DeprecationWarning"
    subprocess.run([sys.executable, "-W", fork, "-c", FORK], check=True)


def test_environment_reaches_django_untouched(pinned, transactional_db):
    given = {}
    application = entries.WSGIEntry(lambda environ, start_response: given.update(environ) or [])
    WSGI().ask(application, f"{PRM}/ünï")
    assert given["PATH_INFO"] == f"{PRM}/ünï".encode().decode("latin-1")


def test_other_protocols_reach_the_application():
    assert asyncio.run(reaches_the_application({"type": "lifespan"}))


def test_documents_are_sent_while_every_thread_is_busy(pinned, transactional_db):
    make_key()
    server = ASGI()

    async def fetch():
        release = threading.Event()
        # The thread of synchronous views, and all threads of the event loop.
        busy = [asyncio.ensure_future(sync_to_async(release.wait)(30))]
        loop = asyncio.get_running_loop()
        busy += [loop.run_in_executor(None, release.wait, 30) for _ in range(100)]
        try:
            return [await server.aask(server.entry, path) for path in (PRM, ASM, JWKS)]
        finally:
            release.set()
            await asyncio.gather(*busy)

    answers = asyncio.run(asyncio.wait_for(fetch(), 20))
    assert [start["status"] for start, _ in answers] == [200, 200, 200]
    assert server.django.requests == 0


def test_keys_are_read_again_while_every_thread_is_busy(pinned, transactional_db):
    make_key()
    server = ASGI()
    (_, first) = server.ask(server.entry, JWKS)
    make_key("ES256")

    async def fetch():
        release = threading.Event()
        busy = asyncio.ensure_future(sync_to_async(release.wait)(30))
        try:
            return await server.aask(server.entry, JWKS)
        finally:
            release.set()
            await busy

    (_, second) = asyncio.run(asyncio.wait_for(fetch(), 20))
    assert first["body"] != second["body"]
    assert server.django.requests == 0


def test_wrapping_works_before_and_after_the_apps_are_loaded():
    script = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'example_project.settings'\n"
        "from mcp_oauth_discovery.server import discovery_wsgi, discovery_asgi\n"
        "from example_project import asgi, wsgi\n"
        "print(type(wsgi.application).__name__, type(asgi.application).__name__)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["WSGIEntry", "ASGIEntry"]
