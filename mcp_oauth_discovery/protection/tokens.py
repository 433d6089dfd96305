"""What a token is taken for: its claims, its scopes, and the user whom it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.logs.lines import logger, one_line
from mcp_oauth_discovery.signing import InvalidToken, verify_jwt
from mcp_oauth_discovery.standards.www_authenticate import check_value

Claims = Mapping[str, Any]


class BearerRequest(HttpRequest):
    """The request of a protected view, for annotations; at run time it has the server's class."""

    mcp_claims: Claims


@sensitive_variables()
def verify_token(request: HttpRequest, token: str, resource: str) -> Claims:
    """Return the claims of a token that this site has signed for exactly this resource.

    This is the default of `BearerProtection.verify`; another one has the same arguments and
    raises `InvalidToken` as well.
    """
    try:
        return verify_jwt(token, audience=resource)
    except Misconfigured as error:
        # Nothing can have been signed here: the token is not ours, whatever it is.
        extra = {"event": "tokens.unverifiable"}
        text = "No token is let in, because none can be verified. %s"
        logger.error(text, one_line(error), extra=extra)
        raise InvalidToken("This site has issued no token") from error


def find_user(request: HttpRequest, claims: Claims) -> AbstractBaseUser | None:
    """Return the active user whose primary key, as `str` has it, is the `sub` of the claims."""
    subject = claims.get("sub")
    if not isinstance(subject, str):
        return None
    try:
        user = get_user_model()._default_manager.filter(pk=subject).first()  # noqa: SLF001
    except (ValueError, OverflowError, ValidationError):
        return None
    # Databases and fields take other spellings for the same key.
    found = user is not None and user.is_active and str(user.pk) == subject
    return user if found else None


def sign_in(request: HttpRequest, user: Any) -> None:
    """Make the user of a token that of the request; raises `InvalidToken` if there is none."""
    if user is None:
        raise InvalidToken("The user of the token cannot sign in")

    async def auser() -> Any:
        return user

    # Both, or a session in the same request would have its say in async views.
    request.user = user
    request.auser = auser


def granted_scope(claims: Claims) -> set[str]:
    """Return the scopes of a token (RFC 9068 §2.2.3); a list of them is understood as well."""
    scope = claims.get("scope", "")
    if isinstance(scope, str):
        return set(scope.split(" "))
    return {one for one in scope if isinstance(one, str)} if isinstance(scope, list) else set()


def describe(error: Exception) -> str | None:
    """Return the text of an error if a challenge may carry it: it can be a project's own."""
    try:
        return check_value("error_description", str(error))
    except ValueError:
        return None
