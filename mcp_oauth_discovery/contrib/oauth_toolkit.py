"""django-oauth-toolkit as the authorization server: it asks each time, and issues JWTs once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from oauth2_provider import views
from oauth2_provider.exceptions import FatalClientError
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_grant_model,
    get_refresh_token_model,
)
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, InvalidRedirectURIError
from oauthlib.oauth2.rfc6749.tokens import random_token_generator

from mcp_oauth_discovery import protection
from mcp_oauth_discovery.conf import Misconfigured, fixed_script_prefix
from mcp_oauth_discovery.identifiers import check_resource, check_secure_url, origin
from mcp_oauth_discovery.identity import Site, pinned_issuer
from mcp_oauth_discovery.protection import Claims
from mcp_oauth_discovery.signing import InvalidToken, sign_jwt
from mcp_oauth_discovery.wsgi_environ import environ

# How far apart requests are that a client sends at once, where the server has much to do: they
# wait for each other, and a client that was refused tries again with what another one got.
AT_ONCE = timedelta(seconds=30)


class InvalidTarget(CustomOAuth2Error):  # type: ignore[misc]
    """A resource that no token is issued for (RFC 8707 §2)."""

    # The toolkit sends what an error of a token generator has, and oauthlib has no type there.
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}

    def __init__(self, description: str, request: Request) -> None:
        super().__init__("invalid_target", description=description, request=request)


def access_token(request: Request) -> str:
    """Return an access token for `ACCESS_TOKEN_GENERATOR`: a JWT as in RFC 9068.

    What is for no one resource, or for no user, is for none of the MCP endpoints either: it gets
    a random string.
    """
    resources = _resources(request) if request.user else []
    if len(resources) != 1:
        return str(random_token_generator(request))
    now = timezone.now()
    claims = {
        "sub": str(request.user.pk),
        "aud": resources[0],
        "exp": int(now.timestamp()) + request.expires_in,
        "jti": secrets.token_urlsafe(16),
        "client_id": request.client.client_id,
        "scope": " ".join(request.scopes),
    }
    return sign_jwt(claims, now=now)


def _resources(request: Request) -> list[str]:
    """Return what a token is asked for (RFC 8707 §2.2), or else what the user has consented to."""
    granted = _granted_resources(request)
    asked = [value for name, value in request.decoded_body or [] if name == "resource"]
    # django-oauth-toolkit itself takes any resource where none was named to the user.
    if not set(asked).issubset(granted):
        raise InvalidTarget("The user has not consented to this resource.", request)
    _check_resources(asked or granted, request)
    return asked or granted


def _granted_resources(request: Request) -> list[str]:
    if request.grant_type == "refresh_token":
        return list(request.refresh_token_instance.resource)
    grants = get_grant_model().objects
    grant = grants.filter(code=request.code, application=request.client).first()
    return list(grant.resource) if grant else []


def _check_resources(resources: Iterable[str], request: Request) -> None:
    # What is on the issuer's own origin may be issued: only an MCP endpoint knows its neighbours.
    if not all(_is_own(resource) for resource in resources):
        raise InvalidTarget("This site has no such resource.", request)


def _is_own(resource: str) -> bool:
    """Say whether a resource is on the origin of the issuer, or is one of this site's."""
    # A wrong MCP_ISSUER is no fault of the client.
    own_origin = origin(pinned_issuer())
    try:
        if origin(check_resource(resource)) == own_origin:
            return True
        # A tenant's callable knows it from a request to it, and not from one for a token.
        made = environ("GET", resource, prefix=fixed_script_prefix())
        found = Site(WSGIRequest(made)).resources
    except (ValueError, Http404, SuspiciousOperation, Misconfigured):
        return False
    return any(one.enabled and one.identifier == resource for one in found)


def verify_token(request: HttpRequest, token: str, resource: str) -> Claims:
    """Return the claims of a token, as `BearerProtection.verify`, unless it was revoked.

    A JWT of `access_token` has a row until it is revoked, or replaced in a refresh.
    """
    claims = protection.verify_token(request, token, resource)
    row = get_access_token_model().objects.filter(token_checksum=checksum(token)).first()
    if row is None or row.is_expired():
        raise InvalidToken("The token has been revoked or has expired")
    return claims


class ConsentView(views.AuthorizationView):  # type: ignore[misc]
    """Ask the user each time, but for an application with `skip_authorization`."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # With approval_prompt=auto in its link a client that has some token would get one for
        # another resource, and nobody would have been asked.
        parameters = request.GET.copy()
        parameters["approval_prompt"] = "force"
        request.GET = parameters  # type: ignore[assignment]
        response: HttpResponse = super().get(request, *args, **kwargs)
        return response

    def form_valid(self, form: Form) -> HttpResponse:
        # The toolkit itself sends a refusal to wherever the form says.
        client_id, uri = form.cleaned_data["client_id"], form.cleaned_data["redirect_uri"]
        application = get_application_model().objects.filter(client_id=client_id).first()
        try:
            _judge(uri)
            if application is None or not application.redirect_uri_allowed(uri):
                raise InvalidRedirectURIError("The client has no such redirect URI.")
        except InvalidRedirectURIError as error:
            refusal: HttpResponse = self.error_response(FatalClientError(error), application)
            return refusal
        response: HttpResponse = super().form_valid(form)
        return response


class TokenView(views.TokenView):  # type: ignore[misc]
    """Give tokens for codes and refresh tokens, one request at a time, and nothing to devices."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # Of several requests with the same code or refresh token, the first has to be through
        # before the next one is judged. SQLite lets one transaction write at a time; other
        # databases lock the row.
        with transaction.atomic():
            used = checksum(request.POST.get("refresh_token", ""))
            tokens = get_refresh_token_model().objects.filter(token_checksum=used)
            codes = get_grant_model().objects.filter(code=request.POST.get("code", ""))
            for rows in (tokens, codes):
                list(rows.select_for_update())
            response: HttpResponse = self.authorization_flow_token_response(request)
        return response


class Validator(OAuth2Validator):  # type: ignore[misc]
    """Send no answer where others read it, and ask no user for a resource that is not here.

    Redirect URIs are judged each time, for a client may have registered before there were rules.
    A refresh token that comes again at once is refused, and ends no session: see `TokenView`.
    """

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        _judge(redirect_uri)
        return bool(super().validate_redirect_uri(client_id, redirect_uri, request))

    def get_default_redirect_uri(
        self, client_id: str, request: Request, *args: Any, **kwargs: Any
    ) -> str:
        uri: str = super().get_default_redirect_uri(client_id, request)
        _judge(uri)
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
        # oauthlib knows no resources. Here it tells the client of an error, and not before.
        asked = [value for name, value in request.uri_query_params if name == "resource"]
        consented = getattr(request, "resource", None)
        _check_resources([*asked, *(consented if isinstance(consented, list) else [])], request)
        return bool(super().validate_scopes(client_id, scopes, client, request))

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        if _was_just_used(refresh_token):
            return False
        return bool(super().validate_refresh_token(refresh_token, client, request))


def check_redirect_uri(uri: str) -> None:
    """Raise `ValueError` for an http URL that is not on the user's own machine (RFC 8252 §7.3).

    So are an https URL with a user name, with letters beyond ASCII, or with a fragment: what a
    person reads there is not where a browser goes. Other schemes are for the toolkit to judge.
    """
    if urlsplit(uri).scheme in ("http", "https"):
        check_secure_url(uri)


def _judge(uri: str) -> None:
    # Of the errors of oauthlib, one that never goes to the client.
    try:
        check_redirect_uri(uri)
    except ValueError as error:
        raise InvalidRedirectURIError(str(error)) from error


def _was_just_used(refresh_token: str) -> bool:
    # Clients refresh several times at once. Those that come late get no token, but they are no
    # thieves, and what the first has got, or got for that, goes on. One that was revoked on
    # purpose has no successors.
    used = (
        get_refresh_token_model()
        .objects.filter(
            token_checksum=checksum(refresh_token), revoked__gt=timezone.now() - AT_ONCE
        )
        .first()
    )
    return used is not None and bool(
        get_access_token_model()
        .objects.filter(
            source_refresh_token__token_family=used.token_family, created__gte=used.revoked
        )
        .exists()
    )


def checksum(token: str) -> str:
    """Return what the toolkit finds an access or refresh token by, as `token_checksum`."""
    return hashlib.sha256(token.encode()).hexdigest()
