"""Views whose resource the settings do not have: each would answer 500 to everybody."""

from __future__ import annotations

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path
from rest_framework.views import APIView

from mcp_oauth_discovery.protection import bearer_required
from tests.checks.conftest import MCP, OAUTH, OURS
from tests.checks.protected import VIEWS
from tests.urls import page

HOST = "https://app.example.com"


EVERY_VIEW = pytest.mark.parametrize("kind", VIEWS)


@EVERY_VIEW
def test_resource_that_is_not_configured_is_told(urlconf, run, kind):
    urlconf(OURS, *OAUTH, MCP, path("api/", include([path("x/<int:n>", VIEWS[kind]("/nope"))])))
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W032"
    assert "'api/x/<int:n>'" in message.msg
    assert "'/nope'" in message.msg
    assert "/mcp" in message.msg.partition("has ")[2]
    assert "MCP_RESOURCES = {'/nope': {}}" in message.hint


@pytest.mark.parametrize(
    ("kind", "name"),
    [*[(kind, "/mcp") for kind in VIEWS], ("function", f"{HOST}/mcp"), ("function", None)],
)
def test_resource_that_is_configured_is_healthy(urlconf, ids, kind, name):
    urlconf(OURS, *OAUTH, path("mcp", VIEWS[kind](name)), path("x", VIEWS[kind](name)))
    assert ids() == []


def test_disabled_resource_is_healthy(settings, urlconf, ids):
    settings.MCP_RESOURCES = {"/mcp": {}, "/off": {"enabled": False}}
    urlconf(OURS, *OAUTH, MCP, path("off", VIEWS["function"]("/off")))
    assert ids() == []


class Changing(APIView):
    @property
    def authentication_classes(self):
        raise NotImplementedError


def odd(request):
    raise NotImplementedError


odd.initkwargs, odd.cls, odd.protection, odd.auth = None, None, "strict", print


@pytest.mark.parametrize("view", [Changing.as_view(), odd])
def test_view_of_somebody_else_is_left_alone(urlconf, ids, view):
    urlconf(OURS, *OAUTH, path("mcp", view), path("x", view))
    assert ids() == []


def decorated(name):
    return bearer_required(name, scope="mcp")(page)


def test_views_with_one_unknown_resource_are_told_together(urlconf, run):
    urlconf(OURS, *OAUTH, MCP, path("a", decorated("/nope")), path("b", decorated("/nope")))
    [message] = run()
    assert "'a' and 'b'" in message.msg


def test_each_unknown_resource_is_told(urlconf, ids):
    urlconf(OURS, *OAUTH, MCP, path("a", decorated("/nope")), path("b", decorated(["/mcp"])))
    assert ids() == ["W032", "W032"]


def test_name_of_two_resources_is_none(settings, urlconf, ids):
    settings.MCP_RESOURCES = {"https://a.example.com/mcp": {}, "https://b.example.com/mcp": {}}
    settings.MCP_RESOURCE = "https://a.example.com/mcp"
    urlconf(OURS, *OAUTH, path("mcp", decorated("/mcp")))
    assert ids() == ["W032"]


def callable_setting(request):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("changes", "name", "told"),
    [
        ({}, f"{HOST}/nope", True),
        ({"MCP_ISSUER": None}, "/nope", True),
        ({"MCP_ISSUER": None}, "/mcp", False),
        # Whose host it is, a request tells.
        ({"MCP_ISSUER": None}, f"{HOST}/mcp", False),
        ({"MCP_ISSUER": callable_setting}, f"{HOST}/mcp", False),
        # An issuer may have a path, and the default resource is below it.
        ({"MCP_ISSUER": callable_setting}, "/t1/mcp", False),
        ({"MCP_ISSUER": callable_setting, "MCP_RESOURCES": {"/a": {}}}, "/nope", True),
        ({"MCP_ISSUER": callable_setting, "MCP_RESOURCE": f"{HOST}/mcp"}, "/nope", True),
        ({"MCP_RESOURCE": callable_setting}, "/t1/mcp", False),
        ({"MCP_RESOURCE": callable_setting}, f"{HOST}/t1/mcp", False),
    ],
)
def test_what_only_a_request_can_tell_is_not_told(settings, urlconf, ids, changes, name, told):
    for setting, value in changes.items():
        setattr(settings, setting, value)
    urlconf(OURS, *OAUTH, path("mcp", page), path("x", decorated(name)))
    assert ("W032" in ids()) is told


def test_resources_are_told_as_they_are_written(settings, urlconf, run):
    settings.MCP_ISSUER = None
    settings.MCP_RESOURCES = {"/a": {}, "https://b.example.com/mcp": {}}
    settings.MCP_RESOURCE = f"{HOST}/mcp"
    urlconf(OURS, *OAUTH, MCP, path("x", decorated("/nope")))
    [message] = [one for one in run() if one.id.endswith("W032")]
    assert f"only '/a', 'https://b.example.com/mcp' and '{HOST}/mcp'" in message.msg


# No name


@pytest.fixture
def several(settings):
    settings.MCP_RESOURCES = {"/a": {}, "/b/mcp": {}, "/off": {"enabled": False}}


@pytest.mark.parametrize(
    "kind", ["function", "below another protection", "REST framework", "django-ninja"]
)
def test_view_without_a_resource_is_told_where_none_is_the_default(several, urlconf, run, kind):
    view = VIEWS[kind.replace("another protection", "another decorator")](None)
    urlconf(OURS, *OAUTH, path("a", page), path("api/", include([path("x", view)])))
    [message] = [one for one in run() if not one.id.endswith("W032")]
    assert message.id == "mcp_oauth_discovery.W033"
    assert "'api/x'" in message.msg
    assert "MCP_RESOURCE" in message.hint


@pytest.mark.parametrize(
    "pattern",
    [
        path("a", decorated(None)),
        path("a/", decorated(None)),
        path("b/", include([path("mcp", decorated(None))])),
        path("off", decorated(None)),
        # A server may put a prefix before it.
        path("mcp", decorated(None)),
        # What the path is, a request tells.
        path("<str:name>", decorated(None)),
        re_path("^x$", decorated(None)),
        *i18n_patterns(path("x", decorated(None))),
    ],
)
def test_view_at_the_path_of_a_resource_needs_no_name(several, urlconf, ids, pattern):
    urlconf(OURS, *OAUTH, pattern)
    assert "W033" not in ids()


def test_route_that_another_one_hides_is_not_told(several, urlconf, ids):
    urlconf(OURS, *OAUTH, path("x", page), path("x", decorated(None)))
    assert "W033" not in ids()


def test_default_resource_needs_no_name(several, settings, urlconf, ids):
    settings.MCP_RESOURCE = f"{HOST}/a"
    urlconf(OURS, *OAUTH, path("x", decorated(None)))
    assert "W033" not in ids()


def later():
    def view(request):
        return page(request, value)

    yield view
    value = 1


def test_function_whose_names_have_no_value_yet_is_left_alone(urlconf, ids):
    urlconf(OURS, *OAUTH, MCP, path("x", next(later())))
    assert ids() == []
