from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.views.debug import ExceptionReporter

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.discovery.settings import metadata_max_age, signs_metadata
from mcp_oauth_discovery.keys import encryption, policy
from tests import settings as project
from tests.keys import DAY, HOUR, NOW
from tests.refusals import refused

KEY = Fernet.generate_key().decode()
OLD_KEY = Fernet.generate_key().decode()
DERIVED = encryption.derive_key(project.SECRET_KEY)
SPANS = ["MCP_KEY_ROTATION_INTERVAL", "MCP_KEY_PUBLISH_AHEAD", "MCP_KEY_RETENTION"]


# Spans


def test_spans_by_default():
    assert policy.timing() == (90 * DAY, DAY, 2 * DAY)


def test_spans_are_read_on_every_call(settings):
    settings.MCP_KEY_RETENTION = HOUR
    assert policy.timing().retention == HOUR


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *[(setting, timedelta(0)) for setting in SPANS],
        *[("MCP_KEY_RETENTION", value) for value in (-DAY, None, 86400, "1 day")],
    ],
    ids=repr,
)
def test_span_is_a_timedelta_above_zero(settings, setting, value):
    setattr(settings, setting, value)
    fault = refused(policy.timing)
    assert fault.setting == setting
    assert fault.problem == f"{setting} is {value!r}: expected a timedelta above zero."
    assert fault.hint == f"Write, for example, {setting} = timedelta(days=2)."


@pytest.mark.parametrize(
    ("setting", "value"),
    [*[(setting, timedelta.max) for setting in SPANS], (SPANS[0], timedelta(days=36501))],
)
def test_span_is_a_hundred_years_at_most(settings, setting, value):
    setattr(settings, setting, value)
    fault = refused(policy.timing)
    assert fault.setting == setting
    assert fault.problem == f"{setting} is {value!r}: expected 36500 days at most."


def test_dates_of_the_longest_spans_are_dates(settings):
    for setting in SPANS:
        setattr(settings, setting, policy.LONGEST_SPAN)
    spans = policy.timing()
    assert (NOW + spans.interval + spans.publish_ahead + spans.retention).year == 2325


def test_interval_is_not_shorter_than_publish_ahead(settings):
    settings.MCP_KEY_ROTATION_INTERVAL = timedelta(hours=23)
    fault = refused(policy.timing)
    assert fault.setting == "MCP_KEY_ROTATION_INTERVAL"
    assert "is datetime.timedelta(seconds=82800)" in fault.problem
    assert "MCP_KEY_PUBLISH_AHEAD (1 day, 0:00:00)" in fault.problem
    assert "a shorter MCP_KEY_PUBLISH_AHEAD" in fault.hint


def test_publish_ahead_is_not_shorter_than_a_cached_copy_lives(settings):
    settings.MCP_JWKS_MAX_AGE = 86401
    fault = refused(policy.timing)
    assert fault.setting == "MCP_KEY_PUBLISH_AHEAD"
    assert "MCP_JWKS_MAX_AGE (1 day, 0:00:01)" in fault.problem
    assert "a shorter MCP_JWKS_MAX_AGE" in fault.hint


def test_spans_may_just_touch(settings):
    settings.MCP_KEY_ROTATION_INTERVAL = settings.MCP_KEY_PUBLISH_AHEAD = HOUR
    settings.MCP_JWKS_MAX_AGE = 3600
    assert policy.timing() == (HOUR, HOUR, 2 * DAY)


def test_spans_cannot_be_judged_without_the_age_of_the_jwk_set(settings):
    settings.MCP_JWKS_MAX_AGE = "300"
    assert refused(policy.timing).setting == "MCP_JWKS_MAX_AGE"


def test_spans_are_no_use_without_time_zones(settings):
    settings.USE_TZ = False
    fault = refused(policy.timing)
    assert fault.setting == "USE_TZ"
    assert fault.problem.startswith("USE_TZ is False: signing keys need dates in UTC")


def test_last_cached_copy_was_read_late_and_cached_for_long(settings):
    settings.MCP_JWKS_MAX_AGE = 600
    assert policy.last_cached_copy(NOW) == NOW + timedelta(seconds=605)


# Algorithms, ages, signed metadata


@pytest.mark.parametrize("value", [["EdDSA"], ("ES256", "RS256"), ["RS256", "ES256", "EdDSA"]])
def test_algorithms_are_a_list_in_their_order(settings, value):
    settings.MCP_SIGNING_ALGORITHMS = value
    assert policy.signing_algorithms() == list(value)


@pytest.mark.parametrize(
    "value",
    [
        "RS256",
        [],
        None,
        ["HS256"],
        ["RS256", "RS256"],
        ["rs256"],
        [["RS256"]],
        [None],
        7,
        {"RS256"},
    ],
    ids=repr,
)
def test_unfitting_signing_algorithms(settings, value):
    settings.MCP_SIGNING_ALGORITHMS = value
    fault = refused(policy.signing_algorithms)
    assert fault.setting == "MCP_SIGNING_ALGORITHMS"
    assert f"MCP_SIGNING_ALGORITHMS is {value!r}: " in fault.problem
    assert "RS256, ES256, EdDSA" in fault.problem
    assert "MCP_SIGNING_ALGORITHMS = [" in fault.hint


AGES = pytest.mark.parametrize(
    ("setting", "read"),
    [
        ("MCP_METADATA_MAX_AGE", metadata_max_age),
        ("MCP_JWKS_MAX_AGE", policy.jwks_max_age),
    ],
    ids=["metadata", "jwks"],
)


@AGES
def test_age_is_a_number_of_seconds(settings, setting, read):
    for value in (0, 1, 86400, 31536000):
        setattr(settings, setting, value)
        assert read() == value


@AGES
def test_unfitting_age(settings, setting, read):
    for value in (None, -1, "300", 1.5, True, 31536001, 10**15):
        setattr(settings, setting, value)
        fault = refused(read)
        assert fault.problem == (
            f"{setting} is {value!r}: expected a whole number of seconds, 0 to 31536000 (365 days)."
        )
        assert f"{setting} = 300" in fault.hint


@pytest.mark.parametrize("value", [True, False])
def test_metadata_is_signed_or_not(settings, value):
    settings.MCP_SIGNED_METADATA = value
    assert signs_metadata() is value


@pytest.mark.parametrize("value", [None, 1, "yes", []], ids=repr)
def test_unfitting_signed_metadata(settings, value):
    settings.MCP_SIGNED_METADATA = value
    fault = refused(signs_metadata)
    assert fault.problem == f"MCP_SIGNED_METADATA is {value!r}: expected True or False."
    assert fault.setting == "MCP_SIGNED_METADATA"
    assert fault.hint == "Write MCP_SIGNED_METADATA = True, or leave it out."


# Encryption keys


def test_keys_are_derived_from_the_secret_key_and_its_fallbacks(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old"]
    assert policy.encryption_keys() == [encryption.derive_key("new"), encryption.derive_key("old")]


def test_keys_that_are_set_come_first_in_their_order(settings):
    settings.MCP_KEY_ENCRYPTION_KEYS = (KEY, OLD_KEY)
    assert policy.encryption_keys()[:2] == [KEY, OLD_KEY]


def test_setting_keys_locks_nobody_out(settings):
    sealed = encryption.encrypt("private", policy.encryption_keys())
    settings.MCP_KEY_ENCRYPTION_KEYS = [KEY]
    assert encryption.decrypt(sealed, policy.encryption_keys()) == "private"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        pytest.param([], "a list of one or more Fernet keys", id="empty"),
        pytest.param(KEY, "a list of one or more Fernet keys", id="string"),
        pytest.param({KEY: 1}, "a list of one or more Fernet keys", id="dict"),
        pytest.param(7, "a list of one or more Fernet keys", id="number"),
        pytest.param([KEY, "hunter2"], "number 2 is not a Fernet key", id="second"),
        pytest.param([KEY.encode()], "number 1 is not a string", id="bytes"),
    ],
)
def test_unfitting_keys_are_named_and_never_shown(settings, value, problem):
    settings.MCP_KEY_ENCRYPTION_KEYS = value
    fault = refused(policy.encryption_keys)
    assert fault.setting == "MCP_KEY_ENCRYPTION_KEYS"
    assert fault.problem.startswith("MCP_KEY_ENCRYPTION_KEYS is '(not shown)': ")
    assert problem in fault.problem
    assert "Fernet.generate_key()" in fault.hint
    assert KEY not in f"{fault} {fault!r}"
    assert "hunter2" not in f"{fault} {fault!r}"


def test_error_page_shows_no_key(settings, rf):
    settings.MCP_KEY_ENCRYPTION_KEYS = [KEY, KEY[::-1]]
    fault = refused(policy.encryption_keys)
    page = ExceptionReporter(rf.get("/"), Misconfigured, fault, fault.__traceback__)
    text = page.get_traceback_html()
    assert "encryption_keys" in text
    assert not any(key in text for key in (KEY, KEY[::-1], DERIVED))
