"""Ways to ask for a document: over HTTP with `fetch`, without HTTP with `site`."""

from __future__ import annotations

import os
import sys
from contextvars import copy_context
from functools import cache, partial, wraps
from urllib.parse import urlsplit

import pytest
from corsheaders.signals import check_request_enabled
from coverage import Coverage
from django.test import Client
from django.utils import translation

from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.keys import weak_keys
from mcp_oauth_discovery.logs.lines import tracebacks
from mcp_oauth_discovery.signing.published import published_keys
from tests import ORIGIN
from tests.conformance import skips
from tests.databases.sessions import end_sessions
from tests.deprecations import STRICT, VARIABLE, refuse_unfiltered
from tests.flushing import put_back_what_migrate_wrote
from tests.selection import COMMAND_OF_OTHERS, DEFAULT, longest_first

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup"}
LEFT_OUT = pytest.StashKey[int]()
# Fails what docs/conformance.md cites and is skipped.
pytest_runtest_makereport = skips.pytest_runtest_makereport


def pytest_collection_modifyitems(config, items):
    """On another database than usual, leave out the tests that ask none."""
    if "MCP_TEST_DATABASE_URL" in os.environ:
        kept, others = [], []
        for item in items:
            asks = item.get_closest_marker("django_db") or item.get_closest_marker("databases")
            asks = asks or not DATABASE_FIXTURES.isdisjoint(item.fixturenames)
            (kept if asks else others).append(item)
        items[:] = kept
        config.hook.pytest_deselected(items=others)


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def order_for_workers(config, items):
    """In a worker of pytest-xdist, put the modules that take longest first."""
    if hasattr(config, "workerinput"):
        modules = longest_first([item.nodeid for item in items])
        places = {module: place for place, module in enumerate(modules)}
        items.sort(key=lambda item: places[item.nodeid.partition("::")[0]])


def pytest_deselected(items):
    """Count what the default selection leaves out; a worker of pytest-xdist reports it below."""
    if not items or (config := items[0].config).option.markexpr != DEFAULT:
        return
    marks = [{mark.name for mark in item.iter_markers()} for item in items]
    left_out = sum(not names.isdisjoint({"clients", "databases", "simulations"}) for names in marks)
    config.stash[LEFT_OUT] = left_out
    getattr(config, "workeroutput", {})["left_out"] = left_out


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run each test in a copy of the context, so that its context variables end with it.

    Each URL resolver of Django leaves a variable in the context that it is first used in. asgiref
    copies all of them whenever a request changes threads, and the tests have thousands of URLconfs.
    """
    test = pyfuncitem.obj
    # hypothesis asks for the report of a failure during the call, and that needs the test itself.
    pyfuncitem.obj = wraps(test)(partial(copy_context().run, test))
    try:
        return (yield)
    finally:
        pyfuncitem.obj = test


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    if left_out := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"Tests left out of the default selection: {left_out}. Run them:"
        )
        terminalreporter.write_line(f"  {COMMAND_OF_OTHERS}")


@pytest.fixture(scope="session", autouse=True)
def _deprecations_are_errors():
    """Have deprecation warnings fail in the processes that tests start, too."""
    # Not where modules are imported: a worker of pytest-xdist, which is a Python too, starts then.
    sys.addaudithook(refuse_unfiltered)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, STRICT[VARIABLE])
        yield


@pytest.fixture(scope="session", autouse=True)
def _modulus_is_judged_once():
    """Keep what is known about a modulus: most RSA keys of the tests are the same few.

    Each takes some 30 milliseconds. `tests/jwk/test_moduli.py` calls the function itself.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weak_keys, "flaw_of_modulus", cache(weak_keys.flaw_of_modulus))
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Keep what `migrate` wrote, and end what is left in threads of views that never came back.

    Such threads hold the database.
    """
    with pytest.MonkeyPatch.context() as patch:
        with django_db_blocker.unblock():
            put_back_what_migrate_wrote(patch)
        yield
    end_sessions()


@pytest.fixture(autouse=True)
def _new_process():
    """Clear what a process keeps between tests: keys, and faults in the log."""
    published_keys.__init__()
    tracebacks.__init__()


@pytest.fixture
def unmeasured():
    """Pause the coverage, if there is any: what takes long takes several times that with it."""
    # In a worker of pytest-xdist one goes on where the other stops.
    stopped = []
    while measured := Coverage.current():
        measured.stop()
        stopped.append(measured)
    yield
    while stopped:
        stopped.pop().start()


@pytest.fixture
def fetch():
    """Request a URL, absolute or as a path of https://app.example.com."""

    def fetch(url, method="GET", *, headers=None, **kwargs):
        url = f"{ORIGIN}{url}" if url.startswith("/") else url
        _, host, *_ = parsed = urlsplit(url)
        headers = {"host": host, **(headers or {})}
        secure = parsed.scheme == "https"
        # A new client each time, for one loads MIDDLEWARE only once.
        return Client().generic(method, url, secure=secure, headers=headers, **kwargs)

    return fetch


@pytest.fixture
def site(rf):
    """The site as a request to https://app.example.com sees it; it reads settings when asked."""
    return Site(rf.get("/", secure=True, headers={"host": "app.example.com"}))


@pytest.fixture
def site_at(rf):
    """The site as a request to another origin sees it."""

    def site_at(origin):
        scheme, _, host = origin.partition("://")
        return Site(rf.get("/", secure=scheme == "https", headers={"host": host}))

    return site_at


@pytest.fixture
def cors_by_settings_alone(monkeypatch):
    """Have django-cors-headers ask no receiver, such as that of the example, installed here too."""
    monkeypatch.setattr(check_request_enabled, "receivers", [])


@pytest.fixture(autouse=True)
def _language_of_the_settings():
    """Forget the language that LocaleMiddleware has activated in this thread for a request."""
    yield
    translation.deactivate()
