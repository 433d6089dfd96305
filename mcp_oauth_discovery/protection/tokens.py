"""Reads a token: its claims, its scopes and its user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import connections
from django.http import HttpRequest
from django.utils.module_loading import import_string

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.keys.transactions import undisturbed
from mcp_oauth_discovery.logs.lines import logger, one_line
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.protection.implied import with_implied
from mcp_oauth_discovery.signing import InvalidToken, NotMine, verify_jwt
from mcp_oauth_discovery.signing.verify import foreign
from mcp_oauth_discovery.standards.marking import gettext_noop as _
from mcp_oauth_discovery.standards.www_authenticate import check_value

Claims = Mapping[str, Any]


class BearerRequest(HttpRequest):
    """The request of a protected view, for annotations; at run time it has the server's class."""

    mcp_claims: Claims


@sensitive
def verify_token(request: HttpRequest, token: str, resource: str) -> Claims:
    """Return the claims of a token that this site has signed for exactly this resource.

    This is the default of `BearerProtection.verify`. Raises `NotMine` for a token that does not
    claim to be of this site, so that the next verifier in a list is asked, and else `InvalidToken`.
    """
    try:
        return verify_jwt(token, audience=resource)
    except InvalidToken as error:
        refusal = foreign(token)
        if refusal is None:
            raise
        raise refusal from error
    except Misconfigured as error:
        # This site cannot have signed anything, so the token is not ours.
        extra = {"event": "tokens.unverifiable"}
        text = "All tokens are refused, because none can be verified. %s"
        logger.error(text, one_line(error), extra=extra)
        raise NotMine("This site has issued no token", reason="not_pinned") from error


def find_user(request: HttpRequest, claims: Claims) -> AbstractBaseUser | None:
    """Return the active user whose primary key, as text, is the `sub` of the claims."""
    user = user_with_key(claims.get("sub"))
    return user if user is not None and user.is_active else None


def user_with_key(subject: object) -> AbstractBaseUser | None:
    """Return the user whose primary key, as text, is a `sub`, even if the user is not active."""
    if not isinstance(subject, str):
        return None
    try:
        users = get_user_model()._default_manager.filter(pk=subject)  # noqa: SLF001
        with undisturbed(connections[users.db]):
            user = users.first()
    except (ValueError, OverflowError, ValidationError):
        return None
    # Databases and fields accept other spellings of the same key, so compare the text.
    return user if user is not None and str(user.pk) == subject else None


def sign_in(request: HttpRequest, user: Any) -> None:
    """Set `request.user` to the user of a token; raises `InvalidToken` if it is None."""
    if user is None:
        raise InvalidToken(_("The user of the token cannot sign in"), reason="unknown_user")
    _set_user(request, user)


def sign_out(request: HttpRequest) -> None:
    """Set `request.user` to an anonymous user: the user of a session is not that of a token."""
    is_installed = apps.is_installed("django.contrib.auth")
    # Only projects with this app can import its models.
    model = import_string("django.contrib.auth.models.AnonymousUser") if is_installed else None
    _set_user(request, model and model())


def _set_user(request: HttpRequest, user: Any) -> None:
    async def auser() -> Any:
        return user

    # Set both: otherwise async views would get the user of a session.
    request.user = user
    request.auser = auser


def granted_scope(claims: Claims, *, implied: bool = False) -> set[str]:
    """Return the scopes of a token (RFC 9068 §2.2.3), which may be a list too.

    With `implied`, those that its scopes imply by `MCP_IMPLIED_SCOPES` are among them.
    """
    scope = claims.get("scope", "")
    names = scope.split(" ") if isinstance(scope, str) else scope
    scopes = {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()
    return with_implied(scopes) if implied else scopes


def describe(error: Exception) -> str | None:
    """Return the text of an error, which a project may have raised, if a challenge may carry it."""
    try:
        return check_value("error_description", str(error))
    except ValueError:
        return None
