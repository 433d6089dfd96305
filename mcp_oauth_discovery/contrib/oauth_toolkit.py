"""django-oauth-toolkit as the authorization server: consent for each request, and JWTs."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import router, transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from oauth2_provider import views
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_grant_model,
    get_refresh_token_model,
)
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import (
    InvalidRedirectURIError,
    InvalidRequestFatalError,
    ServerError,
    UnsupportedGrantTypeError,
)

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.contrib.oauth_requests import (
    BadParameters,
    JSONView,
    check_redirect_uri,
    check_stored,
    explain,
    is_storable,
    read_parameters,
    refuse_redirect_uri,
    with_issuer,
)
from mcp_oauth_discovery.contrib.oauth_resources import (
    InvalidTarget,
    as_configured,
    is_for_mcp,
    only_resource,
)
from mcp_oauth_discovery.contrib.oauth_tokens import (
    access_token,
    checksum,
    verify_token,
    was_just_used,
)
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.logs.lines import logger
from mcp_oauth_discovery.standards.identifiers import check_url

try:
    from oauth2_provider.core.exceptions import FatalClientError
except ModuleNotFoundError:
    # django-oauth-toolkit up to 3.4.
    from oauth2_provider.exceptions import FatalClientError

__all__ = [
    "AT_ONCE",
    "ConsentView",
    "InvalidTarget",
    "RevokeTokenView",
    "TokenView",
    "Validator",
    "access_token",
    "check_redirect_uri",
    "checksum",
    "verify_token",
]


# Clients send the same request several times in parallel. Those within this time count as
# concurrent: on a busy server they wait for each other.
AT_ONCE = timedelta(seconds=30)

# RFC 8628 §3.4.
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class ConsentView(views.AuthorizationView):  # type: ignore[misc]
    """Ask the user each time, unless the application has `skip_authorization`.

    Each answer to a client has `iss`, the issuer of this site, errors included.
    """

    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            read_parameters(request)
        except BadParameters as error:
            return self._refuse(InvalidRequestFatalError(str(error)))
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # With approval_prompt=auto in its link, a client that already has a token would get one for
        # another resource without the consent of the user.
        parameters = request.GET.copy()
        parameters["approval_prompt"] = "force"
        request.GET = parameters  # type: ignore[assignment]
        response: HttpResponse = super().get(request, *args, **kwargs)
        return response

    def validate_authorization_request(self, request: HttpRequest) -> tuple[list[str], Any]:
        scopes, credentials = super().validate_authorization_request(request)
        # The page and its form have the resources in the spelling of `Validator`.
        if resources := credentials["request"].resource:
            parameters = request.GET.copy()
            parameters.setlist("resource", resources)
            request.GET = parameters  # type: ignore[assignment]
        return scopes, credentials

    def form_invalid(self, form: Form) -> HttpResponse:
        return self._refuse(InvalidRequestFatalError("The form is incomplete."))

    def form_valid(self, form: Form) -> HttpResponse:
        # The toolkit itself would send a refusal to any URL in the form.
        client_id, uri = form.cleaned_data["client_id"], form.cleaned_data["redirect_uri"]
        application = get_application_model().objects.filter(client_id=client_id).first()
        try:
            # The toolkit fails on an invalid URL before it calls `Validator`.
            for resource in form.cleaned_data["resource"].split():
                check_url(resource)
        except ValueError:
            return self.form_invalid(form)
        try:
            refuse_redirect_uri(uri)
            if application is None or not application.redirect_uri_allowed(uri):
                raise InvalidRedirectURIError("The client has no such redirect URI.")
        except InvalidRedirectURIError as error:
            return self._refuse(error)
        response: HttpResponse = super().form_valid(form)
        return response

    def redirect(self, redirect_to: str, application: Any) -> HttpResponse:
        # RFC 9207 §2: the toolkit itself sends `iss` with a code, but not with an error.
        # Without a valid issuer, the metadata that could promise `iss` are a 500, and are logged.
        with suppress(Misconfigured):
            redirect_to = with_issuer(redirect_to, Site(self.request).issuer)
        response: HttpResponse = super().redirect(redirect_to, application)
        return response

    def _refuse(self, error: Exception) -> HttpResponse:
        refusal: HttpResponse = self.error_response(FatalClientError(error), None)
        return refusal


# Django logs a 500 with its request, whose form has codes and tokens.
@method_decorator(sensitive_post_parameters(), name="dispatch")
class TokenView(JSONView, views.TokenView):  # type: ignore[misc]
    """Issue tokens for codes and refresh tokens, one request at a time; refuse device codes."""

    def respond(self, request: HttpRequest) -> HttpResponse:
        read_parameters(request)
        if request.POST.get("grant_type") == _DEVICE_CODE:
            # The toolkit has another view for it. This one would fail for an unknown code.
            body = {"error": "unsupported_grant_type"}
            return JsonResponse(body, status=HTTPStatus.BAD_REQUEST)
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
        return response


@method_decorator(sensitive_post_parameters(), name="dispatch")
class RevokeTokenView(JSONView, views.RevokeTokenView):  # type: ignore[misc]
    """Revoke a token of the client that sends it."""


class Validator(OAuth2Validator):  # type: ignore[misc]
    """Refuse unsafe redirect URIs and unknown resources; tolerate concurrent refreshes.

    Redirect URIs are checked each time: a client may be older than these rules. A refresh token
    that comes twice within `AT_ONCE` is refused, but the tokens of the first request stay valid.
    """

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        refuse_redirect_uri(redirect_uri)
        return bool(super().validate_redirect_uri(client_id, redirect_uri, request))

    def get_default_redirect_uri(
        self, client_id: str, request: Request, *args: Any, **kwargs: Any
    ) -> str:
        uri: str = super().get_default_redirect_uri(client_id, request)
        refuse_redirect_uri(uri)
        return uri

    def validate_scopes(
        self,
        client_id: str,
        scopes: list[str],
        client: Any,
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> bool:
        # oauthlib does not know resources. This is the first method whose errors reach the client.
        # Only the authorization endpoint has a response type.
        if request.response_type:
            check_stored(request, get_grant_model())
            request.resource = self._resources(client, scopes, request)
        return bool(super().validate_scopes(client_id, scopes, client, request))

    def needs_resource(self, client: Any, scopes: list[str], request: Request) -> bool:
        """Return whether an authorization request without a resource is for an MCP endpoint.

        If so, it is for the only resource of the site; with several, the request is refused.
        Override it to return False for your own applications that do not use MCP.
        """
        return is_for_mcp(scopes, request)

    def _resources(self, client: Any, scopes: list[str], request: Request) -> list[str]:
        """Return the resources of an authorization request, in their configured spelling."""
        resources = [value for name, value in request.uri_query_params if name == "resource"]
        if isinstance(request.resource, list):
            # The user has consented to those of the form, and no others.
            resources = request.resource
        try:
            if not resources and self.needs_resource(client, scopes, request):
                return [only_resource(request)]
            return as_configured(resources, request)
        except Misconfigured as error:
            extra = {"event": "authorization.failed"}
            logger.error("Authorization requests are refused. %s", explain(error), extra=extra)
            raise ServerError("This site cannot issue a token.", request=request) from error

    def validate_grant_type(
        self,
        client_id: str,
        grant_type: str,
        client: Any,
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> bool:
        # oauthlib treats this type as a code grant, and an assertion in the toolkit fails.
        if grant_type == "openid":
            raise UnsupportedGrantTypeError(request=request)
        return bool(super().validate_grant_type(client_id, grant_type, client, request))

    def _load_application(self, client_id: str | None, request: Request) -> Any:
        # PostgreSQL fails on a value that it cannot store, even in a lookup.
        return super()._load_application(client_id, request) if is_storable(client_id) else None

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        if not is_storable(code):
            return False
        return bool(super().validate_code(client_id, code, client, request))

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        # Otherwise the toolkit would revoke the tokens of the first of several parallel requests.
        if was_just_used(refresh_token, AT_ONCE):
            return False
        return bool(super().validate_refresh_token(refresh_token, client, request))
