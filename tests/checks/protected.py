"""Protected views of every kind, for a resource and with a scope."""

from __future__ import annotations

from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django_mcpz.server import MCPServer
from ninja import NinjaAPI
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from mcp_oauth_discovery.contrib.ninja import BearerAuth, bearer_urls
from mcp_oauth_discovery.contrib.rest_framework import BearerAuthentication
from mcp_oauth_discovery.protection import (
    BearerProtection,
    BearerRequiredMixin,
    bearer_required,
    protect,
)
from tests.urls import page


class Plain(View):
    def post(self, request):
        raise NotImplementedError


def authentication(name, scope="mcp"):
    return type("Own", (BearerAuthentication,), {"protection": BearerProtection(name, scope)})


def mixed(name, scope="mcp"):
    return type(
        "Mixed", (BearerRequiredMixin, Plain), {"protection": BearerProtection(name, scope)}
    )


def api(name, scope="mcp"):
    return type("API", (APIView,), {"authentication_classes": [authentication(name, scope)]})


def function(name, scope="mcp"):
    @api_view(["POST"])
    @authentication_classes([authentication(name, scope)])
    def view(request):
        raise NotImplementedError

    return view


def dispatching(name, scope="mcp"):
    decorated = type("Decorated", (Plain,), {})
    return method_decorator(bearer_required(name, scope=scope), name="dispatch")(
        decorated
    ).as_view()


def server(name, scope="mcp"):
    return MCPServer(name="x", version="1", auth=BearerProtection(name, scope))


def operation(name, scope="mcp"):
    """Return the view of an operation of django-ninja."""
    api = NinjaAPI(urls_namespace="x", docs_url=None, openapi_url=None)
    api.post("/call", auth=BearerAuth(BearerProtection(name, scope)))(lambda request: {})
    return next(one.callback for one in bearer_urls(api)[0] if one.name == "<lambda>")


def over(name, scope="mcp"):
    """Return the view of an operation that has the decorator below it."""
    api = NinjaAPI(urls_namespace="x", docs_url=None, openapi_url=None)
    api.post("/call")(bearer_required(name, scope=scope)(page))
    return next(one.callback for one in api.urls[0] if one.name == "page")


def tools(name, scope="mcp"):
    classes = {"authentication_classes": [authentication(name, scope)]}
    return type("Tools", (ViewSet,), classes).as_view({"post": "create"})


VIEWS = {
    "function": lambda name, scope="mcp": bearer_required(name, scope=scope)(page),
    "below another decorator": lambda name, scope="mcp": never_cache(
        bearer_required(name, scope=scope)(page)
    ),
    "below another protection": lambda name, scope="mcp": bearer_required("/mcp")(
        bearer_required(name, scope=scope)(page)
    ),
    "mixin": lambda name, scope="mcp": mixed(name, scope).as_view(),
    "argument of as_view": lambda name, scope="mcp": mixed("/mcp", scope).as_view(
        protection=BearerProtection(name, scope)
    ),
    "dispatch": dispatching,
    "server": server,
    "server behind a protection": lambda name, scope="mcp": protect(
        server("/mcp", scope), BearerProtection(name, scope)
    ),
    "REST framework": lambda name, scope="mcp": api(name, scope).as_view(),
    "REST framework, argument of as_view": lambda name, scope="mcp": api("/mcp", scope).as_view(
        authentication_classes=[authentication(name, scope)]
    ),
    "REST framework, function": function,
    "REST framework, view set": tools,
    "django-ninja": operation,
    "django-ninja over the decorator": over,
}
