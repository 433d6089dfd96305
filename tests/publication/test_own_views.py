"""Views of the project are always asked, even if they only wrap those of this app."""

from __future__ import annotations

import sys
from functools import wraps
from types import ModuleType

import pytest
from django.urls import clear_url_caches, include, path, re_path

from mcp_oauth_discovery.discovery.publication import present_publication
from mcp_oauth_discovery.views import JWKSView
from tests import JWKS

PATTERN = r"^\.well-known/jwks\.json$"


@pytest.fixture
def route(settings, monkeypatch):
    """Route a pattern to a view, before the URLs of this app."""

    def route(view, pattern=PATTERN):
        urls = ModuleType("own_urls")
        urls.urlpatterns = [re_path(pattern, view), path("", include("mcp_oauth_discovery.urls"))]
        monkeypatch.setitem(sys.modules, urls.__name__, urls)
        settings.ROOT_URLCONF = urls.__name__

    return route


def marked(view):
    """Decorate a view as projects do, to refuse requests or to add headers."""

    @wraps(view)
    def mark(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        response["X-Mark"] = "yes"
        return response

    return mark


def test_decorated_view_is_called_each_time(ask, route):
    route(marked(JWKSView.as_view()))
    for _ in range(2):
        assert ask(JWKS).headers["X-Mark"] == "yes"
        assert "X-Mark" not in ask(f"{JWKS}/").headers


def test_view_that_calls_one_of_this_app_is_called_each_time(ask, route):
    route(lambda request: marked(JWKSView.as_view())(request))
    for _ in range(2):
        assert ask(JWKS).headers["X-Mark"] == "yes"


def test_attributes_that_are_passed_to_as_view_are_honoured(ask, route):
    route(JWKSView.as_view(get_max_age=lambda: 7))
    for _ in range(2):
        assert ask(JWKS).headers["Cache-Control"] == "public, max-age=7"
        assert ask(f"{JWKS}/").headers["Cache-Control"] == "public, max-age=300"


def test_view_that_replaces_another_in_the_same_urlconf_is_called(ask, route):
    route(JWKSView.as_view())
    assert "X-Mark" not in ask(JWKS).headers
    route(marked(JWKSView.as_view()))
    clear_url_caches()
    assert ask(JWKS).headers["X-Mark"] == "yes"


def test_jwk_set_with_any_number_of_paths_is_kept_once(ask, route):
    route(JWKSView.as_view(), r"^\.well-known/(?P<path>\d+)/jwks\.json$")
    for number in range(5):
        assert ask(f"/.well-known/{number}/jwks.json").status == 200
    assert list(present_publication()._kept) == [(JWKS, None)]  # noqa: SLF001
