"""The doctor has nothing to say of the example, whatever serves it."""

from __future__ import annotations

import pytest

from tests.clients.deployments import SERVERS, Plan, start, stop
from tests.gallery.test_gallery import check, lines

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module", params=SERVERS)
def origin(request, tmp_path_factory):
    plan = Plan(request.param, "{origin}", "{origin}/mcp")
    deployment = start(plan, tmp_path_factory.mktemp("example"))
    yield deployment.origin
    stop([deployment])


@pytest.mark.parametrize("path", ["/mcp", "/reports/mcp"])
def test_doctor_is_silent_at_the_example(origin, path):
    findings, is_well = check(f"{origin}{path}", "--strict")
    assert is_well, lines(findings)
    assert not findings, lines(findings)
