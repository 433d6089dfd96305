"""The hook that fails a skipped test which docs/conformance.md cites, where every test must run."""

from __future__ import annotations

import os

import pytest

from tests.conformance.rows import cited


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.skipped and must_run() and item.nodeid.partition("[")[0] in cited():
        report.outcome = "failed"
        report.longrepr = (
            f"docs/conformance.md cites this test, but it is skipped: {report.longrepr}"
        )
    return report


def must_run() -> bool:
    """Return whether this is the gate. On another database, some tests do not apply."""
    return "MCP_REQUIRE_CLIENTS" in os.environ and "MCP_TEST_DATABASE_URL" not in os.environ
