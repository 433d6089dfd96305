"""Challenges for Django REST framework: authentication, a permission, and a mixin for views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions, views
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from mcp_oauth_discovery.challenge import bearer_challenge
from mcp_oauth_discovery.challenge.answers import fault_response, is_unfinished, make_readable
from mcp_oauth_discovery.challenge.headers import FAULTS, checked_scope, with_granted
from mcp_oauth_discovery.protection import BearerProtection, find_user, granted_scope
from mcp_oauth_discovery.protection.caching import keep_private
from mcp_oauth_discovery.protection.preflight import preflight_response
from mcp_oauth_discovery.protection.request_data import UNREADABLE, Unreadable, unreadable
from mcp_oauth_discovery.protection.tokens import describe
from mcp_oauth_discovery.protection.view_kinds import BeforeView
from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.standards.authorization import Malformed, Repeated

__all__ = [
    "BearerAuthentication",
    "BearerChallengeMixin",
    "BearerViewMixin",
    "HasScope",
    "exception_handler",
]

_STATUS = {
    "invalid_request": HTTPStatus.BAD_REQUEST,
    "invalid_token": HTTPStatus.UNAUTHORIZED,
    "insufficient_scope": HTTPStatus.FORBIDDEN,
}


class BearerChallengeMixin:
    """Give an authentication class a challenge, so that REST framework answers 401, not 403.

    Write it before the class, and put that class first in `authentication_classes`: REST framework
    uses only the challenge of the first one. `protection` has the resource and the scope. A
    `required_scope` of the view takes precedence over its scope.
    """

    protection = BearerProtection()

    def authenticate(self, request: Request) -> Any:
        """Authenticate as the next class does; log failures, and answer them in JSON.

        No shared cache may keep the answer.
        """
        _keep_view_private(request)
        with self._answering(request):
            return super().authenticate(request)  # type: ignore[misc]

    def authenticate_header(self, request: Request) -> str:
        """Return the value of `WWW-Authenticate` for a 401."""
        # If the request has no token, bearer_challenge() leaves the error out.
        return self.refusal(request, "invalid_token").auth_header

    def needed_scope(self, request: Request) -> tuple[str, ...]:
        """Return the scope that the view of a request requires, as tokens."""
        return checked_scope(getattr(_view(request), "required_scope", self.protection.scope))

    def challenge(self, request: Request, error: str, error_description: str | None = None) -> str:
        """Return the value of `WWW-Authenticate` with an error of RFC 6750 §3.1."""
        scope = self.needed_scope(request)
        if error == "insufficient_scope" and self.protection.repeat_granted:
            scope = with_granted(scope, _granted(request))
        django_request = request._request  # noqa: SLF001
        return bearer_challenge(
            django_request,
            resource=self.protection.lookup(django_request),
            scope=scope,
            error=error,
            error_description=error_description,
        )

    def refusal(
        self,
        request: Request,
        error: str,
        text: str | None = None,
        *,
        error_description: str | None = None,
    ) -> _Refusal:
        """Return the exception to raise for an error of RFC 6750 §3.1."""
        try:
            challenge = self.challenge(request, error, error_description)
        except FAULTS as fault:
            return self.failure(request, fault)
        _set_handler(request, self.protection)
        return _Refusal(error, text, challenge)

    def failure(self, request: Request, fault: Exception) -> _Refusal:
        """Return the exception to raise for a 404, 400 or 500 that has no challenge."""
        _set_handler(request, self.protection, fault)
        return _Refusal("invalid_token", None, "Bearer")

    @contextmanager
    def _answering(self, request: Request) -> Iterator[None]:
        """Refuse an invalid token; log other failures, and answer them in JSON."""
        try:
            yield
        except (exceptions.APIException, PermissionDenied):
            raise
        except (Repeated, Unreadable) as error:
            text = str(error)
            raise self.refusal(request, "invalid_request", text, error_description=text) from error
        except (InvalidToken, Malformed) as error:
            reason = describe(error)
            raise self.refusal(
                request, "invalid_token", reason, error_description=reason
            ) from error
        except Exception as fault:  # noqa: BLE001
            raise self.failure(request, fault) from None


class BearerAuthentication(BearerChallengeMixin, BaseAuthentication):
    """Authenticate by a bearer token: `request.user` is its user, `request.auth` its claims.

    Set `protection` in a subclass to choose how tokens are verified and users are found. If
    `protection.user` is None, the user is anonymous.
    """

    protection = BearerProtection(user=find_user)

    def authenticate(self, request: Request) -> tuple[Any, Mapping[str, Any]] | None:
        _keep_view_private(request)
        django_request = request._request  # noqa: SLF001
        with self._answering(request):
            claims = self.protection.read_claims(django_request)
        if claims is None:
            return None
        user = django_request.user if self.protection.user else AnonymousUser()
        return user, claims


class HasScope(BasePermission):
    """Allow tokens that have the `required_scope` of the view, or the scope of the `protection`.

    Other tokens get a 403 with the challenge. Requests without a token are refused.
    """

    def has_permission(self, request: Request, view: views.APIView) -> bool:
        authenticator: object = request.successful_authenticator
        if not isinstance(authenticator, BearerChallengeMixin):
            return False
        _keep_view_private(request)
        if set(authenticator.needed_scope(request)) <= _granted(request):
            return True
        raise authenticator.refusal(request, "insufficient_scope", "The token lacks a scope")


class BearerViewMixin(BeforeView):
    """Have a view answer each OPTIONS request, and add the challenge to its own 401 responses.

    Write it before `APIView`. Resource and scope are those of the first authentication class that
    is a `BearerChallengeMixin`. Without one, it is the resource at the path, or the default one.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return self._challenger().protection.preflight(request)
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response

    def handle_exception(self, exc: Exception) -> HttpResponseBase:
        if isinstance(exc, UNREADABLE):
            exc = self._refusal_of_unreadable(self.request, exc)  # type: ignore[attr-defined]
        response: HttpResponseBase = super().handle_exception(exc)  # type: ignore[misc]
        return response

    def _refusal_of_unreadable(self, request: Request, error: Exception) -> Exception:
        try:
            # REST framework reads the query, for a format, before it checks the token.
            self.perform_authentication(request)  # type: ignore[attr-defined]
            self.check_permissions(request)  # type: ignore[attr-defined]
        except (exceptions.APIException, Http404, PermissionDenied) as refusal:
            return refusal
        text = str(unreadable(request._request, error))  # noqa: SLF001
        refuse = self._challenger().refusal
        return refuse(request, "invalid_request", text, error_description=text)

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        finalize = super().finalize_response  # type: ignore[misc]
        response = finalize(request, response, *args, **kwargs)
        keep_private(response)
        if not is_unfinished(response):
            return response
        challenger = self._challenger()
        protection = replace(challenger.protection, scope=challenger.needed_scope(request))
        finished: HttpResponseBase = protection.finish(request._request, response)  # noqa: SLF001
        return finished

    def _challenger(self) -> BearerChallengeMixin:
        challengers = (
            authenticator
            for authenticator in self.get_authenticators()  # type: ignore[attr-defined]
            if isinstance(authenticator, BearerChallengeMixin)
        )
        return next(challengers, BearerChallengeMixin())


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Handle exceptions as REST framework does, and let scripts read refusals with a challenge.

    Name it in `EXCEPTION_HANDLER` for authentication classes without `BearerChallengeMixin`. A
    refused OPTIONS request gets the answer to a preflight.
    """
    response: HttpResponse | None = views.exception_handler(exc, context)
    if response is None or "WWW-Authenticate" not in response.headers:
        return response
    if context["request"].method == "OPTIONS":
        return preflight_response()
    make_readable(response)
    return response


class _Refusal(exceptions.APIException):
    def __init__(self, error: str, text: str | None, challenge: str) -> None:
        super().__init__(text or exceptions.AuthenticationFailed.default_detail, error)
        self.status_code = _STATUS[error]
        # REST framework itself keeps the header of a 401 in this attribute.
        self.auth_header = challenge


_REFUSALS = (_Refusal, exceptions.NotAuthenticated, exceptions.AuthenticationFailed)


def _granted(request: Request) -> set[str]:
    # Not `request.auth`, which would authenticate again while a class is doing so.
    auth = getattr(request, "_auth", None)
    return granted_scope(auth) if isinstance(auth, Mapping) else set()


def _view(request: Request) -> Any:
    return (request.parser_context or {}).get("view")


def _keep_view_private(request: Request) -> None:
    view = _view(request)
    if view is None:
        return
    finalize = view.finalize_response

    def finalized(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = finalize(*args, **kwargs)
        keep_private(response)
        return response

    # REST framework makes a view for each request.
    view.finalize_response = finalized


def _set_handler(
    request: Request, protection: BearerProtection, fault: Exception | None = None
) -> None:
    """Have the view of a request answer as a protection does, despite EXCEPTION_HANDLER."""
    view = _view(request)
    if view is None:
        if fault is not None:
            raise fault
        return
    handler = view.get_exception_handler()

    def handle(exc: Exception, context: dict[str, Any]) -> HttpResponseBase | None:
        # Another exception may follow, as REST framework catches refusals to see what is allowed.
        is_refusal = isinstance(exc, _REFUSALS)
        if is_refusal and request.method == "OPTIONS":
            return protection.preflight(request._request)  # noqa: SLF001
        if is_refusal and fault is not None:
            return fault_response(request._request, fault)  # noqa: SLF001
        response: HttpResponseBase | None = handler(exc, context)
        if is_refusal and response is not None:
            make_readable(response)
        return response

    # REST framework takes one header from an authentication class, and nothing else.
    view.get_exception_handler = lambda: handle
