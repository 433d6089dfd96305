"""Whom an MCP endpoint lets in: a callable, a decorator and a mixin that send the challenges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any, cast

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import View as DjangoView
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from mcp_oauth_discovery.authorization import Malformed, Repeated, read_bearer
from mcp_oauth_discovery.challenge import (
    FAULTS,
    add_challenge,
    checked_scope,
    fault_response,
    insufficient_scope,
    invalid_request,
    is_unfinished,
    unauthorized,
)
from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.preflight import preflight_response
from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.targets import find_target
from mcp_oauth_discovery.tokens import (
    Claims,
    describe,
    find_user,
    granted_scope,
    sign_in,
    verify_token,
)

__all__ = [
    "BearerProtection",
    "BearerRequiredMixin",
    "Claims",
    "bearer_required",
    "find_user",
    "granted_scope",
    "protect",
    "verify_token",
]

View = Callable[..., Any]

_FORM = "application/x-www-form-urlencoded"
_TWICE = "The request has a token in more than one place"


@dataclass(frozen=True)
class BearerProtection:
    """Let in who has a token for a resource; answer everybody else, each OPTIONS included.

    An instance is a callable: it takes the request and returns the refusal, or None after it has
    set `request.mcp_claims`. django-mcpz takes it as it is: `MCPServer(auth=BearerProtection())`.

    `resource` is the identifier of a configured resource, or its key or path there; without it,
    the one at the path of the request, or else the default one. `scope` is what a token must have
    in its `scope`. `verify(request, token, identifier)` returns the claims or raises
    `InvalidToken`; it may be a coroutine function. `user(request, claims)`, such as `find_user`,
    returns what `request.user` becomes, or None for nobody, who is refused.
    """

    resource: str | None = None
    scope: str | Iterable[str] = ()
    verify: Callable[[HttpRequest, str, str], Any] = verify_token
    user: Callable[[HttpRequest, Claims], Any] | None = None

    def __post_init__(self) -> None:
        # Here, so that a scope that no challenge may name fails when the project is loaded.
        object.__setattr__(self, "scope", checked_scope(self.scope))

    def __call__(self, request: HttpRequest) -> HttpResponse | None:
        if request.method == "OPTIONS":
            return self.preflight(request)
        try:
            return self._refusal(request)
        except PermissionDenied:
            raise
        except Exception as fault:  # noqa: BLE001
            # Whatever fails is an answer that scripts can read, and a record without the token.
            return fault_response(request, fault)

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        try:
            claims = self.read_claims(request)
        except Repeated as error:
            return invalid_request(request, str(error), resource=self.resource)
        except (InvalidToken, Malformed) as error:
            return self._unauthorized(request, describe(error))
        if claims is None:
            return self._unauthorized(request, None)
        if not set(self.scope) <= granted_scope(claims):
            return insufficient_scope(request, self.scope, resource=self.resource)
        request.mcp_claims = claims  # type: ignore[attr-defined]
        return None

    async def acheck(self, request: HttpRequest) -> HttpResponse | None:
        """Do the same in an async stack: settings and keys may come from the database."""
        return await sync_to_async(self)(request)

    def preflight(self, request: HttpRequest) -> HttpResponse:
        """Return the answer to OPTIONS, 204, or 404 for a resource that is disabled."""
        try:
            find_target(request, self.resource)
        except Http404:
            return preflight_response(HTTPStatus.NOT_FOUND)
        except (SuspiciousOperation, Misconfigured):
            # The request itself is then refused, and logged; a script has to be let that far.
            pass
        return preflight_response()

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return a response of the view; a 401 has the challenge, a Bearer 403 what it lacked."""
        if not is_unfinished(response):
            return response
        try:
            add_challenge(request, response, resource=self.resource, scope=self.scope)
        except FAULTS as fault:
            return fault_response(request, fault)
        return response

    async def afinish(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Do the same in an async stack, without another thread for what is finished."""
        if not is_unfinished(response):
            return response
        return await sync_to_async(self.finish)(request, response)

    @sensitive_variables()
    def read_claims(self, request: HttpRequest) -> Claims | None:
        """Return what the token says, None if there is none; with `user`, set `request.user`.

        Raises `InvalidToken`, `Malformed` or `Repeated`. It does not look at the scope.
        """
        token = read_bearer(request.headers.get("Authorization", ""))
        if token is None:
            return None
        if "access_token" in request.GET or (
            request.content_type == _FORM and "access_token" in request.POST
        ):
            raise Repeated(_TWICE)
        try:
            identifier = find_target(request, self.resource).identifier
        except SuspiciousOperation as error:
            raise InvalidToken("The token is not valid for this resource") from error
        verify = self.verify
        if iscoroutinefunction(verify):
            verify = async_to_sync(verify)
        claims: Claims = verify(request, token, identifier)
        if self.user is not None:
            sign_in(request, self.user(request, claims))
        return claims

    def _unauthorized(self, request: HttpRequest, description: str | None) -> HttpResponse:
        return unauthorized(
            request, resource=self.resource, scope=self.scope, error_description=description
        )


def bearer_required(
    resource: str | None = None,
    *,
    scope: str | Iterable[str] = (),
    verify: Callable[[HttpRequest, str, str], Any] = verify_token,
    user: Callable[[HttpRequest, Claims], Any] | None = None,
) -> Callable[[View], View]:
    """Return a decorator for a view, sync or async, with the arguments of `BearerProtection`.

    The view is exempt from CSRF checks and from `LoginRequiredMiddleware`.
    """
    if callable(resource):
        raise TypeError('Write @bearer_required() or @bearer_required("/mcp"), with parentheses.')
    protection = BearerProtection(resource, scope, verify, user)
    return lambda view: protect(view, protection)


def protect(view: View, protection: BearerProtection) -> View:
    """Return the view behind a protection, which has the word before the view sees the request."""
    if _is_awaited(view):

        @wraps(view)
        async def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response: HttpResponseBase | None = await protection.acheck(request)
            if response is None:
                response = cast(HttpResponseBase, await view(request, *args, **kwargs))
                response = await protection.afinish(request, response)
            return response

    else:

        @wraps(view)
        def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response: HttpResponseBase | None = protection(request)
            if response is None:
                response = cast(HttpResponseBase, view(request, *args, **kwargs))
                response = protection.finish(request, response)
            return response

    # For the system checks, which ask the URLconf what is protected.
    protected.protection = protection  # type: ignore[attr-defined]
    return login_not_required(csrf_exempt(protected))


def _is_awaited(view: Any) -> bool:
    """Say whether Django awaits what a view returns, so that a refusal is to be awaited as well."""
    if iscoroutinefunction(view) or iscoroutinefunction(type(view).__call__):
        return True
    while view is not None:
        # What method_decorator() hands over is a partial of the bound method. `dispatch` is no
        # coroutine function, even where it returns what those of an async class return.
        owner = getattr(getattr(view, "func", view), "__self__", None)
        if getattr(owner, "view_is_async", False):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


class BeforeView:
    """Refuse a class that has a mixin after `View`, where it would do nothing."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        order = cls.__mro__
        if DjangoView not in order or order.index(DjangoView) > order.index(BeforeView):
            return
        mixin = next(one for one in order[order.index(DjangoView) :] if issubclass(one, BeforeView))
        others = (one for one in cls.__bases__ if not issubclass(one, BeforeView))
        bases = ", ".join(one.__name__ for one in (mixin, *others))
        raise TypeError(
            f"{mixin.__name__} does nothing after View. Write class {cls.__name__}({bases})."
        )


class BearerRequiredMixin(BeforeView):
    """Put a class-based view, sync or async, behind its `protection`; write it before `View`."""

    protection = BearerProtection()

    @classmethod
    def as_view(cls, **initkwargs: Any) -> View:
        view: View = super().as_view(**initkwargs)  # type: ignore[misc]
        return protect(view, initkwargs.get("protection", cls.protection))
