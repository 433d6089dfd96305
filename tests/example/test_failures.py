"""A token endpoint that cannot issue tokens: JSON for the client, and what to type in the log."""

from __future__ import annotations

import logging
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.db import OperationalError, connection

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.contrib import oauth_toolkit
from mcp_oauth_discovery.models import SigningKey
from tests.example.walk import MCP, stopped

pytestmark = pytest.mark.usefixtures("example")


@pytest.fixture
def walk(walk):
    walk.http.defaults["HTTP_ORIGIN"] = "https://other.example.com"
    return walk


def failed(response, caplog, words):
    """Check that the client gets an error, and that the log has its reason."""
    assert (response.status_code, response.content) == (500, b'{"error": "server_error"}')
    assert response["content-type"] == "application/json"
    assert response["cache-control"] == "no-store"
    assert response["access-control-allow-origin"] == "*"
    [record] = [one for one in caplog.records if getattr(one, "event", "") == "token.failed"]
    assert (record.name, record.levelname) == ("mcp_oauth_discovery", "ERROR")
    assert record.getMessage().startswith("/oauth/mcp/token answered 500. ")
    assert words in record.getMessage()
    assert record.getMessage().isprintable()
    return record


def remove_keys(settings):
    SigningKey.objects.all().delete()


def other_algorithm(settings):
    settings.MCP_SIGNING_ALGORITHMS = ["RS256"]


def unpin(settings):
    del settings.MCP_ISSUER


def wrong_issuer(settings):
    settings.MCP_ISSUER = "https://app.example.com/?wrong"


def other_secret(settings):
    settings.SECRET_KEY = "which does not open the private keys"


FAULTS = [
    (remove_keys, "Run 'manage.py mcp_keys rotate --algorithm ES256'."),
    (other_algorithm, "Run 'manage.py mcp_keys rotate --algorithm RS256'."),
    (unpin, "MCP_ISSUER"),
    (wrong_issuer, "MCP_ISSUER"),
    (other_secret, "SECRET_KEY"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_code_for_which_nothing_can_be_signed(walk, settings, caplog, fault, words):
    code = walk.code()
    fault(settings)
    failed(walk.exchange(code), caplog, words)


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_refresh_token_for_which_nothing_can_be_signed(
    walk, tokens, settings, caplog, fault, words
):
    fault(settings)
    failed(walk.refresh(tokens["refresh_token"]), caplog, words)


def test_code_and_refresh_token_are_good_once_there_is_a_key(walk, tokens):
    code = walk.code()
    remove_keys(None)
    assert walk.exchange(code).status_code == 500
    assert walk.refresh(tokens["refresh_token"]).status_code == 500
    rotation.rotate("ES256")
    assert walk.exchange(code).status_code == 200
    assert walk.refresh(tokens["refresh_token"]).status_code == 200


FORGED = "nothing\r\nERROR the keys are gone\x1b[31m"


def circle():
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first
    return first


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OperationalError("no such table: x"), "Has 'manage.py migrate' been run?"),
        (ImproperlyConfigured(FORGED), r"nothing\r\nERROR"),
        (RuntimeError(), "RuntimeError"),
        (circle(), "first"),
        (RecursionError(FORGED), "the keys are gone"),
        (SuspiciousOperation(FORGED), "the keys are gone"),
    ],
)
def test_client_gets_json_for_every_failure(walk, monkeypatch, caplog, error, words):
    code = walk.code()

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(oauth_toolkit.Validator, "save_bearer_token", fail)
    failed(walk.exchange(code), caplog, words)


@pytest.mark.parametrize("is_atomic", [False, True])
def test_database_that_fails_first_is_a_json_error(walk, caplog, monkeypatch, is_atomic):
    code = walk.code()
    # The transaction of the request would begin outside of the view.
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", is_atomic)

    def refuse(execute, *args):
        raise OperationalError("server closed the connection\n\tunexpectedly")

    with connection.execute_wrapper(refuse):
        response = walk.exchange(code)
    failed(response, caplog, "server closed the connection")


def frames(error):
    """Yield the frames of an error and of those behind it."""
    while error is not None:
        step = error.__traceback__
        while step is not None:
            yield step.tb_frame
            step = step.tb_next
        error = error.__cause__ or error.__context__


def test_record_has_the_traceback_and_no_code(walk, caplog):
    code = walk.code()
    remove_keys(None)
    record = failed(walk.exchange(code), caplog, "mcp_keys rotate")
    error = record.exc_info[1]
    assert "find_signing_key" in logging.Formatter().formatException(record.exc_info)
    assert not hasattr(record, "request")
    running = {id(frame) for frame in frames_of_this_thread()}
    seen = [frame for frame in frames(error) if id(frame) not in running]
    assert len(seen) > 5
    assert code not in repr([frame.f_locals for frame in seen])


def frames_of_this_thread():
    frame = sys._getframe()  # noqa: SLF001
    while frame is not None:
        yield frame
        frame = frame.f_back


def test_revocation_that_fails_is_json_as_well(walk, tokens, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(oauth_toolkit.Validator, "revoke_token", fail)
    response = walk.revoke(tokens["access_token"])
    assert (response.status_code, response.content) == (500, b'{"error": "server_error"}')
    assert "/oauth/mcp/revoke answered 500. gone" in caplog.text


# Before the user is asked


@pytest.mark.parametrize("fault", [unpin, wrong_issuer])
@pytest.mark.parametrize("resource", [MCP, None])
def test_user_is_not_asked_where_no_token_can_follow(walk, settings, caplog, fault, resource):
    settings.MCP_RESOURCES = {"/mcp": {}}
    fault(settings)
    answer = stopped(walk.ask(resource=resource))
    assert (answer["error"], answer["state"]) == ("server_error", "of this walk")
    [record] = [one for one in caplog.records if hasattr(one, "event")]
    assert (record.event, record.levelname) == ("authorization.failed", "ERROR")
    assert "MCP_ISSUER" in record.getMessage()
