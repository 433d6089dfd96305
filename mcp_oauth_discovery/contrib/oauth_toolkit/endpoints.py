"""The endpoints that clients call: tokens, revocation and registration. They answer in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any, cast

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.db import DataError, IntegrityError, connections, router, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic.base import View
from oauth2_provider import views
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_grant_model,
    get_refresh_token_model,
)
from oauth2_provider.settings import oauth2_settings

from mcp_oauth_discovery.contrib.oauth_toolkit import dpop
from mcp_oauth_discovery.contrib.oauth_toolkit.clients import check_metadata
from mcp_oauth_discovery.contrib.oauth_toolkit.requests import (
    JSONView,
    answer_in_json,
    read_parameters,
)
from mcp_oauth_discovery.contrib.oauth_toolkit.tokens import checksum
from mcp_oauth_discovery.cors import ENDPOINT_PREFLIGHT_HEADERS
from mcp_oauth_discovery.discovery.cookies import without_cookies
from mcp_oauth_discovery.protection.dpop import PROOF_ALGORITHMS, InvalidProof, Proof
from mcp_oauth_discovery.standards.authorization import presents_bearer

# RFC 8628 §3.4.
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class CrossOrigin(View):
    """Let scripts of all origins call an endpoint and read its answer, without credentials.

    That is safe for an endpoint that takes tokens and no cookies: a page gets no access that its
    user has not given to it. A list of origins in django-cors-headers stays as it is.
    """

    # `DiscoveryMiddleware` sends a preflight to this view before another middleware answers it.
    answers_preflight = True

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        view: Callable[..., HttpResponseBase] = super().as_view(**initkwargs)
        # Each request that writes has its own transaction. That of ATOMIC_REQUESTS would begin and
        # end outside of the view, and Django's own 500 is HTML without CORS headers.
        for alias in connections:
            view = transaction.non_atomic_requests(using=alias)(view)
        return view

    @method_decorator([csrf_exempt, login_not_required])
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Access-Control-Allow-Origin"] = "*"
        nonce = ("DPoP-Nonce",) if "DPoP-Nonce" in response.headers else ()
        response.headers["Access-Control-Expose-Headers"] = ", ".join(("WWW-Authenticate", *nonce))
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            self._complete_challenge(request, response)
        without_cookies(request)
        return response

    def _complete_challenge(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Give a 401 the scheme that the client used (RFC 6749 §5.2)."""
        scheme, _, _ = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            response.headers["WWW-Authenticate"] = 'Basic realm="mcp"'

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        names = (name for name in self.http_method_names if hasattr(self, name))
        methods = ", ".join(name.upper() for name in names)
        response = HttpResponse(status=HTTPStatus.NO_CONTENT, headers=ENDPOINT_PREFLIGHT_HEADERS)
        response.headers["Allow"] = response.headers["Access-Control-Allow-Methods"] = methods
        del response.headers["Content-Type"]
        return response


# Django logs a 500 with its request, whose form has codes and tokens.
@method_decorator(sensitive_post_parameters(), name="dispatch")
class TokenView(CrossOrigin, JSONView, views.TokenView):  # type: ignore[misc]
    """Issue tokens for codes and refresh tokens, one request at a time; refuse device codes."""

    # The system checks compare the announced algorithms with these.
    proof_algorithms = PROOF_ALGORITHMS

    def respond(self, request: HttpRequest) -> HttpResponse:
        read_parameters(request)
        if request.POST.get("grant_type") == _DEVICE_CODE:
            # The toolkit has another view for it. This one would fail for an unknown code.
            body = {"error": "unsupported_grant_type"}
            return JsonResponse(body, status=HTTPStatus.BAD_REQUEST)
        try:
            return self._issued(request, dpop.read_proof(request))
        except InvalidProof as error:
            return dpop.refusal(error)

    def _issued(self, request: HttpRequest, proof: Proof | None) -> HttpResponse:
        """Return the tokens of a token request; raises `InvalidProof` for a used proof."""
        # Of several requests with the same code or refresh token, each must end before the next
        # begins. SQLite allows one writer at a time; other databases lock the row.
        models = (get_access_token_model(), get_refresh_token_model(), get_grant_model())
        with ExitStack() as transactions:
            for alias in sorted({router.db_for_write(model) for model in models}):
                transactions.enter_context(transaction.atomic(using=alias))
            digest = checksum(request.POST.get("refresh_token", ""))
            tokens = get_refresh_token_model().objects.filter(token_checksum=digest)
            codes = get_grant_model().objects.filter(code=request.POST.get("code", ""))
            for rows in (tokens, codes):
                list(rows.select_for_update())
            response: HttpResponse = self.authorization_flow_token_response(request)
            if proof is not None and response.status_code == HTTPStatus.OK:
                # Inside the transactions, so that the code stays valid if the proof has been used.
                proof.use()
        return response


@method_decorator(sensitive_post_parameters(), name="dispatch")
class RevokeTokenView(CrossOrigin, JSONView, views.RevokeTokenView):  # type: ignore[misc]
    """Revoke a token of the client that sends it."""


class StrictRegistration(View):
    """Answer 400 for metadata that this site does not accept or cannot store."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return super().dispatch(request, *args, **kwargs)
        return answer_in_json(request, lambda request: self._registered(request, *args, **kwargs))

    def _registered(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        is_bound = False
        try:
            if request.method in ("POST", "PUT"):
                # A metadata document has the same limit.
                longest = oauth2_settings.CIMD_MAX_DOCUMENT_SIZE
                if len(request.body) > longest:
                    raise ValueError(f"expected at most {longest} bytes")
                metadata = json.loads(request.body)
                members = metadata if isinstance(metadata, dict) else {}
                check_metadata(members)
                is_bound = dpop.wants_to_be_bound(members) and request.method == "POST"
            # The savepoint keeps a transaction around this request usable.
            with transaction.atomic(using=router.db_for_write(get_application_model())):
                response = cast(HttpResponse, super().dispatch(request, *args, **kwargs))
                return _with_binding(response, is_new=is_bound)
        except (DataError, IntegrityError, RecursionError, SuspiciousOperation, OSError) as error:
            return _no_client(type(error).__name__)
        except ValueError as error:
            return _no_client(str(error))


def _with_binding(response: HttpResponse, *, is_new: bool) -> HttpResponse:
    """Return the answer to a registration, with `dpop_bound_access_tokens` (RFC 7591 §3.2.1).

    `is_new` is whether a new client asks for that. It cannot change later, because the ID cannot.
    """
    if response.status_code not in (HTTPStatus.OK, HTTPStatus.CREATED) or not dpop.is_announced():
        return response
    registration = json.loads(response.content)
    if is_new:
        dpop.bind_client(registration)
    if dpop.is_bound_client(registration["client_id"]):
        registration[dpop.CLIENT_MEMBER] = True
    return JsonResponse(registration, status=response.status_code)


def _no_client(reason: str) -> HttpResponse:
    error = {"error": "invalid_client_metadata", "error_description": reason}
    return JsonResponse(error, status=HTTPStatus.BAD_REQUEST)


class RegistrationView(
    CrossOrigin,
    StrictRegistration,
    views.DynamicClientRegistrationView,  # type: ignore[misc]
):
    """Register a client (RFC 7591)."""


class ManagementView(
    CrossOrigin,
    StrictRegistration,
    views.DynamicClientRegistrationManagementView,  # type: ignore[misc]
):
    """Allow a client to read, change and delete its registration (RFC 7592)."""

    def _complete_challenge(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Name no error in the 401 for a request without a token (RFC 6750 §3.1)."""
        if not presents_bearer(request.headers.get("Authorization", "")):
            response.headers["WWW-Authenticate"] = 'Bearer realm="mcp"'
