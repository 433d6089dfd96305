"""Opaque tokens, about which the server that issued them is asked."""

from __future__ import annotations

import base64
import json
import threading
import time
from urllib.parse import parse_qs

import pytest

from mcp_oauth_discovery.protection import granted_scope
from mcp_oauth_discovery.signing import InvalidToken, NotMine, Unavailable
from mcp_oauth_discovery.verifiers import Introspection
from tests.outside.providers import MCP, encode
from tests.outside.servers import Reply

PATH = "/oauth2/introspect"
TOKEN = "2YotnFZFEjr1zCsicMWpAA"


@pytest.fixture
def answer(server):
    """Set what the server says of each token."""

    def answer(status=200, headers=None, **claims):
        active = {"active": True, "aud": MCP, "sub": "ada", "scope": "mcp"}
        content = {**active, **claims}
        content = {name: value for name, value in content.items() if value is not None}
        server.replies[PATH] = Reply(content, status, headers or {})

    answer()
    return answer


@pytest.fixture
def remote(server, answer):
    return Introspection(f"{server.origin}{PATH}", "the id", "s:cret &+", timeout=5)


def test_active_token_has_the_claims_of_the_answer(verify):
    claims = verify(TOKEN)
    assert claims["sub"] == "ada"
    assert granted_scope(claims) == {"mcp"}


def test_request_has_the_token_and_the_credentials(verify, server):
    verify(TOKEN)
    [request] = server.received
    assert request.method == "POST"
    assert parse_qs(request.body) == {"token": [TOKEN], "token_type_hint": ["access_token"]}
    scheme, _, encoded = request.headers["authorization"].partition(" ")
    # RFC 6749 §2.3.1: both are encoded as in a form.
    assert (scheme, base64.b64decode(encoded)) == ("Basic", b"the+id:s%3Acret+%26%2B")


def test_every_use_is_asked_about(verify, server):
    for _ in range(3):
        verify(TOKEN)
    assert len(server.received) == 3


def test_jwt_is_not_recognised(verify, server):
    with pytest.raises(NotMine):
        verify(f"{encode({'alg': 'RS256'})}.{encode({'iss': 'https://other.example.com'})}.eA")
    assert server.received == []


@pytest.mark.parametrize(
    "token", [f"{encode({'alg': 'dir', 'enc': 'A128GCM'})}....", "a.b.c", "ory_at_x.y"]
)
def test_what_is_no_signed_jwt_is_asked_about(verify, server, token):
    verify(token)
    assert len(server.received) == 1


@pytest.mark.parametrize("token", ["\udcff", "é"])
def test_token_that_no_server_issues_is_refused(refused, server, token):
    assert refused(token) == "malformed"
    assert server.received == []


@pytest.mark.parametrize("active", [False, None, "true", 1, [True]])
def test_token_that_is_not_active_is_refused(answer, refused, active):
    answer(active=active)
    assert refused(TOKEN) == "inactive"


@pytest.mark.parametrize("aud", [None, "https://app.example.com/other", [], [f"{MCP}/"], 7])
def test_token_for_no_or_another_audience_is_refused(answer, refused, aud):
    answer(aud=aud)
    assert refused(TOKEN) == "wrong_audience"


def test_audience_may_be_another_one(server, answer, verify, refused):
    url = f"{server.origin}{PATH}"
    remote = Introspection(url, "id", "secret", audience=["my-api", "other"])
    answer(aud=["my-api"])
    assert verify(TOKEN, verifier=remote)
    answer()
    assert refused(TOKEN, verifier=remote) == "wrong_audience"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": "tomorrow"}, "bad_claim"),
        ({"nbf": 99999999999}, "not_yet_valid"),
        ({"token_type": "DPoP"}, "wrong_type"),
        ({"token_type": 7}, "wrong_type"),
        ({"token_use": "refresh_token"}, "wrong_type"),
        ({"typ": "Refresh"}, "wrong_type"),
    ],
    ids=json.dumps,
)
def test_claims_that_do_not_fit_are_refused(answer, refused, claims, reason):
    answer(**claims)
    assert refused(TOKEN) == reason


@pytest.mark.parametrize(
    "claims",
    [
        {"token_type": "Bearer"},
        {"token_type": "bearer"},
        {"token_type": "access_token"},
        {"token_use": "access_token"},
    ],
    ids=json.dumps,
)
def test_access_token_may_have_a_type_and_an_end(answer, verify, claims):
    answer(exp=time.time() + 60, **claims)
    assert verify(TOKEN)


def test_scp_is_a_scope(answer, verify):
    answer(scope=None, scp=["mcp"])
    assert granted_scope(verify(TOKEN)) == {"mcp"}


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (500, {}, 30),
        (400, {}, 30),
        (302, {"Location": "/elsewhere"}, 30),
        (429, {"Retry-After": "7"}, 7),
        (503, {"Retry-After": "99999"}, 600),
        (503, {"Retry-After": "0"}, 1),
        (503, {"Retry-After": "9" * 5000}, 30),
        (503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
    ],
)
def test_other_status_is_an_outage(answer, verify, server, status, headers, seconds):
    answer(status, headers)
    with pytest.raises(Unavailable, match=f"the status is {status}") as caught:
        verify(TOKEN)
    assert caught.value.retry_after == seconds
    assert len(server.received) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_wrong_credentials_of_this_site_are_no_fault_of_the_token(answer, verify, caplog, status):
    answer(status)
    with pytest.raises(Unavailable):
        verify(TOKEN)
    [record] = caplog.records
    assert (record.event, record.levelname) == ("introspection.refused", "ERROR")
    assert f"({status}): check client_id and client_secret" in record.getMessage()
    assert TOKEN not in record.getMessage()


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b"[]", b"[" * 100_000, b"x" * 70_000])
def test_what_is_no_answer_is_an_outage(server, verify, answer, body):
    server.replies[PATH] = Reply(body)
    with pytest.raises(Unavailable) as caught:
        verify(TOKEN)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("kind", ["hang", "drip"])
def test_slow_answer_is_an_outage(server, answer, verify, kind):
    content = {"active": True, "aud": MCP, "padding": "x" * 200}
    server.replies[PATH] = server.hang if kind == "hang" else server.drip(content)
    remote = Introspection(f"{server.origin}{PATH}", "id", "secret", timeout=0.2)
    with pytest.raises(Unavailable, match=r"no complete answer within 0\.2 seconds"):
        verify(TOKEN, verifier=remote)


def test_look_up_of_a_name_that_hangs_is_an_outage(remote, verify, server, monkeypatch):
    remote.timeout = 0.05
    monkeypatch.setattr(remote._client, "send", lambda *args, **kw: server.is_over.wait())  # noqa: SLF001
    with pytest.raises(Unavailable, match=r"within 0\.05 seconds"):
        verify(TOKEN)


@pytest.fixture
def short_wait(monkeypatch):
    monkeypatch.setattr("mcp_oauth_discovery.verifiers.introspection.SHORT_WAIT", 0.05)


def test_requests_wait_less_after_one_without_an_answer(server, answer, verify, short_wait):
    remote = Introspection(f"{server.origin}{PATH}", "id", "secret", timeout=0.2)
    for seconds in (0.2, 0.05, 0.05):
        server.replies[PATH] = server.hang
        with pytest.raises(Unavailable, match=rf"within {seconds} seconds"):
            verify(TOKEN, verifier=remote)
    answer()
    assert verify(TOKEN, verifier=remote)
    server.replies[PATH] = server.hang
    with pytest.raises(Unavailable, match=r"within 0\.2 seconds"):
        verify(TOKEN, verifier=remote)


def test_late_answer_shows_that_the_server_is_back(server, answer, remote, verify, short_wait):
    reply, may_answer = server.replies[PATH], threading.Event()
    server.replies[PATH] = lambda handler: None
    with pytest.raises(Unavailable, match="ProtocolError"):
        verify(TOKEN)

    def answer_late(handler):
        may_answer.wait()
        handler.send(reply)

    server.replies[PATH] = answer_late
    with pytest.raises(Unavailable, match=r"within 0\.05 seconds"):
        verify(TOKEN)
    may_answer.set()
    [thread] = [each for each in threading.enumerate() if each.name == "mcp-introspection"]
    thread.join(10)
    server.replies[PATH] = server.hang
    remote.timeout = 0.3
    with pytest.raises(Unavailable, match=r"within 0\.3 seconds"):
        verify(TOKEN)


def test_server_that_is_not_there_is_an_outage(verify):
    remote = Introspection("http://127.0.0.1:9/introspect", "id", "secret")
    with pytest.raises(Unavailable, match="introspect cannot verify the token"):
        verify(TOKEN, verifier=remote)


def test_refused_token_is_not_shown(answer, verify):
    answer(active=False)
    with pytest.raises(InvalidToken) as caught:
        verify(TOKEN)
    assert TOKEN not in f"{caught.value}{caught.value.received}"


def test_repr_has_no_secret(remote):
    assert repr(remote) == f"Introspection({remote.url!r}, 'the id')"
    assert "cret" not in f"{vars(remote)}"
    assert base64.b64encode(b"the+id:s%3Acret+%26%2B").decode() not in f"{vars(remote)}"
