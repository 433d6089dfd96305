"""What is answered while an issuer is down, slow, or changes its keys."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from mcp_oauth_discovery.signing import InvalidToken, Unavailable
from mcp_oauth_discovery.verifiers.cached_keys import (
    LONGEST_PAUSE,
    STALE_FOR,
    UNKNOWN_KEY_EVERY,
    CachedKeys,
)
from mcp_oauth_discovery.verifiers.forked import reset_all
from mcp_oauth_discovery.verifiers.issuer_documents import Reading
from mcp_oauth_discovery.verifiers.key_sets import KeySet
from tests.outside.providers import jwk, rsa_key
from tests.outside.servers import Reply

DOWN = Reply({"error": "server_error"}, 500)


@pytest.fixture
def unavailable(verify):
    """Return the error of a token that cannot be verified now."""

    def unavailable(token, **kwargs):
        with pytest.raises(Unavailable) as caught:
            verify(token, **kwargs)
        return caught.value

    return unavailable


@pytest.fixture
def go_down(provider, server):
    def go_down(reply=DOWN):
        for path in list(server.replies):
            server.replies[path] = reply

    return go_down


def test_keys_are_kept_for_five_minutes(provider, verify, clock):
    for _ in range(3):
        verify(provider.token())
    clock.now += 299
    verify(provider.token())
    assert provider.requests_for_keys == 1
    clock.now += 2
    verify(provider.token())
    assert provider.requests_for_keys == 2


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("max-age=900", 900),
        ("public, MAX-AGE=900, must-revalidate", 900),
        ('max-age="900"', 900),
        ("max-age=0", 60),
        ("no-store", 300),
        ("max-age=86400", 3600),
        ("s-maxage=900", 300),
        ("max-age=nonsense", 300),
    ],
)
def test_max_age_of_the_issuer_counts_within_limits(
    provider, verify, clock, cache_control, seconds
):
    provider.publish(provider.jwk(), headers={"Cache-Control": cache_control})
    verify(provider.token())
    clock.now += seconds - 1
    verify(provider.token())
    assert provider.requests_for_keys == 1
    clock.now += 2
    verify(provider.token())
    assert provider.requests_for_keys == 2


def test_metadata_is_kept_longer_than_the_keys(provider, server, verify, clock):
    verify(provider.token())
    clock.now += 301
    verify(provider.token())
    assert server.paths().count(provider.form.metadata) == 1
    clock.now += 3301
    verify(provider.token())
    assert server.paths().count(provider.form.metadata) == 2


def test_withdrawn_key_is_refused_when_the_copy_is_out_of_date(provider, verify, refused, clock):
    token = provider.token()
    verify(token)
    provider.rotate()
    clock.now += 301
    assert refused(token) == "unknown_key"


def test_unknown_keys_are_asked_for_once_in_ten_seconds(provider, verify, refused, clock):
    verify(provider.token())
    forged = provider.token(header={"kid": "unknown"})
    for _ in range(3):
        assert refused(forged) == "unknown_key"
    assert provider.requests_for_keys == 2
    clock.now += UNKNOWN_KEY_EVERY
    provider.rotate()
    assert verify(provider.token())
    assert provider.requests_for_keys == 3


def test_token_without_kid_finds_the_new_key(provider, verify, refused):
    verify(provider.token(header={"kid": None}))
    provider.rotate(kid=None)
    assert verify(provider.token())
    assert refused(provider.token(key=rsa_key(1))) == "bad_signature"


def test_last_keys_are_used_while_the_issuer_is_down(provider, verify, go_down, clock, caplog):
    verify(provider.token())
    go_down()
    clock.now += 301
    assert verify(provider.token())
    [record] = [each for each in caplog.records if each.name == "mcp_oauth_discovery"]
    assert (record.event, record.levelname) == ("issuer.stale", "WARNING")
    assert f"{provider.jwks_uri}: the status is 500" in record.getMessage()


def test_last_keys_are_not_used_after_a_day(provider, verify, unavailable, go_down, clock):
    verify(provider.token())
    go_down()
    clock.now += 300 + STALE_FOR - 1
    verify(provider.token())
    clock.now += LONGEST_PAUSE
    assert "the status is 500" in str(unavailable(provider.token()))


def test_issuer_that_is_back_is_used_again(provider, verify, refused, go_down, clock):
    old = provider.token()
    verify(old)
    go_down()
    clock.now += 301
    verify(old)
    provider.publish_metadata()
    provider.rotate()
    clock.now += 2
    assert verify(provider.token())
    assert refused(old) == "unknown_key"


def test_without_keys_an_outage_is_no_fault_of_the_token(provider, server, unavailable, go_down):
    go_down()
    error = unavailable(provider.token())
    assert str(error).startswith(f"The keys of the issuer {provider.issuer} cannot be read: ")
    assert str(error).count("the status is") == 3
    assert error.retry_after == 1


def test_unknown_key_in_an_outage_is_no_fault_of_the_token(
    provider, verify, unavailable, go_down, clock
):
    verify(provider.token())
    go_down()
    provider.key, provider.kid = rsa_key(2), "new"
    assert "the status is 500" in str(unavailable(provider.token()))
    # The issuer is not asked during the pause.
    provider.publish_metadata()
    provider.publish(provider.jwk())
    unavailable(provider.token())
    clock.now += 2
    assert verify(provider.token())


def test_pause_after_a_failure_grows_up_to_a_minute(provider, server, unavailable, go_down, clock):
    go_down()
    pauses = []
    for _ in range(9):
        asked = len(server.received)
        pauses.append(unavailable(provider.token()).retry_after)
        assert len(server.received) > asked
        asked = len(server.received)
        clock.now += pauses[-1] - 0.5
        unavailable(provider.token())
        assert len(server.received) == asked
        clock.now += 0.5
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_server_that_is_not_there_is_an_outage(make_issuer, provider, unavailable):
    remote = make_issuer("http://127.0.0.1:9")
    token = provider.token(iss="http://127.0.0.1:9")
    assert "NewConnectionError" in str(unavailable(token, verifier=remote))


@pytest.mark.parametrize("is_in_head", [False, True])
def test_answer_that_drips_is_an_outage(provider, server, make_issuer, unavailable, is_in_head):
    remote = make_issuer(timeout=0.3)
    server.replies[provider.form.jwks] = server.drip({"keys": [provider.jwk()]}, head=is_in_head)
    assert "within 0.3 seconds" in str(unavailable(provider.token(), verifier=remote))


def test_answer_that_never_comes_delays_few_requests(
    provider, server, make_issuer, verify, unavailable
):
    remote = make_issuer(timeout=0.3)
    server.replies[provider.form.jwks] = server.hang
    for _ in range(20):
        unavailable(provider.token(), verifier=remote)
    assert provider.requests_for_keys == 1


def test_metadata_that_never_comes_is_an_outage(provider, server, make_issuer, unavailable):
    remote = make_issuer(timeout=0.2)
    path = f"/.well-known/oauth-authorization-server{provider.form.issuer}"
    server.replies[path] = server.hang
    assert "within 0.2 seconds" in str(unavailable(provider.token(), verifier=remote))
    assert server.paths() == [path]


def test_slow_issuer_does_not_delay_tokens_of_known_keys(
    provider, server, verify, remote, clock, monkeypatch
):
    monkeypatch.setattr("mcp_oauth_discovery.verifiers.cached_keys.SHORT_WAIT", 0.01)
    verify(provider.token())
    may_answer = threading.Event()
    reply = server.replies[provider.form.jwks]

    def answer_late(handler):
        may_answer.wait()
        handler.send(reply)

    server.replies[provider.form.jwks] = answer_late
    clock.now += 301
    for _ in range(3):
        assert verify(provider.token())
    attempt = remote._keys._attempt  # noqa: SLF001
    assert not attempt.future.done()
    may_answer.set()
    attempt.future.result(10)
    assert provider.requests_for_keys == 2
    assert remote._keys.current().read_at == clock.now  # noqa: SLF001


def test_many_threads_ask_once(provider, server, verify):
    token, barrier = provider.token(), threading.Barrier(8)
    reply = server.replies[provider.form.jwks]
    waiting = threading.Event()

    def answer_late(handler):
        waiting.wait(0.3)
        handler.send(reply)

    server.replies[provider.form.jwks] = answer_late

    def call(number):
        barrier.wait()
        return verify(token)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(call, range(8)))
    assert provider.requests_for_keys == 1


def test_many_threads_with_a_new_key_ask_once(provider, verify):
    verify(provider.token())
    provider.rotate()
    token, barrier = provider.token(), threading.Barrier(8)

    def call(number):
        barrier.wait()
        return verify(token)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(call, range(8)))
    assert provider.requests_for_keys == 2


def test_thread_that_comes_late_gets_the_keys_that_another_has_read(
    provider, verify, remote, clock
):
    keys = remote._keys  # noqa: SLF001
    copy = keys.current()
    provider.rotate()
    verify(provider.token())
    clock.now += UNKNOWN_KEY_EVERY
    assert keys.newer_than(copy) is keys.current() is not copy
    assert provider.requests_for_keys == 2


def test_reading_that_another_thread_has_just_ended_is_not_repeated(clock):
    readings, meanwhile = [], []

    def read():
        readings.append(clock.now)
        return Reading(KeySet([]), 300)

    def time():
        now = clock.now
        # What another thread does after this one has found its copy out of date.
        while meanwhile:
            meanwhile.pop()()
        return now

    cache = CachedKeys("https://login.example.com", read, 5, time)
    cache.current()
    clock.now += 301
    meanwhile.append(cache.current)
    cache.current()
    assert readings == [1000, 1301]


def test_empty_set_is_no_fault_of_the_token(provider, verify, unavailable, clock):
    provider.publish()
    text = f"The issuer {provider.issuer} publishes no key that verifies tokens"
    assert str(unavailable(provider.token())) == text
    provider.publish(provider.jwk())
    clock.now += 11
    assert verify(provider.token())


def test_empty_set_withdraws_the_keys_before(provider, verify, unavailable, clock):
    verify(provider.token())
    provider.publish({"kty": "oct", "k": "c2VjcmV0"}, {**provider.jwk(), "use": "enc"})
    clock.now += 301
    unavailable(provider.token())


def test_set_of_a_thousand_keys_is_used(provider, verify):
    others = [{**jwk(rsa_key(2)), "kid": f"{number}"} for number in range(999)]
    provider.publish(*others, provider.jwk(x5c=["MIIC" * 400]))
    assert verify(provider.token())
    assert verify(provider.token(key=rsa_key(2), header={"kid": "998"}))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
def test_forked_child_keeps_the_keys_but_no_reading_and_no_connection(
    provider, server, verify, remote, clock
):
    verify(provider.token())
    server.replies[provider.form.jwks] = server.hang
    clock.now += 301
    verify(provider.token())
    cache, client = remote._keys, remote._keys._read.__self__._client  # noqa: SLF001
    with warnings.catch_warnings():
        # Python 3.12 and newer warn of a fork while threads run, which is the subject here.
        warnings.filterwarnings("ignore", "This process", DeprecationWarning)
        child = os.fork()
    if child == 0:
        is_reset = cache._attempt is None and cache._copy and not client._managers  # noqa: SLF001
        os._exit(0 if is_reset else 7)
    assert os.waitpid(child, 0)[1] == 0
    assert cache._attempt  # noqa: SLF001
    assert client._managers  # noqa: SLF001


def test_what_is_reset_is_made_again(provider, verify):
    verify(provider.token())
    reset_all()
    provider.rotate()
    assert verify(provider.token())


def test_unexpected_error_is_logged_with_its_traceback(
    provider, remote, unavailable, caplog, monkeypatch
):
    def read():
        raise ZeroDivisionError("of a bug")

    monkeypatch.setattr(remote._keys, "_read", read)  # noqa: SLF001
    assert str(unavailable(provider.token())).endswith("cannot be read: ZeroDivisionError")
    [record] = caplog.records
    assert (record.event, record.levelno) == ("issuer.failed", logging.ERROR)
    assert record.exc_info[0] is ZeroDivisionError


def test_refusal_of_a_token_is_no_outage(provider, verify, go_down):
    verify(provider.token())
    go_down()
    with pytest.raises(InvalidToken):
        verify(provider.token(exp=1))
