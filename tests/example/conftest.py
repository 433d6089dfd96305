"""The example's own settings, keys to sign with, a demo user, and a client that walks through."""

from __future__ import annotations

import runpy

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from mcp_oauth_discovery import rotation
from tests.example.walk import ORIGIN, PASSWORD, Walk
from tests.markdown import CHECKOUT

# Of the test run, not of the site.
KEPT = {"DATABASES", "SECRET_KEY"}


@pytest.fixture
def example(settings, monkeypatch, db):
    """Turn the site of the tests into the example, pinned to the address of `manage.py start`."""
    for name in (
        "ALLOWED_HOSTS",
        "ALLOWED_ORIGINS",
        "HTTPS",
        "MCP_RESOURCE",
        "ACCESS_TOKEN_SECONDS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MCP_ISSUER", ORIGIN)
    monkeypatch.setenv("SECRET_KEY", "of a site that lives for one test")
    values = runpy.run_path(str(CHECKOUT / "example_project" / "settings.py"))
    for name, value in values.items():
        if name.isupper() and name not in KEPT:
            setattr(settings, name, value)
    # Otherwise WhiteNoise reads the static files of the admin for each client of a test.
    settings.WHITENOISE_AUTOREFRESH = True
    settings.MCP_SIGNING_ALGORITHMS = ["ES256"]
    # The site of the test before has noted there which metadata documents it could not fetch.
    cache.clear()
    # RSA takes its time to make a key.
    rotation.rotate("ES256")
    return settings


@pytest.fixture
def user(example):
    return get_user_model().objects.create_user("demo", password=PASSWORD)


@pytest.fixture
def browser(user):
    """The browser of the demo user, signed in."""
    browser = Client(headers={"host": "127.0.0.1:8000"})
    browser.force_login(user)
    return browser


@pytest.fixture
def walk(browser):
    return Walk(browser)


@pytest.fixture
def tokens(walk):
    """What the token endpoint has issued for `/mcp`."""
    return walk.sign_in()
