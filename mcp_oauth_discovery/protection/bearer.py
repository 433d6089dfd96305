"""`BearerProtection`: admits requests that carry a valid token, and answers all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.debug import sensitive_variables

from mcp_oauth_discovery.challenge import insufficient_scope, unauthorized
from mcp_oauth_discovery.challenge.answers import (
    add_challenge,
    fault_response,
    invalid_request,
    is_unfinished,
)
from mcp_oauth_discovery.challenge.headers import FAULTS, checked_scope, credentials
from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.identity.lookup import Lookup
from mcp_oauth_discovery.protection.caching import keep_private
from mcp_oauth_discovery.protection.preflight import preflight_response
from mcp_oauth_discovery.protection.request_data import Unreadable, refuse_second_token, unreadable
from mcp_oauth_discovery.protection.tokens import (
    Claims,
    describe,
    granted_scope,
    sign_in,
    verify_token,
)
from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.standards.authorization import Malformed, Repeated, read_bearer

_NO_TRUTH_VALUE = (
    "A refusal of BearerProtection is neither true nor false, because some frameworks take a true "
    "value for the user. Write `if refusal is not None: return refusal`. For django-ninja, write "
    "auth=BearerAuth(…) from mcp_oauth_discovery.contrib.ninja. For another such framework, pass "
    "the method authenticate of the BearerProtection."
)


class Refusal(HttpResponse):
    """A refusal without a truth value, so that no framework takes it for a user."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.content, status=response.status_code)
        # Unchanged, because the answer to OPTIONS has no Content-Type.
        self.headers = response.headers
        self.response = response

    def __bool__(self) -> NoReturn:
        raise TypeError(_NO_TRUTH_VALUE)


def as_response(refusal: HttpResponse) -> HttpResponse:
    """Return the response of a refusal; middleware may test a response for truth."""
    return refusal.response if isinstance(refusal, Refusal) else refusal


@dataclass(frozen=True)
class BearerProtection:
    """Admit requests that carry a token for a resource; answer all others, including OPTIONS.

    An instance is a callable. It takes the request and returns the refusal, or it sets
    `request.mcp_claims` and returns None. django-mcpz takes an instance as it is:
    `MCPServer(auth=BearerProtection())`. The refusal is neither true nor false: compare it with
    None. If a framework takes a true value for the user, pass it `authenticate`.

    `resource` is the identifier of a configured resource, or its key or path in the settings.
    Without it, it is the resource at the path of the request, or else the default one. `scope`
    is what a token must have in its `scope`. `verify(request, token, identifier)` returns the
    claims or raises `InvalidToken`; it may be a coroutine function. `user(request, claims)`, such
    as `find_user`, returns the value of `request.user`; if it returns None, the request is
    refused. With `repeat_granted` the 403 also names the scopes that the token has.
    """

    resource: str | None = None
    scope: str | Iterable[str] = ()
    verify: Callable[[HttpRequest, str, str], Any] = verify_token
    user: Callable[[HttpRequest, Claims], Any] | None = None
    repeat_granted: bool = False

    def __post_init__(self) -> None:
        # Checked here, so that an invalid scope fails when the project is loaded.
        object.__setattr__(self, "scope", checked_scope(self.scope))

    def __call__(self, request: HttpRequest) -> HttpResponse | None:
        if not hasattr(request, "META"):
            raise TypeError(
                f"BearerProtection takes a request, not {type(request).__name__}. To protect a "
                "view, write @bearer_required() with the same arguments."
            )
        refusal = self._answer(request)
        return None if refusal is None else Refusal(refusal)

    def authenticate(self, request: HttpRequest) -> Any:
        """Return the user or the claims, or None, for callers that need a true value.

        If it returns None, send the response in `request.mcp_refusal`.
        """
        refusal = self._answer(request)
        if refusal is not None:
            request.mcp_refusal = refusal  # type: ignore[attr-defined]
            return None
        identity = request.mcp_claims if self.user is None else request.user  # type: ignore[attr-defined]
        # Empty claims would look like a refusal.
        return identity or True

    def _answer(self, request: HttpRequest) -> HttpResponse | None:
        if request.method == "OPTIONS":
            return self.preflight(request)
        try:
            return self._refusal(request)
        except PermissionDenied:
            raise
        except Exception as fault:  # noqa: BLE001
            # Catch everything: scripts can then read the answer, and its log record has no token.
            return fault_response(request, fault)

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        try:
            claims = self._judge(request)
            if claims is None:
                return self._unauthorized(request, None)
            granted = granted_scope(claims)
            if not granted.issuperset(self.scope):
                repeated = granted if self.repeat_granted else ()
                return insufficient_scope(
                    request, self.scope, granted=repeated, resource=self.lookup(request)
                )
            refuse_second_token(request)
        except (Repeated, Unreadable) as error:
            return invalid_request(request, str(error), resource=self.lookup(request))
        except (InvalidToken, Malformed) as error:
            return self._unauthorized(request, describe(error))
        request.mcp_claims = claims  # type: ignore[attr-defined]
        return None

    async def acheck(self, request: HttpRequest) -> HttpResponse | None:
        """Do what `__call__` does, from async code: settings and keys may need the database."""
        return await sync_to_async(self)(request)

    def preflight(self, request: HttpRequest) -> HttpResponse:
        """Return the answer to OPTIONS, 204, or 404 for a resource that is disabled."""
        try:
            self.lookup(request).find()
        except Http404:
            return preflight_response(HTTPStatus.NOT_FOUND)
        except (SuspiciousOperation, Misconfigured):
            # Let the script send the request itself, which is then refused and logged.
            pass
        return preflight_response()

    def lookup(self, request: HttpRequest) -> Lookup:
        """Return the lookup of the resource, which is the same for the whole request."""
        return Lookup.for_request(request, self.resource, keep=True)

    def finish(self, request: HttpRequest, response: Any) -> Any:
        """Return a response of the view, which no shared cache may keep.

        A 401 gets the challenge, and a Bearer 403 the missing parameters. Other values pass
        through: a view of django-ninja may return a dict.
        """
        if not self._needs_challenge(response):
            return response
        try:
            add_challenge(request, response, resource=self.lookup(request), scope=self.scope)
        except FAULTS as fault:
            return fault_response(request, fault)
        return response

    async def afinish(self, request: HttpRequest, response: Any) -> Any:
        """Do what `finish` does, from async code; use another thread only to add a challenge."""
        if not self._needs_challenge(response):
            return response
        return await sync_to_async(self.finish)(request, response)

    def _needs_challenge(self, response: Any) -> bool:
        if not isinstance(response, HttpResponseBase):
            return False
        keep_private(response)
        return is_unfinished(response)

    def refuse_unreadable(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Return the 400 for a query or body that a view could not read."""
        try:
            description = str(unreadable(request, error))
            return invalid_request(request, description, resource=self.lookup(request))
        except FAULTS as fault:
            return fault_response(request, fault)

    @sensitive_variables()
    def read_claims(self, request: HttpRequest) -> Claims | None:
        """Return the claims of the token, or None without a token; with `user`, set `request.user`.

        Raises `InvalidToken`, `Malformed`, `Repeated` or `Unreadable`. It does not check the
        scope. Query and form are read last, and only if the token is valid.
        """
        claims = self._judge(request)
        if claims is not None:
            refuse_second_token(request)
        return claims

    @sensitive_variables()
    def _judge(self, request: HttpRequest) -> Claims | None:
        token = read_bearer(credentials(request))
        if token is None:
            return None
        try:
            identifier = self.lookup(request).find().identifier
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
            request, resource=self.lookup(request), scope=self.scope, error_description=description
        )
