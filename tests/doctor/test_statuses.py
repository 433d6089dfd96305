"""What each status means, at the endpoint, for a document and for an OAuth endpoint."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.steps.caching import DAY
from tests.doctor.world import ENDPOINT, OPENID, SERVER, TOKEN, World, faults


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((status, "answer-server-error") for status in (500, 502, 503, 504)),
        *((status, "answer-forbidden") for status in (401, 403, 407)),
        *((status, "answer-bad-request") for status in (400, 421)),
        *((status, "as-not-found") for status in (404, 405, 410)),
    ],
)
def test_status_of_a_document(status, code):
    world = World()
    world.reply("GET", SERVER, status=status)
    assert faults(world) == [code]


STRANGE = [204, 206, 300, 302, 304, 402, 406, 408, 418, 429, 451]


@pytest.mark.parametrize("status", STRANGE)
def test_status_that_nobody_expects(status):
    world = World()
    world.reply("GET", SERVER, status=status)
    assert faults(world) == ["answer-unexpected"]


@pytest.mark.parametrize("status", [302, 304, 402, 408, 418, 429, 451])
def test_status_that_nobody_expects_of_a_post(status):
    world = World()
    world.reply("POST", ENDPOINT, status=status)
    assert faults(world) == ["answer-unexpected"]


@pytest.mark.parametrize("status", STRANGE)
def test_status_that_means_nothing_here(status):
    """Clients go on, and so does the doctor; what they find then is the same."""
    world = World()
    world.reply("GET", SERVER, status=status)
    world.json(OPENID, {**world.server, "subject_types_supported": ["public"]})
    assert faults(world) == []


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((status, "endpoint-parses-first") for status in (400, 406, 411, 412, 413, 415, 422)),
        *((status, "endpoint-open") for status in (200, 202, 204)),
        *((status, "endpoint-not-found") for status in (404, 410)),
        (403, "endpoint-forbidden"),
        (405, "endpoint-method"),
        (500, "answer-server-error"),
    ],
)
def test_status_of_a_post_without_a_token(status, code):
    world = World()
    world.reply("POST", ENDPOINT, status=status)
    assert faults(world) == [code]


@pytest.mark.parametrize("status", [200, 204, 403, 404])
def test_status_of_a_get_that_contradicts_the_post(status):
    world = World()
    world.reply("GET", ENDPOINT, status=status)
    assert faults(world) == ["endpoint-get"]


@pytest.mark.parametrize("status", [400, 405, 406, 429])
def test_status_of_a_get_that_does_not(status):
    world = World()
    world.reply("GET", ENDPOINT, status=status, Access_Control_Allow_Origin="*")
    assert faults(world) == []


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        (200, []),
        (401, []),
        (405, []),
        (404, ["oauth-endpoint-unseen"]),
        (410, ["oauth-endpoint-unseen"]),
        (500, ["oauth-endpoint-error"]),
    ],
)
def test_status_of_an_oauth_endpoint(status, codes):
    world = World()
    world.reply("GET", TOKEN, status=status)
    assert faults(world) == codes


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_redirect_of_an_oauth_endpoint_is_one(status):
    world = World()
    world.reply("GET", TOKEN, status=status, Location="/elsewhere")
    assert faults(world) == ["oauth-endpoint-redirect"]


@pytest.mark.parametrize(
    ("control", "codes"),
    [
        (f"max-age={DAY}", []),
        (f"max-age={DAY + 1}", ["cache-long"]),
        (f"S-MaxAge = {DAY + 1}, max-age=1", ["cache-long"]),
        (f'max-age="{DAY + 1}"', ["cache-long"]),
        (f"no-store, max-age={DAY + 1}", []),
        (f"x-max-age={DAY + 1}", []),
        ("public", []),
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
