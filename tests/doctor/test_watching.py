"""What the doctor shows while it sends its requests: lines without secrets, or progress."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management.base import OutputWrapper

from mcp_oauth_discovery.doctor.output.requests import request_line
from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure, Trouble
from mcp_oauth_discovery.doctor.transport.watching import Request, WatchedTransport
from mcp_oauth_discovery.doctor.walk import headers
from mcp_oauth_discovery.management.watching import watching
from tests.deprecations import STRICT
from tests.doctor.servers import answering, serving
from tests.doctor.world import ENDPOINT, ORIGIN, PRM, World
from tests.markdown import CHECKOUT

OK = Answer("GET", PRM, 200, (("Content-Type", "application/json"),), b"{}")


def line(request: Request | None = None, outcome: Answer | Failure = OK) -> str:
    return request_line(request or Request("GET", PRM, headers.DOCUMENT), outcome, 0.0123)


def url_of(url: str) -> str:
    return line(Request("GET", url, ())).split("  ")[1]


def sent(*fields: tuple[str, str]) -> str:
    """Return what the line says about the headers of a request."""
    text = line(Request("GET", PRM, (headers.NAMED, *fields)))
    return text.partition("  (sent ")[2].removesuffix(")")


def received(*fields: tuple[str, str]) -> str:
    """Return what the line says about the headers of an answer."""
    return line(outcome=Answer("GET", PRM, 200, fields)).partition("  (received ")[2][:-1]


def test_line_has_the_request_and_its_answer():
    assert line() == f"GET  {PRM}  200  application/json  2 bytes  12 ms"


def test_line_of_an_answer_that_was_cut_says_so():
    cut = Answer("GET", PRM, 200, (), b"ab", is_cut=True)
    assert line(outcome=cut) == f"GET  {PRM}  200  no type  2+ bytes  12 ms"


def test_line_without_an_answer_has_the_reason():
    failure = Failure("GET", PRM, Trouble.NAME, "no such host\x1b")
    assert line(outcome=failure) == f"GET  {PRM}  no answer: name, no such host\\x1b  12 ms"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"{ENDPOINT}?access_token=abc&x=1", f"{ENDPOINT}?access_token=***&x=1"),
        (f"{ENDPOINT}?x=1&TOKEN=abc#id_token=def", f"{ENDPOINT}?x=1&TOKEN=***#id_token=***"),
        (
            "https://a.example/?client_secret=a&api-key=",
            "https://a.example/?client_secret=***&api-key=",
        ),
        (f"{ENDPOINT}?code=b&api-key=c", f"{ENDPOINT}?code=***&api-key=***"),
        (f"{ENDPOINT}?next=%2Fa%3Fcode%3Db%26x", f"{ENDPOINT}?next=%2Fa%3Fcode%3D***%26x"),
        (f"{ENDPOINT}?session_id=a%20b", f"{ENDPOINT}?session_id=***"),
        ("https://user:pass@app.example.com/mcp", "https://***@app.example.com/mcp"),
        (f"{ENDPOINT}/eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln", f"{ENDPOINT}/***"),
        (f"{ENDPOINT}?tokens=1&decode=2", f"{ENDPOINT}?tokens=1&decode=2"),
    ],
)
def test_secrets_in_urls_are_cut(url, shown):
    assert url_of(url) == shown


@pytest.mark.parametrize("name", ["Authorization", "cookie", "Proxy-Authorization"])
def test_secrets_in_headers_are_cut(name):
    assert sent((name, "Bearer abc; d=e")) == f"{name}: ***"


def test_cookie_of_an_answer_has_only_its_name():
    cookies = (("Set-Cookie", "sessionid=abc; Path=/"), ("set-cookie", "b=c"))
    assert received(*cookies) == "Set-Cookie: sessionid=***; Set-Cookie: b=***"


def test_value_in_quotes_is_cut_up_to_the_quote():
    challenge = 'Bearer resource_metadata="https://a.example/?token=b", scope="mcp"'
    assert received(("WWW-Authenticate", challenge)) == (
        'WWW-Authenticate: Bearer resource_metadata="https://a.example/?token=***", scope="mcp"'
    )


def test_token_in_an_answer_is_cut():
    location = f"{ORIGIN}/cb?code=abc&state=def"
    assert received(("Location", location)) == f"Location: {ORIGIN}/cb?code=***&state=***"


def test_headers_that_explain_the_answer_are_in_the_line():
    request = headers.with_agent("node", headers.DOCUMENT)
    text = line(Request("GET", PRM, (*request, ("X-Forwarded-Host", "evil.example"))))
    assert text.endswith("  (sent User-Agent: node; X-Forwarded-Host: evil.example)")
    assert sent(*headers.ENDPOINT) == ""


def test_request_without_a_name_says_so():
    request = Request("GET", PRM, headers.with_agent("", headers.DOCUMENT))
    assert line(request).endswith(" ms  (sent no User-Agent)")


def test_line_is_safe_for_a_terminal_and_not_endless():
    hostile = Answer("GET", PRM, 200, (("Content-Type", "a\x1b\n" + "b" * 9999),), b"")
    text = line(outcome=hostile)
    assert text.isprintable()
    assert len(text) < 500


@pytest.mark.parametrize("part", ["eyJ-", "token", "%3Ftoken", "://u:p", "a-"])
def test_long_text_of_a_hostile_site_keeps_no_pattern_busy(part):
    assert len(received(("Location", part * 100_000))) < 500


def test_watch_is_called_around_each_request():
    calls: list[tuple[str, object]] = []

    class Watch:
        def begins(self, request):
            calls.append(("begins", request))

        def ends(self, request, outcome, seconds):
            assert seconds >= 0
            calls.append(("ends", outcome))

    world = World()
    outcome = WatchedTransport(world, Watch()).send("GET", PRM, headers.DOCUMENT)
    assert calls == [("begins", Request("GET", PRM, headers.DOCUMENT)), ("ends", outcome)]
    assert world.requests == [("GET", PRM, dict(headers.DOCUMENT))]


class Terminal(StringIO):
    """A terminal without a file descriptor."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "verbosity", "is_text"),
    [(StringIO(), 1, True), (Terminal(), 0, True), (Terminal(), 1, False)],
)
def test_nothing_is_shown_without_a_terminal_or_a_reader(stream, verbosity, is_text):
    with watching(OutputWrapper(stream), verbosity, is_text=is_text) as watch:
        assert watch is None
    assert stream.getvalue() == ""


def test_progress_is_one_line_that_is_replaced_and_cleared():
    stream = Terminal()
    with watching(OutputWrapper(stream), 1, is_text=True) as watch:
        for url in (f"{ENDPOINT}?token=secret\x1b", f"{ORIGIN}/{'a' * 99}"):
            watch.begins(Request("GET", url, ()))
            watch.ends(Request("GET", url, ()), OK, 0.1)
    drawn = stream.getvalue().split("\r")
    first = f"Request 1: GET {ENDPOINT}?token=***"
    second = f"Request 2: GET {ORIGIN}/{'a' * 99}"[:79]
    assert drawn == ["", f"{first:79}", "", second, "", " " * 79, ""]


def test_progress_is_cleared_when_the_check_is_interrupted():
    stream = Terminal()

    def interrupted() -> None:
        with watching(OutputWrapper(stream), 1, is_text=True) as watch:
            watch.begins(Request("GET", PRM, ()))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert stream.getvalue().endswith(f"\r{'':79}\r")


def test_terminal_without_a_request_stays_as_it_is():
    stream = Terminal()
    with watching(OutputWrapper(stream), 1, is_text=True):
        pass
    assert stream.getvalue() == ""


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_progress_is_on_a_real_terminal_and_for_people_only(options):
    ours, theirs = os.openpty()
    octets = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(octets)) as port:
        url = f"http://127.0.0.1:{port}/mcp"
        command = [sys.executable, "-m", "django", "mcp_discovery", "check", url, "--only", "reach"]
        environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": "", **STRICT}
        result = subprocess.run(
            [*command, *options],
            env=environment,
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            check=False,
        )
    # Something to read in any case: a terminal without anything would let the test wait.
    os.write(theirs, b"end")
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "Request" not in result.stdout
    is_for_people = not options
    assert shown.startswith("\rRequest 1: POST http://127.0.0.1:") is is_for_people
    assert ("Request" in shown) is is_for_people
