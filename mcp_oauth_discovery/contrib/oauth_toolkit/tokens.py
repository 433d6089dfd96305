"""Access tokens of django-oauth-toolkit as JWTs: how they are made and verified."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import connections
from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.models import (
    get_access_token_model,
    get_refresh_token_model,
)
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.tokens import random_token_generator

from mcp_oauth_discovery import protection
from mcp_oauth_discovery.contrib.oauth_toolkit import dpop
from mcp_oauth_discovery.contrib.oauth_toolkit.resources import (
    InvalidTarget,
    as_configured,
    find,
    granted_resources,
)
from mcp_oauth_discovery.keys.transactions import undisturbed
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.protection import Claims
from mcp_oauth_discovery.signing import InvalidToken, sign_jwt
from mcp_oauth_discovery.standards.marking import gettext_noop as _


def access_token(request: Request) -> str:
    """Return an access token for `ACCESS_TOKEN_GENERATOR`: a JWT as in RFC 9068.

    A token without a resource or a user is not for an MCP endpoint. It is a random string. A JWT
    is bound to the key of a DPoP proof that came with the request (RFC 9449 §6.1). Raises
    `InvalidTarget` for a resource without consent, `ProofRequired` for a resource that needs a
    proof, and what `sign_jwt` raises.
    """
    resource = _resource(request) if request.user else None
    if resource is None:
        # This string cannot have a thumbprint, so it is a bearer token, even if the request had a
        # proof. The client sees that by its token_type, and may discard it (RFC 9449 §5).
        return str(random_token_generator(request))
    cnf = dpop.confirmation(resource, request)
    if cnf is not None:
        # oauthlib writes these members over its own, so the type always agrees with the token.
        request.extra_credentials = {**(request.extra_credentials or {}), "token_type": "DPoP"}
    now = timezone.now()
    claims = {
        "sub": str(request.user.pk),
        "aud": resource,
        "exp": int(now.timestamp()) + request.expires_in,
        "jti": secrets.token_urlsafe(16),
        "client_id": request.client.client_id,
        "scope": " ".join(request.scopes),
    }
    return sign_jwt(claims, cnf=cnf, now=now)


def _resource(request: Request) -> str | None:
    """Return the requested resource of a token (RFC 8707 §2.2), or else the granted one.

    `request.resource` becomes the granted spelling, because the toolkit compares the two.
    """
    granted = {name: find(name) for name in granted_resources(request)}
    values = [value for name, value in request.decoded_body or [] if name == "resource"]
    if not granted and not values:
        return None
    # If the user consented to no resource, django-oauth-toolkit itself accepts any.
    requested = as_configured(values or granted, request) if granted else values
    if not set(requested).issubset(granted.values()):
        raise InvalidTarget("The user has not consented to this resource.", request)
    if len(requested) > 1:
        raise InvalidTarget("A token is for one resource. Send one of them as `resource`.", request)
    request.resource = [name for name, identifier in granted.items() if identifier in requested]
    return requested[0]


@sensitive
def verify_token(request: HttpRequest, token: str, resource: str) -> Claims:
    """Return the claims of a token, as `BearerProtection.verify`, unless it was revoked.

    A JWT of `access_token` has a row until it is revoked, or replaced in a refresh. Raises
    `InvalidToken` without a valid row, and what the `verify_token` of `protection` raises.
    """
    claims = protection.verify_token(request, token, resource)
    rows = get_access_token_model().objects.filter(token_checksum=checksum(token))
    with undisturbed(connections[rows.db]):
        row = rows.first()
    if row is None or row.is_expired():
        reason = "revoked" if row is None else "expired"
        raise InvalidToken(_("The token has been revoked or has expired"), reason=reason)
    return claims


def checksum(token: str) -> str:
    """Return the `token_checksum` by which the toolkit finds an access or refresh token."""
    return hashlib.sha256(token.encode()).hexdigest()


def was_just_used(refresh_token: str, window: timedelta) -> bool:
    """Return whether a refresh token was exchanged for new tokens in the last moments.

    A refresh token that was revoked on purpose has no successors.
    """
    refreshed = get_refresh_token_model().objects.filter(
        token_checksum=checksum(refresh_token), revoked__gt=timezone.now() - window
    )
    former = refreshed.first()
    if former is None:
        return False
    successors = get_access_token_model().objects.filter(
        source_refresh_token__token_family=former.token_family, created__gte=former.revoked
    )
    return bool(successors.exists())
