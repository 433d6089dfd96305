"""Challenges for Django REST framework: authentication, a permission, and a mixin for views."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions, views
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from mcp_oauth_discovery.challenge import bearer_challenge
from mcp_oauth_discovery.challenge.answers import fault_response, is_unfinished, unavailable
from mcp_oauth_discovery.challenge.headers import FAULTS, with_granted
from mcp_oauth_discovery.contrib.rest_framework_answers import (
    Refusal,
    claims_of,
    exception_handler,
    keep_view_private,
    set_handler,
    view_of,
)
from mcp_oauth_discovery.protection import (
    BearerProtection,
    InvalidProof,
    InvalidToken,
    Unavailable,
    find_user,
    granted_scope,
)
from mcp_oauth_discovery.protection.bodies import RefusedBody
from mcp_oauth_discovery.protection.caching import keep_private
from mcp_oauth_discovery.protection.dpop import possession
from mcp_oauth_discovery.protection.origins import (
    has_allowed_origin,
    refusal_of_origin,
    refused_origin,
)
from mcp_oauth_discovery.protection.refusal import refused_body
from mcp_oauth_discovery.protection.request_data import UNREADABLE, Unreadable, unreadable
from mcp_oauth_discovery.protection.scopes import InsufficientScope, has_granted
from mcp_oauth_discovery.protection.tokens import describe
from mcp_oauth_discovery.protection.view_kinds import BeforeView
from mcp_oauth_discovery.standards.authorization import Malformed, Repeated

__all__ = [
    "BearerAuthentication",
    "BearerChallengeMixin",
    "BearerViewMixin",
    "HasScope",
    "exception_handler",
]


class BearerChallengeMixin:
    """Give an authentication class a challenge, so that REST framework answers 401, not 403.

    Write it before the class, and put that class first in `authentication_classes`: REST framework
    uses only the challenge of the first one. `protection` has the resource and the scope. A
    `required_scope` of the view takes precedence over its scope.
    """

    protection = BearerProtection()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.protection.dpop is not None and not issubclass(cls, BearerAuthentication):
            raise TypeError(
                f"The protection of {cls.__name__} has dpop, which only BearerAuthentication "
                "verifies. Leave dpop out, or derive the class from BearerAuthentication."
            )

    def authenticate(self, request: Request) -> Any:
        """Authenticate as the next class does; log failures, and answer them in JSON.

        No shared cache may keep the answer.
        """
        keep_view_private(request)
        with self._answering(request):
            self._check_request(request)
            return super().authenticate(request)  # type: ignore[misc]

    def authenticate_header(self, request: Request) -> str:
        """Return the value of `WWW-Authenticate` for a 401."""
        # If the request has no token, bearer_challenge() leaves the error out.
        return self.refusal(request, "invalid_token").auth_header

    def needed_scope(self, request: Request) -> tuple[str, ...]:
        """Return the scopes that a request needs; raises `RefusedBody`.

        The `required_scope` of the view may be a callable too, or a method that takes an
        `Operation`.
        """
        required: Any = getattr(view_of(request), "required_scope", self.protection.scope)
        scope = () if required is None else required
        return self.protection.needed_scope(request._request, scope)  # noqa: SLF001

    def known_scope(self, request: Request) -> tuple[str, ...]:
        """Return the scopes that a request needs, or none if its body cannot be read."""
        try:
            return self.needed_scope(request)
        except RefusedBody:
            return ()

    def challenge(self, request: Request, error: str, error_description: str | None = None) -> str:
        """Return the value of `WWW-Authenticate` with an error of RFC 6750 §3.1."""
        scope = self.known_scope(request)
        if error == "insufficient_scope" and self.protection.repeat_granted:
            scope = with_granted(scope, granted_scope(claims_of(request)))
        django_request = request._request  # noqa: SLF001
        possession.offer(django_request, self.protection.dpop)
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
    ) -> Refusal:
        """Return the exception to raise for an error of RFC 6750 §3.1."""
        try:
            challenge = self.challenge(request, error, error_description)
        except FAULTS as fault:
            return self.failure(request, fault)
        set_handler(request, self.protection)
        return Refusal(error, text, challenge)

    def failure(self, request: Request, fault: Exception) -> Refusal:
        """Return the exception to raise for a 404, 400 or 500 that has no challenge."""
        if view_of(request) is None:
            raise fault
        return self._answered(request, lambda: fault_response(request._request, fault))  # noqa: SLF001

    def _answered(self, request: Request, answer: Callable[[], HttpResponse]) -> Refusal:
        set_handler(request, self.protection, answer)
        return Refusal("invalid_token", None, "Bearer")

    def _check_request(self, request: Request) -> None:
        """Refuse an origin that is not allowed, and a body from which no operation can be read."""
        django_request = request._request  # noqa: SLF001
        if not has_allowed_origin(django_request):
            raise self._answered(request, lambda: refused_origin(django_request) or HttpResponse())
        self.needed_scope(request)

    def admits_anonymous(self, request: Request) -> bool:
        """Return whether a request needs no token, because its operation is public."""
        with self._answering(request):
            # Another class has authenticated the request, so this one was not asked.
            self._check_request(request)
            return self.protection.admits_anonymous(request._request)  # noqa: SLF001

    @contextmanager
    def _answering(self, request: Request) -> Iterator[None]:
        """Refuse an invalid token; log other failures, and answer them in JSON."""
        try:
            yield
        except (exceptions.APIException, PermissionDenied):
            raise
        except RefusedBody as error:
            refuse = partial(refused_body, request._request, error)  # noqa: SLF001
            raise self._answered(request, refuse) from error
        except Unavailable as error:
            answer = partial(unavailable, request._request, error)  # noqa: SLF001
            raise self._answered(request, answer) from error
        except (Repeated, Unreadable) as error:
            if isinstance(error, Repeated):
                self.protection.log_refusal(request._request, error)  # noqa: SLF001
            text = str(error)
            raise self.refusal(request, "invalid_request", text, error_description=text) from error
        except (InvalidToken, Malformed) as error:
            self.protection.log_refusal(request._request, error)  # noqa: SLF001
            code = error.error if isinstance(error, InvalidProof) else "invalid_token"
            reason = describe(error)
            raise self.refusal(request, code, reason, error_description=reason) from error
        except Exception as fault:  # noqa: BLE001
            raise self.failure(request, fault) from None


class BearerAuthentication(BearerChallengeMixin, BaseAuthentication):
    """Authenticate by a bearer token: `request.user` is its user, `request.auth` its claims.

    Set `protection` in a subclass to choose how tokens are verified and users are found. If
    `protection.user` is None, the user is anonymous.
    """

    protection = BearerProtection(user=find_user)

    def authenticate(self, request: Request) -> tuple[Any, Mapping[str, Any]] | None:
        keep_view_private(request)
        django_request = request._request  # noqa: SLF001
        with self._answering(request):
            self._check_request(request)
            claims = self.protection.read_claims(django_request)
            if claims is None:
                return None
            if has_granted(claims, self.needed_scope(request)):
                # Otherwise `HasScope` refuses the token.
                self.protection.accept(django_request, claims)
        user = django_request.user if self.protection.user else AnonymousUser()
        return user, claims


class HasScope(BasePermission):
    """Allow tokens that have the `required_scope` of the view, or the scope of the `protection`.

    Other tokens get a 403 with the challenge. Requests without a token are refused, unless the
    operation is public.
    """

    def has_permission(self, request: Request, view: views.APIView) -> bool:
        authenticator: object = request.successful_authenticator
        if not isinstance(authenticator, BearerChallengeMixin):
            return any(
                each.admits_anonymous(request)
                for each in request.authenticators or ()
                if isinstance(each, BearerChallengeMixin)
            )
        keep_view_private(request)
        with authenticator._answering(request):  # noqa: SLF001
            needed, claims = authenticator.needed_scope(request), claims_of(request)
            if has_granted(claims, needed):
                return True
        refusal = InsufficientScope(needed, granted_scope(claims))
        authenticator.protection.log_refusal(request._request, refusal)  # noqa: SLF001
        raise authenticator.refusal(request, "insufficient_scope", str(refusal))


class BearerViewMixin(BeforeView):
    """Have a view answer each OPTIONS request, and add the challenge to its own 401 responses.

    Write it before `APIView`. Resource and scope are those of the first authentication class that
    is a `BearerChallengeMixin`. Without one, it is the resource at the path, or the default one.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return self._challenger().protection.preflight(request)
        if (refusal := refusal_of_origin(request)) is not None:
            return refusal
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, UNREADABLE):
            exc = self._refusal_of_unreadable(self.request, exc)  # type: ignore[attr-defined]
        response: Response = super().handle_exception(exc)  # type: ignore[misc]
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
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        finalize = super().finalize_response  # type: ignore[misc]
        response = finalize(request, response, *args, **kwargs)
        keep_private(response)
        challenger = self._challenger()
        possession.offer(request._request, challenger.protection.dpop)  # noqa: SLF001
        if not is_unfinished(request._request, response):  # noqa: SLF001
            return response
        protection = replace(
            challenger.protection, scope=challenger.known_scope(request), public=()
        )
        finished: Response = protection.finish(request._request, response)  # noqa: SLF001
        return finished

    def _challenger(self) -> BearerChallengeMixin:
        challengers = (
            authenticator
            for authenticator in self.get_authenticators()  # type: ignore[attr-defined]
            if isinstance(authenticator, BearerChallengeMixin)
        )
        return next(challengers, BearerChallengeMixin())
