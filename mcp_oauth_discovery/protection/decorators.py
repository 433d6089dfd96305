"""Put views, sync and async, behind a protection: functions, a decorator and a mixin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from mcp_oauth_discovery.protection.bearer import BearerProtection
from mcp_oauth_discovery.protection.dpop.possession import DPoP
from mcp_oauth_discovery.protection.origins import refusal_of_origin
from mcp_oauth_discovery.protection.refusal import as_response
from mcp_oauth_discovery.protection.request_data import UNREADABLE
from mcp_oauth_discovery.protection.requirements import Public
from mcp_oauth_discovery.protection.scopes import ScopeOf
from mcp_oauth_discovery.protection.tokens import Claims, verify_token
from mcp_oauth_discovery.protection.verification import Verifier
from mcp_oauth_discovery.protection.view_kinds import BeforeView, is_awaited

P = ParamSpec("P")
R = TypeVar("R")
View = Callable[..., Any]


class Guard(Protocol):
    """What `protect` needs: a `BearerProtection`, or a class of the project with these methods."""

    def __call__(self, request: HttpRequest) -> HttpResponse | None: ...

    async def acheck(self, request: HttpRequest) -> HttpResponse | None: ...

    def finish(self, request: HttpRequest, response: Any) -> Any: ...

    async def afinish(self, request: HttpRequest, response: Any) -> Any: ...

    def refuse_unreadable(self, request: HttpRequest, error: Exception) -> HttpResponse: ...


def protect(view: Callable[P, R], protection: Guard) -> Callable[P, R]:
    """Wrap a view so that the protection runs first."""
    completed: View = complete(view, protection)
    if is_awaited(view):

        @wraps(view)
        async def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            refusal = await protection.acheck(request)
            if refusal is not None:
                return as_response(refusal)
            return await completed(request, *args, **kwargs)

    else:

        @wraps(view)
        def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            refusal = protection(request)
            if refusal is not None:
                return as_response(refusal)
            return completed(request, *args, **kwargs)

    # The system checks find the protected views by this attribute.
    protected.protection = protection  # type: ignore[attr-defined]
    exempt: View = login_not_required(csrf_exempt(protected))
    return exempt


def complete(view: Callable[P, R], protection: Guard) -> Callable[P, R]:
    """Wrap a view so that each 401 that it sends has a challenge.

    It is for views of a framework that calls `protection.authenticate` itself, perhaps after other
    ways in. The view gets every request but those from pages whose origin is not allowed.
    """
    inner: View = view
    if is_awaited(view):

        @wraps(inner)
        async def completed(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                response = refusal_of_origin(request) or await inner(request, *args, **kwargs)
            except UNREADABLE as error:
                return await sync_to_async(protection.refuse_unreadable)(request, error)
            return await protection.afinish(request, response)

    else:

        @wraps(inner)
        def completed(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                response = refusal_of_origin(request) or inner(request, *args, **kwargs)
            except UNREADABLE as error:
                return protection.refuse_unreadable(request, error)
            return protection.finish(request, response)

    return cast("Callable[P, R]", completed)


def bearer_required(
    resource: str | None = None,
    *,
    scope: str | Iterable[str] | ScopeOf = (),
    verify: Verifier | Sequence[Verifier] = verify_token,
    user: Callable[[HttpRequest, Claims], Any] | None = None,
    repeat_granted: bool = False,
    public: Public = (),
    dpop: DPoP | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator for a view, sync or async, with the arguments of `BearerProtection`.

    The view is exempt from CSRF checks and from `LoginRequiredMiddleware`.
    """
    if callable(resource):
        raise TypeError('Write @bearer_required() or @bearer_required("/mcp"), with parentheses.')
    protection = BearerProtection(resource, scope, verify, user, repeat_granted, public, dpop)
    return lambda view: protect(view, protection)


class BearerRequiredMixin(BeforeView):
    """Put a class-based view, sync or async, behind its `protection`. Write it before `View`."""

    protection = BearerProtection()

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        view: Callable[..., HttpResponseBase] = super().as_view(**initkwargs)  # type: ignore[misc]
        return protect(view, initkwargs.get("protection", cls.protection))
