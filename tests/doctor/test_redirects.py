from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.redirects import Cause, cause, target

H = "https://h.example.com"


@pytest.mark.parametrize(
    ("url", "to", "expected"),
    [
        ("http://h.example.com/mcp", f"{H}/mcp", Cause.HTTPS),
        (f"{H}/mcp", "http://h.example.com/mcp", Cause.WWW),
        (f"{H}/mcp", "https://www.h.example.com/mcp", Cause.WWW),
        ("https://www.h.example.com/mcp", f"{H}/mcp", Cause.WWW),
        ("http://127.0.0.1:8000/mcp", "http://www.127.0.0.1:8000/mcp", Cause.WWW),
        ("http://127.0.0.1:8000/mcp", "http://www.127.0.0.2:8000/mcp", Cause.OFFSITE),
        (f"{H}/mcp", f"{H}/mcp/", Cause.SLASH),
        (f"{H}/mcp/", f"{H}/mcp", Cause.SLASH),
        (f"{H}/mcp", f"{H}/mcp?cookie_check=1", Cause.OTHER),
        (f"{H}/mcp?a", f"{H}/mcp/?a", Cause.SLASH),
        (f"{H}/mcp", f"{H}/en/mcp", Cause.LANGUAGE),
        (f"{H}/mcp", f"{H}/zh-hant/mcp/", Cause.LANGUAGE),
        (f"{H}/mcp", f"{H}/api/v2/mcp", Cause.OTHER),
        (f"{H}/mcp", f"{H}/accounts/login/?next=/mcp", Cause.LOGIN),
        *(
            (f"{H}/mcp", f"{H}{path}", Cause.LOGIN)
            for path in ("/sign-in", "/signon", "/log_in", "/o?a=b&next=/", "/sso?redirect_to=/")
        ),
        (f"{H}/mcp", f"{H}/blogs/inbox", Cause.OTHER),
        (f"{H}/mcp", "https://login.example.net/", Cause.OFFSITE),
        (f"{H}/mcp", "javascript:alert(1)", Cause.OFFSITE),
        (f"{H}/mcp", f"{H}/mcp", Cause.LOOP),
    ],
)
def test_cause_of_a_redirect(url, to, expected):
    assert cause(url, to) is expected


@pytest.mark.parametrize(
    ("location", "to"),
    [
        ("/b", f"{H}/b"),
        ("b", f"{H}/a/b"),
        ("//x/", "https://x/"),
        ("http://[", "http://["),
        ("", None),
    ],
)
def test_target_is_an_absolute_url(location, to):
    answer = Answer("GET", f"{H}/a/a", 302, (("Location", location),))
    assert target(answer) == to


def test_other_statuses_go_nowhere():
    assert target(Answer("GET", H, 201, (("Location", "/b"),))) is None
