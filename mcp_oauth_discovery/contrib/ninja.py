"""Challenges for django-ninja: `auth=` of an API, a router or an operation, and the URLs."""

from __future__ import annotations

from functools import wraps
from typing import Any, cast

from asgiref.sync import markcoroutinefunction
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.security.http import HttpAuthBase

from mcp_oauth_discovery.protection import BearerProtection, complete, protect
from mcp_oauth_discovery.protection.decorators import View
from mcp_oauth_discovery.protection.view_kinds import is_awaited, ninja_judges, ninja_operations

__all__ = ["BearerAuth", "bearer_urls"]


class BearerAuth(HttpAuthBase):
    """Admit requests that have a token; `request.auth` is the user, or else the claims.

    Pass it as `auth=`, and route `bearer_urls(api)`. In a list of several, write it last:
    django-ninja does not try the next one after a refusal.
    """

    openapi_scheme = "bearer"

    def __init__(self, protection: BearerProtection | None = None) -> None:
        self.protection = protection or BearerProtection()
        if self.protection.dpop == "require":
            self.openapi_scheme = "dpop"
        super().__init__()

    def __call__(self, request: HttpRequest) -> Any:
        identity = self.protection.authenticate(request)
        if identity is None:
            raise Refused(request.mcp_refusal)  # type: ignore[attr-defined]
        return identity


class Refused(HttpError):
    """The refusal that `BearerAuth` raises; `bearer_urls` sends its response unchanged."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.status_code, response.reason_phrase)
        self.response = response


def bearer_urls(api: NinjaAPI) -> tuple[list[URLPattern | URLResolver], str, str]:
    """Return `api.urls`, with challenges in the 401 and 403 responses of protected operations.

    Unsupported methods of a protected path get a challenge too, and OPTIONS is answered.
    """
    # The cast is for the annotations of django-ninja, which say that the exception may be a class.
    api.add_exception_handler(Refused, lambda request, refused: cast("Any", refused).response)
    patterns, app_name, namespace = api.urls
    return [_challenging(pattern) for pattern in patterns], app_name, namespace


def _challenging(pattern: URLPattern | URLResolver) -> URLPattern | URLResolver:
    protections: dict[str, BearerProtection | None] = {}
    for operation in ninja_operations(pattern.callback):
        guards = [getattr(judge, "protection", None) for judge in ninja_judges(operation)]
        protection = next((guard for guard in guards if isinstance(guard, BearerProtection)), None)
        protections.update(dict.fromkeys(operation.methods, protection))
    first = next(filter(None, protections.values()), None)
    if first is None or not isinstance(pattern, URLPattern):
        return pattern
    view = _by_method(pattern.callback, protections, first)
    if None not in protections.values():
        view = login_not_required(view)
    return URLPattern(pattern.pattern, view, pattern.default_args, pattern.name)


def _by_method(
    view: View, protections: dict[str, BearerProtection | None], first: BearerProtection
) -> View:
    views = {
        method: complete(view, protection) if protection else view
        for method, protection in protections.items()
    }
    otherwise = protect(view, first)

    @wraps(view)
    def chosen(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return views.get(str(request.method), otherwise)(request, *args, **kwargs)

    # For the system checks, as in `protect`.
    chosen.protection = first  # type: ignore[attr-defined]
    return markcoroutinefunction(chosen) if is_awaited(view) else chosen
