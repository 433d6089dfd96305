"""Wrong arguments fail when the project is loaded, and say what is expected."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from mcp_oauth_discovery.verifiers import ApiKey, Introspection, RemoteIssuer, extra
from tests.markdown import CHECKOUT

ISSUER = "https://login.example.com"
URL = f"{ISSUER}/introspect"


@pytest.mark.parametrize(
    ("issuer", "error", "text"),
    [
        ("login.example.com", ValueError, "expected an absolute URL"),
        ("http://login.example.com", ValueError, "plain http is allowed on loopback hosts only"),
        (f"{ISSUER}?a=b", ValueError, "a query"),
        (f"{ISSUER}/.well-known/openid-configuration", ValueError, "the identifier itself"),
        (7, TypeError, "expected a URL as a string"),
        (None, TypeError, "issuer is None"),
    ],
)
def test_issuer_is_checked(issuer, error, text):
    with pytest.raises(error, match=text):
        RemoteIssuer(issuer)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"timeout": 0}, ValueError, "timeout is 0; expected more than 0 and at most 60"),
        ({"timeout": float("nan")}, ValueError, "timeout is nan"),
        ({"timeout": "5"}, TypeError, "timeout is '5'; expected a number"),
        ({"timeout": True}, TypeError, "timeout is True"),
        ({"audience": ""}, ValueError, "audience is ''; expected a string or a list"),
        ({"audience": []}, ValueError, r"audience is \[\]"),
        ({"audience": [7]}, ValueError, r"audience is \[7\]"),
        ({"audience": 7}, TypeError, "audience is 7"),
        ({"algorithms": ["HS256"]}, ValueError, "algorithms has 'HS256'; expected some of ES256"),
        ({"algorithms": ["none", "RS256"]}, ValueError, "algorithms has 'none'"),
        ({"algorithms": []}, ValueError, r"algorithms is \[\]"),
    ],
)
def test_other_arguments_are_checked(arguments, error, text):
    with pytest.raises(error, match=f"RemoteIssuer: {text}"):
        RemoteIssuer(ISSUER, **arguments)


def test_iterables_are_accepted():
    remote = RemoteIssuer(ISSUER, audience=iter(["a"]), algorithms=(name for name in ["RS256"]))
    assert (remote.audience, remote.algorithms) == (("a",), {"RS256"})


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("http://login.example.com", "id", "secret"), ValueError, "url is 'http://login"),
        ((URL, "", "secret"), ValueError, "client_id is empty"),
        ((URL, 7, "secret"), TypeError, "client_id is 7"),
        ((URL, "id", ""), ValueError, "client_secret is empty"),
        ((URL, "id", b"the secret"), TypeError, "client_secret is bytes; expected a string"),
    ],
)
def test_arguments_of_introspection_are_checked(arguments, error, text):
    with pytest.raises(error, match=f"Introspection: {text}") as caught:
        Introspection(*arguments)
    assert "the secret" not in str(caught.value)


def test_password_in_a_url_is_not_shown():
    with pytest.raises(ValueError, match=r"url is 'https://.*a user name or password") as caught:
        Introspection("https://ada:sesame@login.example.com/introspect", "id", "secret")
    assert "sesame" not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [(("sk_",), "lookup is 'sk_'; expected a function"), ((dict, 7), "prefix is 7")],
)
def test_arguments_of_api_key_are_checked(arguments, text):
    with pytest.raises(TypeError, match=f"ApiKey: {text}"):
        ApiKey(*arguments)


def test_without_the_extra_only_api_keys_work():
    code = """
import sys
import django
sys.modules["urllib3"] = None
django.setup()
from mcp_oauth_discovery.verifiers import extra
from mcp_oauth_discovery.verifiers import ApiKey, Introspection, RemoteIssuer
assert ApiKey(lambda request, key: {"sub": key})(None, "7", "") == {"sub": "7"}
for make in (
    lambda: RemoteIssuer("https://login.example.com"),
    lambda: Introspection("https://login.example.com/introspect", "id", "secret"),
):
    try:
        make()
    except ImportError as error:
        print(error)
"""
    arguments = [sys.executable, "-c", code]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.no_database.settings"}
    done = subprocess.run(
        arguments, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )
    advice = "needs urllib3. Run: pip install 'django-mcp-oauth-discovery[verifiers]'"
    assert done.stderr == ""
    assert done.stdout.splitlines() == [f"RemoteIssuer {advice}", f"Introspection {advice}"]


def test_missing_client_is_an_import_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp_oauth_discovery.verifiers.clients", None)
    specification = spec_from_file_location("extra_without_a_client", extra.__file__)
    without = module_from_spec(specification)
    specification.loader.exec_module(without)
    with pytest.raises(ImportError, match="RemoteIssuer needs urllib3") as caught:
        without.make_client("RemoteIssuer")
    assert isinstance(caught.value.__cause__, ImportError)
