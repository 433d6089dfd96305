from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.redirects import cause, target

H = "https://h.example.com"


@pytest.mark.parametrize(
    ("url", "to", "code"),
    [
        ("http://h.example.com/mcp", f"{H}/mcp", "redirect-https"),
        (f"{H}/mcp", "http://h.example.com/mcp", "redirect-www"),
        (f"{H}/mcp", "https://www.h.example.com/mcp", "redirect-www"),
        ("https://www.h.example.com/mcp", f"{H}/mcp", "redirect-www"),
        ("http://127.0.0.1:8000/mcp", "http://www.127.0.0.1:8000/mcp", "redirect-www"),
        ("http://127.0.0.1:8000/mcp", "http://www.127.0.0.2:8000/mcp", "redirect-offsite"),
        (f"{H}/mcp", f"{H}/mcp/", "redirect-slash"),
        (f"{H}/mcp/", f"{H}/mcp", "redirect-slash"),
        (f"{H}/mcp", f"{H}/mcp?cookie_check=1", "redirect-other"),
        (f"{H}/mcp?a", f"{H}/mcp/?a", "redirect-slash"),
        (f"{H}/mcp", f"{H}/en/mcp", "redirect-language"),
        (f"{H}/mcp", f"{H}/zh-hant/mcp/", "redirect-language"),
        (f"{H}/mcp", f"{H}/api/v2/mcp", "redirect-other"),
        (f"{H}/mcp", f"{H}/accounts/login/?next=/mcp", "redirect-login"),
        *(
            (f"{H}/mcp", f"{H}{path}", "redirect-login")
            for path in ("/sign-in", "/signon", "/log_in", "/o?a=b&next=/", "/sso?redirect_to=/")
        ),
        (f"{H}/mcp", f"{H}/blogs/inbox", "redirect-other"),
        (f"{H}/mcp", "https://login.example.net/", "redirect-offsite"),
        (f"{H}/mcp", "javascript:alert(1)", "redirect-offsite"),
        (f"{H}/mcp", f"{H}/mcp", "redirect-loop"),
    ],
)
def test_cause_of_a_redirect(url, to, code):
    assert cause(url, to) == code


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
