"""Signals and log records about accepted and refused tokens."""

from __future__ import annotations

import logging
from traceback import TracebackException

import pytest

from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.signals import token_accepted, token_refused
from tests import ORIGIN
from tests.protection import ways
from tests.protection.conftest import call, message

pytestmark = pytest.mark.django_db

RESOURCE = f"{ORIGIN}/mcp"


@pytest.fixture
def received():
    """Return the reasons that both signals have sent, with their resources."""
    received = []

    def receive(sender, *, signal, request, resource, reason, **kwargs):
        name = "accepted" if signal is token_accepted else "refused"
        assert issubclass(sender, BearerProtection)
        assert request.META["REQUEST_METHOD"] == "POST"
        received.append((name, resource, reason))

    for signal in (token_accepted, token_refused):
        signal.connect(receive)
    yield received
    for signal in (token_accepted, token_refused):
        signal.disconnect(receive)


@pytest.fixture
def records(caplog):
    """Return a function that gives the records about tokens."""
    caplog.set_level(logging.DEBUG, "mcp_oauth_discovery")
    return lambda: [
        record for record in caplog.records if getattr(record, "event", "").startswith("token.")
    ]


def test_accepted_token_is_signalled_and_logged(post, way, received, records):
    assert post(call("write"), "files-write", way=way).status_code == 200
    assert received == [("accepted", RESOURCE, "accepted")]
    [record] = records()
    assert (record.event, record.levelname) == ("token.accepted", "DEBUG")
    assert record.resource == RESOURCE


@pytest.mark.parametrize(
    ("token", "reason"),
    [("wrong", "wrong_audience"), ("mcp", "insufficient_scope"), ("bound", "sender_constrained")],
)
def test_refused_token_is_signalled_and_logged(post, way, received, records, token, reason):
    assert post(call("write"), token, way=way).status_code in (401, 403)
    assert received == [("refused", RESOURCE, reason)]
    [record] = records()
    assert (record.event, record.levelname) == ("token.refused", "INFO")
    assert (record.reason, record.resource) == (reason, RESOURCE)


@pytest.mark.parametrize(
    ("authorization", "reason"), [("Bearer", "malformed"), ("Bearer a, Bearer b", "repeated")]
)
def test_credentials_that_are_no_token_are_signalled(post, way, received, authorization, reason):
    assert post(call("write"), way=way, authorization=authorization).status_code in (400, 401)
    assert received == [("refused", RESOURCE, reason)]


def test_request_without_a_token_is_not_signalled(post, way, received, records):
    post(call("write"), way=way)
    post(message("tools/list"), way=way)
    post(message("tools/list"), way=way, authorization="Basic YTpi")
    assert received == records() == []


def test_record_says_what_was_expected_and_received_on_one_line_without_the_token(post, records):
    post(call("write"), "wrong")
    [record] = records()
    text = record.getMessage()
    assert text.startswith(f"Refused a token for {RESOURCE}: wrong_audience: expected aud")
    assert "https://evil.example.com/" in text
    assert "\n" not in text
    assert set(record.expected) == set(record.received) == {"aud"}
    assert record.request.META["HTTP_AUTHORIZATION"] == "********"


def test_token_in_the_details_is_hidden(post, records, monkeypatch):
    token = "a-secret-that-is-long"

    def verify(request, token, resource):
        raise ways.InvalidToken("no", received={"kid": token}, expected={"kid": token[:4]})

    protection = BearerProtection("/mcp", verify=verify)
    monkeypatch.setitem(ways.VIEWS, "sync", None)
    request = post(call("write"), token).wsgi_request
    protection(request)
    for record in records():
        assert token not in f"{record.getMessage()} {vars(record).get('received')}"
    assert any("********" in record.getMessage() for record in records())


@pytest.mark.parametrize("wrap", [str, lambda token: [token], lambda token: {"jwt": token}])
def test_no_part_of_a_long_token_is_in_the_record(rf, records, wrap):
    token = "".join(f"part{number}." for number in range(200))

    def verify(request, token, resource):
        raise ways.InvalidToken("no", received={"token": wrap(token)})

    request = rf.post("/mcp", headers={"authorization": f"Bearer {token}"})
    BearerProtection("/mcp", verify=verify)(request)
    [record] = records()
    assert "part" not in f"{record.getMessage()} {record.received}"


def test_scopes_of_a_token_that_lacks_one_are_in_the_record(post, records):
    post(call("write"), "mcp.other")
    [record] = records()
    assert record.expected == {"scope": "'files-write'"}
    assert record.received == {"scope": "'mcp other'"}


def test_receiver_that_fails_changes_no_answer(post, caplog):
    def fail(**kwargs):
        raise RuntimeError("receiver")

    token_accepted.connect(fail)
    try:
        assert post(call("write"), "files-write").status_code == 200
    finally:
        token_accepted.disconnect(fail)
    assert "receiver" in caplog.text


def test_refusal_for_an_unknown_resource_has_none(rf, received, records):
    request = rf.post("/mcp", headers={"authorization": "Bearer"})
    BearerProtection("/nowhere")(request)
    assert received == [("refused", None, "malformed")]
    assert records()[0].getMessage() == "Refused a token for no resource: malformed"


def test_report_about_a_receiver_that_fails_has_no_token(rf, caplog):
    secrets = ["x" * 40, "y" * 40]

    def verify(request, token, resource):
        raise ways.InvalidToken("no")

    def fail(**kwargs):
        raise RuntimeError("receiver")

    token_refused.connect(fail)
    try:
        for header in (f"Bearer {secrets[0]}", f'Bearer "{secrets[1]}"'):
            request = rf.post("/mcp", headers={"authorization": header})
            BearerProtection("/mcp", verify=verify)(request)
    finally:
        token_refused.disconnect(fail)
    failures = [record.exc_info for record in caplog.records if record.name == "django.dispatch"]
    reports = [TracebackException(*failure, capture_locals=True) for failure in failures]
    texts = ["".join(report.format()) for report in reports]
    assert ["receiver" in text for text in texts] == [True, True]
    assert not any(secret in text for text in texts for secret in secrets)
