from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject

from mcp_oauth_discovery.conf import Misconfigured, conf, fingerprint, root_urlconf, secret_keys

DEFAULTS = {
    "MCP_ISSUER": None,
    "MCP_RESOURCE": None,
    "MCP_RESOURCES": {},
    "MCP_RESOURCE_METADATA": {},
    "MCP_AUTHORIZATION_SERVERS": None,
    "MCP_AUTHORIZATION_SERVER_METADATA": {},
    "MCP_SIGNING_ALGORITHMS": ["RS256", "EdDSA"],
    "MCP_METADATA_MAX_AGE": 300,
    "MCP_JWKS_MAX_AGE": 300,
    "MCP_KEY_ROTATION_INTERVAL": timedelta(days=90),
    "MCP_KEY_PUBLISH_AHEAD": timedelta(days=1),
    "MCP_KEY_RETENTION": timedelta(days=2),
    "MCP_KEY_ENCRYPTION_KEYS": None,
    "MCP_SIGNED_METADATA": False,
    "MCP_SERVER_CARDS": {},
    "MCP_IMPLIED_SCOPES": {},
    "MCP_ALLOWED_ORIGINS": "*",
    "MCP_DPOP_NONCE_REQUIRED": False,
}


def test_unset_setting_has_its_default():
    assert {name: getattr(conf, name) for name in DEFAULTS} == DEFAULTS


def test_every_setting_is_read_on_every_access(settings):
    for name in DEFAULTS:
        for value in (object(), object()):
            setattr(settings, name, value)
            assert getattr(conf, name) is value


def test_deleted_setting_has_its_default(settings):
    settings.MCP_METADATA_MAX_AGE = 60
    del settings.MCP_METADATA_MAX_AGE
    assert conf.MCP_METADATA_MAX_AGE == 300


def test_settings_are_loaded_by_the_first_access(monkeypatch):
    monkeypatch.setattr("mcp_oauth_discovery.conf.settings", LazySettings())
    assert conf.MCP_ISSUER is None
    assert "tests.urls" in str(root_urlconf())


def test_every_setting_stands_in_the_table_above():
    assert {name for name in dir(conf) if name.startswith("MCP_")} == set(DEFAULTS)


def test_defaults_are_not_shared():
    conf.MCP_SIGNING_ALGORITHMS.append("none")
    conf.MCP_RESOURCES["/x"] = {}
    assert conf.MCP_SIGNING_ALGORITHMS == ["RS256", "EdDSA"]
    assert conf.MCP_RESOURCES == {}


def test_secret_keys_are_newest_first(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old", "oldest"]
    assert secret_keys() == ["new", "old", "oldest"]


def test_misconfigured_is_improperly_configured():
    assert issubclass(Misconfigured, ImproperlyConfigured)


def test_misconfiguration_says_name_value_problem_and_remedy():
    fault = Misconfigured.of("MCP_ISSUER", "x", ValueError("expected a URL"), "Write a URL.")
    assert str(fault) == "MCP_ISSUER is 'x': expected a URL. Write a URL."
    assert (fault.setting, fault.hint) == ("MCP_ISSUER", "Write a URL.")
    assert fault.problem == "MCP_ISSUER is 'x': expected a URL."


def test_misconfiguration_names_the_member():
    fault = Misconfigured.of("MCP_RESOURCES", 7, "expected text", "Write.", path=("/a", "name"))
    assert str(fault) == "MCP_RESOURCES['/a']['name'] is 7: expected text. Write."


def test_password_in_a_url_is_not_shown():
    fault = Misconfigured.of("MCP_ISSUER", "https://me:pw@h/x", "not allowed", "Write.")
    assert str(fault) == "MCP_ISSUER is 'https://***@h/x': not allowed. Write."


def test_long_value_is_cut():
    assert len(str(Misconfigured.of("MCP_ISSUER", "x" * 10_000, "too long", "Cut it."))) < 300


def test_number_that_python_does_not_write_is_not_shown():
    fault = Misconfigured.of("MCP_JWKS_MAX_AGE", [10**5000], "too large", "Write 300.")
    assert fault.problem == "MCP_JWKS_MAX_AGE is [a very large number]: too large."


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (1, True),
        (300, 300.0),
        ([], ()),
        ({"scopes_supported": ["mcp"]}, {"scopes_supported": ["mcp", "files"]}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ("", None),
    ],
)
def test_fingerprints_differ_for_different_values(value, other):
    assert fingerprint(value) != fingerprint(other)


def test_fingerprint_is_that_of_an_equal_value_made_elsewhere():
    value = {"scopes_supported": ["mcp"], "resource_name": "Files"}
    twin = {"".join(["scopes", "_supported"]): ["mcp"], "resource_name": "".join(["Fi", "les"])}
    assert fingerprint(value) == fingerprint(twin) is not None


@pytest.mark.parametrize("value", [len, SimpleLazyObject(str), object(), timedelta(1)])
def test_value_that_is_not_plain_data_has_no_fingerprint(value):
    assert fingerprint({"resource_name": [value]}) is None


def test_value_that_contains_itself_has_no_fingerprint():
    value = {}
    value["itself"] = value
    assert fingerprint(value) is None
