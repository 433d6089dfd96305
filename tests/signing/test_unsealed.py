"""Private keys in memory: for a few seconds, for the row as it is, and shown nowhere."""

from __future__ import annotations

import gc
import os
import pickle
import threading
import warnings
import weakref
from pprint import pformat

import pytest
from cryptography.fernet import Fernet
from django.db.models import QuerySet
from django.views.debug import ExceptionReporter

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys.cache import READ_AT_MOST_EVERY
from mcp_oauth_discovery.models import SigningKey, Unusable
from mcp_oauth_discovery.signing import NoSigningKey, sign_jwt
from mcp_oauth_discovery.signing.unsealed import MOST_KEPT, UnsealedKeys, unsealed_keys
from tests.keys import NOW, is_private_in, make_key, new_key
from tests.signing.calls import calls
from tests.signing.tokens import CLAIMS, verify

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _dropped():
    unsealed_keys.drop()
    # A collection takes half a second with the objects of all tests. Only those of this one matter.
    gc.freeze()
    yield
    gc.unfreeze()
    unsealed_keys.drop()


def sign(key):
    return sign_jwt(CLAIMS, algorithm=key.algorithm, now=NOW)


def elsewhere(key, **changes):
    """Change the row of a key as another process does: this one does not notice."""
    QuerySet.update(SigningKey.objects.filter(pk=key.pk), **changes)


def kept(key, memory=unsealed_keys):
    """Keep a key in memory, and return a function that says whether it is still there."""
    reference = weakref.ref(memory.get(SigningKey.objects.get(pk=key.pk)))

    def is_kept():
        gc.collect()
        return reference() is not None

    assert is_kept()
    return is_kept


def test_further_signatures_do_not_decrypt(each):
    tokens = [sign(each)]
    with calls(SigningKey.unseal) as counted:
        tokens += [sign(each), sign(each)]
    assert counted() == 0
    assert all(verify(token)["sub"] == "7" for token in tokens)


def test_row_is_read_for_each_signature(key, django_assert_num_queries):
    sign(key)
    # The query is between a savepoint and its release: the test is in a transaction.
    with django_assert_num_queries(3):
        sign(key)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"revoked_at": NOW}, "No EdDSA key is active"),
        ({"retires_at": NOW}, "No EdDSA key is active"),
        ({"private_key": ""}, "is not in the key store"),
        ({"private_key": "gAAAA"}, "cannot be decrypted"),
        ({"public_jwk": {}}, "The JWK Set leaves"),
    ],
    ids=["revoked", "retired", "erased", "damaged", "public"],
)
def test_change_by_another_process_takes_effect_immediately(key, changes, reason):
    sign(key)
    elsewhere(key, **changes)
    with pytest.raises(NoSigningKey, match=reason):
        sign(key)


def test_private_key_of_another_row_does_not_sign(key):
    sign(key)
    elsewhere(key, private_key=new_key().private_key)
    with pytest.raises(NoSigningKey, match="belongs to another key"):
        sign(key)


@pytest.mark.parametrize("secret", ["SECRET_KEY", "SECRET_KEY_FALLBACKS"])
def test_lost_secret_takes_effect_immediately(settings, secret):
    settings.SECRET_KEY_FALLBACKS = ["former"]
    settings.SECRET_KEY, present = "former", settings.SECRET_KEY
    key = rotation.rotate("EdDSA", now=NOW)
    if secret == "SECRET_KEY_FALLBACKS":
        settings.SECRET_KEY = present
    sign(key)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = present, []
    with pytest.raises(NoSigningKey, match="cannot be decrypted"):
        sign(key)


def test_encryption_key_that_is_removed_in_place_takes_effect_immediately(settings):
    settings.MCP_KEY_ENCRYPTION_KEYS = [Fernet.generate_key().decode() for _ in range(2)]
    key = rotation.rotate("EdDSA", now=NOW)
    sign(key)
    del settings.MCP_KEY_ENCRYPTION_KEYS[0]
    with pytest.raises(NoSigningKey, match="cannot be decrypted"):
        sign(key)


def test_change_by_this_process_drops_the_former_keys(key):
    is_kept = kept(key)
    rotation.revoke(key, now=NOW)
    sign(key)
    assert not is_kept()


def new_threads(before):
    return [thread for thread in threading.enumerate() if thread not in before]


def test_keys_are_dropped_without_another_signature(key):
    before, memory = threading.enumerate(), UnsealedKeys(seconds=0)
    reference = weakref.ref(memory.get(key))
    for thread in new_threads(before):
        thread.join(timeout=30)
    gc.collect()
    assert reference() is None


def test_keys_are_dropped_after_one_reading_interval(key):
    before = threading.enumerate()
    sign(key)
    [timer] = new_threads(before)
    assert timer.interval == READ_AT_MOST_EVERY.total_seconds()
    # The process may end in the meantime.
    assert timer.daemon


def test_one_thread_drops_all_keys(key):
    # A key that is made later drops the former ones, and their thread ends a moment after that.
    other, before = make_key("ES256"), threading.enumerate()
    keys = [kept(key), kept(other)]
    [timer] = new_threads(before)
    timer.function()
    assert [is_kept() for is_kept in keys] == [False, False]


def test_thread_of_dropped_keys_ends(key):
    before = threading.enumerate()
    sign(key)
    [timer] = new_threads(before)
    rotation.revoke(key, now=NOW)
    sign(key)
    timer.join(timeout=4)
    assert len(new_threads(before)) == 1


def test_number_of_kept_keys_is_limited():
    keys = [make_key(generation=number) for number in range(1, MOST_KEPT + 2)]
    private = [weakref.ref(unsealed_keys.get(key)) for key in keys]
    gc.collect()
    assert [reference() is not None for reference in private] == [True] * MOST_KEPT + [False]


def test_key_is_not_kept_if_no_thread_can_drop_it(key, monkeypatch):
    def fail(timer):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Timer, "start", fail)
    sign(key)
    with calls(SigningKey.unseal) as counted:
        sign(key)
    assert counted() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
def test_forked_child_has_no_private_key(key):
    is_kept = kept(key)
    with warnings.catch_warnings():
        # Python 3.12 and newer warn of a fork while threads run, which is the subject here.
        warnings.filterwarnings("ignore", "This process", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os._exit(7 if is_kept() else 0)
    assert os.waitpid(child, 0)[1] == 0
    assert is_kept()


def test_unusable_key_is_not_kept(key):
    elsewhere(key, private_key="gAAAA")
    for _ in range(2):
        with pytest.raises(Unusable):
            unsealed_keys.get(SigningKey.objects.get())


# Where a private key must not appear


@pytest.mark.parametrize("show", [str, repr, pformat, lambda shown: pformat(vars(shown))])
def test_no_text_shows_a_kept_key(each, show):
    private = unsealed_keys.get(each)
    text = show(unsealed_keys) + show(private)
    assert not is_private_in(text, each)
    assert each.private_key not in text


def test_kept_key_has_the_public_members_only(each):
    sign(each)
    private = unsealed_keys.get(each)
    assert private.is_private
    assert dict(private.dict_value) == each.published_jwk
    assert private.as_dict(private=True) == each.published_jwk


@pytest.mark.parametrize(
    "shown", [lambda key: unsealed_keys, unsealed_keys.get], ids=["all", "key"]
)
def test_kept_key_cannot_be_pickled(each, shown):
    unsealed_keys.get(each)
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(shown(each))


@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
def test_debug_page_shows_nothing_private(rf, settings, each, is_warm, caplog):
    settings.DEBUG = True
    caplog.set_level("DEBUG")
    if is_warm:
        sign(each)
    with pytest.raises(TypeError) as caught:
        sign_jwt({"sub": object()}, algorithm=each.algorithm, now=NOW)
    report = ExceptionReporter(rf.get("/"), TypeError, caught.value, caught.value.__traceback__)
    text = report.get_traceback_html() + report.get_traceback_text()
    # The frames show the variables with the key.
    assert "Key object at 0x" in text
    assert not is_private_in(text + caplog.text, each)
