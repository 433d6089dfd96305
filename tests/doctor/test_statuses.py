"""What each status means, at the endpoint, for a document and for an OAuth endpoint."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.steps.caching import DAY
from tests.doctor.world import ENDPOINT, OPENID, SERVER, TOKEN, World, faults

STRANGE = [204, 206, 300, 302, 304, 402, 406, 408, 418, 429, 451]


def found(method: str, url: str, statuses, **headers: str) -> dict[int, list[str]]:
    """Return the codes of what is found where a method and a URL are answered with each status."""
    codes = {}
    for status in statuses:
        world = World()
        world.reply(method, url, status=status, **headers)
        codes[status] = faults(world)
    return codes


def each(statuses, *codes: str) -> dict[int, list[str]]:
    return {status: [*codes] for status in statuses}


@pytest.mark.parametrize(
    ("code", "statuses"),
    [
        ("answer-server-error", (500, 502, 503, 504)),
        ("answer-forbidden", (401, 403, 407)),
        ("answer-bad-request", (400, 421)),
        ("as-not-found", (404, 405, 410)),
        ("answer-unexpected", STRANGE),
    ],
)
def test_status_of_a_document(code, statuses):
    assert found("GET", SERVER, statuses) == each(statuses, code)


def test_status_that_means_nothing_here():
    """Clients go on, and so does the doctor; what they find then is the same."""
    for status in STRANGE:
        world = World()
        world.reply("GET", SERVER, status=status)
        world.json(OPENID, {**world.server, "subject_types_supported": ["public"]})
        assert faults(world) == [], status


@pytest.mark.parametrize(
    ("code", "statuses"),
    [
        ("endpoint-parses-first", (400, 406, 411, 412, 413, 415, 422)),
        ("endpoint-open", (200, 202, 204)),
        ("endpoint-not-found", (404, 410)),
        ("endpoint-forbidden", (403,)),
        ("endpoint-method", (405,)),
        ("answer-server-error", (500,)),
        ("answer-unexpected", (302, 304, 402, 408, 418, 429, 451)),
    ],
)
def test_status_of_a_post_without_a_token(code, statuses):
    assert found("POST", ENDPOINT, statuses) == each(statuses, code)


def test_status_of_a_get_that_contradicts_the_post():
    statuses = (200, 204, 403, 404)
    assert found("GET", ENDPOINT, statuses) == each(statuses, "endpoint-get")


def test_status_of_a_get_that_does_not():
    statuses = (400, 405, 406, 429)
    assert found("GET", ENDPOINT, statuses, Access_Control_Allow_Origin="*") == each(statuses)


def test_status_of_an_oauth_endpoint():
    unseen, failed = ["oauth-endpoint-unseen"], ["oauth-endpoint-error"]
    codes = {200: [], 401: [], 405: [], 404: unseen, 410: unseen, 500: failed}
    assert found("GET", TOKEN, codes) == codes


def test_every_redirect_of_an_oauth_endpoint_is_one():
    statuses = (301, 302, 303, 307, 308)
    codes = found("GET", TOKEN, statuses, Location="/elsewhere")
    assert codes == each(statuses, "oauth-endpoint-redirect")


@pytest.mark.parametrize(
    ("control", "codes"),
    [
        (f"max-age={DAY}", []),
        (f"max-age={DAY + 1}", ["cache-long"]),
        (f"S-MaxAge = {DAY + 1}, max-age=1", ["cache-long"]),
        (f'max-age="{DAY + 1}"', ["cache-long"]),
        (f"no-store, max-age={DAY + 1}", []),
        (f"x-max-age={DAY + 1}", ["cache-missing"]),
        ("public", ["cache-missing"]),
    ],
)
def test_lifetimes_in_every_spelling(control, codes):
    world = World()
    world.document["Cache-Control"] = control
    assert faults(world) == codes


@pytest.mark.parametrize(
    ("vary", "codes"),
    [("*", ["cache-vary"]), ("cookie", ["cache-vary"]), ("Accept, Cookies", []), ("Origin", [])],
)
def test_variants_in_every_spelling(vary, codes):
    world = World()
    world.document["Vary"] = vary
    assert faults(world) == codes
