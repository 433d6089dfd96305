"""The judge of the attack reports each kind of bad answer, and requests can be made again."""

from __future__ import annotations

import pytest

from tests.robustness.attack import counts, verdict
from tests.robustness.attack.campaign import (
    SITES,
    Outcome,
    Plan,
    quickest,
    unexpected_tracebacks,
)
from tests.robustness.attack.judging import MOST_TIME, Seen, belongs_to_a_document, violations
from tests.robustness.attack.replies import Reply, first
from tests.robustness.attack.requests import Place, Request, make

BODY = b'{"keys": []}'
ANY_ORIGIN = ("access-control-allow-origin", "*")
REPORT = ("attack-report", "7 900")
PLACE = Place(b"127.0.0.1:8000", b"eyJ.eyJ.AAAA")
JWKS, MCP, TOKEN = b"/.well-known/jwks.json", b"/mcp", b"/oauth/mcp/token"


def request(target=JWKS, kind="document", octets=b"", **more):
    return Request(7, octets, kind, b"GET", target, b"c4n4ry7z", **more)


def judged(*fields, status=200, body=BODY, report=REPORT, asked=None, placement="entry"):
    """Return the violations of a good answer with some changes."""
    reply = Reply(status, (*filter(None, (report,)), *fields), body)
    return violations(Seen(asked or request(), reply, "gunicorn", placement, {BODY}))


def test_good_answer_breaks_no_rule():
    assert judged(ANY_ORIGIN) == []


@pytest.mark.parametrize(
    ("fields", "changes", "problem"),
    [
        ([ANY_ORIGIN], {"status": 500}, "the status is 500"),
        ([ANY_ORIGIN, ("location", "/x")], {"status": 302}, "a redirect: 302 ['/x']"),
        ([ANY_ORIGIN, ("set-cookie", "a=b")], {}, "a cookie is set"),
        ([ANY_ORIGIN, ("x-a", "C4n4ry7Z")], {}, "data of the request is in the answer"),
        ([ANY_ORIGIN], {"status": 404, "body": b"c4n4ry7z"}, "data of the request is in the"),
        ([ANY_ORIGIN, ("x-injected", "1")], {}, "data of the request is in the answer"),
        ([ANY_ORIGIN], {"body": b"{}"}, "a document is not the one that a plain request gets"),
        ([], {}, "Access-Control-Allow-Origin of a document is []"),
        ([ANY_ORIGIN, ANY_ORIGIN], {}, "Access-Control-Allow-Origin of a document is ['*', '*']"),
        (
            [ANY_ORIGIN, ("access-control-allow-credentials", "true")],
            {},
            "a document allows credentials",
        ),
        ([ANY_ORIGIN], {"report": ("attack-report", f"7 {MOST_TIME + 1}")}, "100 ms of processor"),
        ([ANY_ORIGIN], {"report": ("attack-report", "8 900")}, "this answers request 8"),
        ([], {"report": None, "status": 500}, "gunicorn itself answered 500"),
    ],
)
def test_bad_answer_is_reported(fields, changes, problem):
    (violation,) = judged(*fields, **changes)
    assert violation.startswith(problem)


@pytest.mark.parametrize(("kind", "target"), [("mcp", MCP), ("token", TOKEN)])
def test_endpoint_without_cors_is_reported(kind, target):
    asked = request(target, kind, origin="https://a.example")
    (violation,) = judged(asked=asked, status=401)
    assert violation.startswith("Access-Control-Allow-Origin of ")
    assert judged(ANY_ORIGIN, asked=asked, status=401) == []


def test_cookie_of_an_endpoint_is_reported():
    assert judged(("set-cookie", "a=b"), asked=request(MCP, "mcp")) == ["a cookie is set"]


def test_origin_that_cors_repeats_is_no_data_of_the_request():
    repeated = ("access-control-allow-origin", "https://c4n4ry7z.example")
    assert judged(repeated, asked=request(MCP, "mcp")) == []
    assert judged(("x-a", "c4n4ry7z"), asked=request(MCP, "mcp"))


def test_message_is_repeated_to_a_valid_token_only():
    answered = request(MCP, "mcp", has_token=True)
    assert judged(asked=answered, body=b'{"id": "c4n4ry7z"}') == []
    assert judged(asked=request(MCP, "mcp"), body=b'{"id": "c4n4ry7z"}')
    assert judged(asked=answered, status=401, body=b'{"id": "c4n4ry7z"}')


def test_closed_connection_does_not_make_a_slow_request_quick():
    slow, slower = ([Reply(200, (("attack-report", f"7 {us}"),), BODY)] for us in (10**6, 10**7))
    assert quickest([slower, slow, []]) == slow
    assert quickest([[]]) == []


def test_only_the_quickest_attempt_is_timed():
    reply = Reply(500, (("attack-report", f"7 {MOST_TIME + 1}"), ANY_ORIGIN), BODY)
    seen = Seen(request(), reply, "gunicorn", "entry", {BODY}, is_timed=False)
    assert violations(seen) == ["the status is 500"]


def test_refusal_of_a_host_by_django_needs_cors_only_behind_the_middleware():
    page = b"<h1>Bad Request (400)</h1>"
    assert judged(status=400, body=page, placement="views") == []
    assert judged(status=400, body=page, placement="middleware")


def test_preflight_before_the_views_needs_cors_only_behind_the_middleware():
    octets = b"OPTIONS / HTTP/1.1\r\nAccess-Control-Request-Method: GET\r\n"
    asked = request(octets=octets)._replace(method=b"OPTIONS")
    assert judged(body=b"", asked=asked, placement="views") == []
    assert judged(body=b"", asked=asked, placement="middleware")


def test_redirect_of_an_empty_path_is_no_answer_of_this_app():
    asked = request(b"?c4n4ry7z", "near miss")
    assert judged(("location", "/?c4n4ry7z"), status=301, asked=asked) == []


def test_time_of_a_hashed_secret_is_not_counted():
    slow = ("attack-report", f"7 {MOST_TIME + 1}")
    form = request(TOKEN, "token", octets=b"client_id=attacked&client_secret=x")
    assert judged(ANY_ORIGIN, report=slow, asked=form) == []
    assert judged(ANY_ORIGIN, report=slow, asked=form._replace(octets=b"client_id=attacked"))


def test_errors_of_a_server_itself_are_explained_one_by_one():
    assert judged(report=None, status=501) == []
    codec = request(JWKS + b"?a", octets=b"GET / HTTP/1.1\r\nContent-Type: a/b; charset=hex\r\n")
    assert judged(report=None, status=500, asked=codec) == []
    assert judged(report=None, status=500, asked=codec._replace(target=JWKS))


@pytest.mark.parametrize(
    ("target", "is_ours"),
    [
        (JWKS, True),
        (JWKS + b"/?a", True),
        (b"/%2ewell-known/jwks.json", True),
        (b"/.well-known/oauth-protected-resource/%ff", True),
        (b"/.well-known/jwks.jsonx", False),
        (b"/.well-known/jwks.json#x", False),
        (b"//.well-known/jwks.json", False),
        (b"http://a.example/.well-known/jwks.json", False),
    ],
)
def test_path_of_a_document_is_recognised(target, is_ours):
    assert belongs_to_a_document(target) is is_ours


def test_unexpected_traceback_is_reported():
    def log(error):
        return f"Traceback (most recent call last):\n  File x\n    y\n{error}: z\nmore\n"

    assert unexpected_tracebacks(log("django.core.exceptions.DisallowedHost")) == []
    (traceback,) = unexpected_tracebacks(log("django.core.exceptions.X") + log("KeyError"))[1:]
    assert traceback.endswith("KeyError: z")


def test_traceback_of_the_server_alone_is_expected():
    start, end = "Traceback (most recent call last):\n", "h11.Error: z\n"
    frames = [f'  File "/lib/{name}/x.py", line 1, in y\n    z()\n' for name in ("asyncio", "h11")]
    assert unexpected_tracebacks("".join([start, *frames, end])) == []
    ours = '  File "/src/mcp_oauth_discovery/x.py", line 1, in y\n    z()\n'
    assert unexpected_tracebacks("".join([start, *frames, ours, end]))


@pytest.mark.parametrize(
    ("octets", "method", "body", "rest"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP", "GET", b"{}", b"HTTP"),
        (b"HTTP/1.1 200 OK\r\nAttack-Report: 1 2\r\nContent-Length: 2\r\n\r\n", "HEAD", b"", b""),
        (b"HTTP/1.1 204 No\r\n\r\n", "GET", b"", b""),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nX",
            "GET",
            b"a",
            b"X",
        ),
        (b"HTTP/1.1 100 C\r\n\r\nHTTP/1.0 400 Bad\r\nA: b\r\n\r\nbody", "GET", b"body", b""),
    ],
)
def test_answer_ends_where_it_says(octets, method, body, rest):
    reply, left = first(octets, method, is_complete=True)
    assert (reply.body, left) == (body, rest)


def test_answer_that_is_not_complete_is_awaited():
    for octets in (b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{"):
        assert first(octets, "GET", is_complete=False) is None
    with pytest.raises(ValueError, match="no answer"):
        first(b"nonsense", "GET", is_complete=True)


def test_request_depends_on_seed_and_number_alone():
    made = [make(1, number, PLACE) for number in range(300)]
    assert made == [make(1, number, PLACE) for number in range(300)]
    assert made[7] != make(2, 7, PLACE)


def test_canary_is_in_every_request_and_in_no_other_one():
    for number in range(300):
        octets = make(1, number, PLACE).octets
        assert b"c4n4ry%dz" % number in octets
        assert b"c4n4ry%dz" % (number + 1) not in octets
        assert b"CANARY" not in octets
        assert b"TOKEN" not in octets


def test_each_site_gets_its_share_and_one_request_its_own_site():
    plan = Plan(100, 1)
    numbers = [number for position, *_ in plan.sites() for number in plan.numbers(position)]
    assert sorted(numbers) == list(range(100))
    (site,) = Plan(100, 1, only=8).sites()
    assert (site[1:], list(Plan(100, 1, only=8).numbers(site[0]))) == (SITES[8 % 6], [8])
    assert {site[1] for site in Plan(100, 1, server="uvicorn").sites()} == {"uvicorn"}


def test_summary_names_each_violation_and_how_to_repeat_it():
    outcome = Outcome("gunicorn, views")
    outcome.count(request(), [Reply(200, (REPORT,), BODY), Reply(400, (), b"")])
    outcome.count(request(), [])
    assert verdict(1, [outcome]) == ["2 requests. No problems found"]
    outcome.blame(request(octets=b"GET / HTTP/1.1"), "a cookie is set")
    outcome.blame(None, "a traceback")
    text = "\n".join([*counts(outcome), *verdict(1, [outcome])])
    for words in (
        "gunicorn, views: 2 requests",
        "answers of the site: 200: 1",
        "answers of the server itself: 400: 1",
        "closed without an answer: 1",
        "most processor time: 0.9 ms (request 7)",
        "2 requests, 2 violations",
        "gunicorn, views, --seed 1 --only 7: a cookie is set",
        "b'GET / HTTP/1.1'",
        "gunicorn, views, the whole site: a traceback",
    ):
        assert words in text
