"""Clients that act for themselves, without a user: the client credentials grant (RFC 6749 §4.4)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from uuid import UUID

from django.db import IntegrityError, router, transaction
from oauth2_provider.models import get_id_token_model
from oauthlib.common import Request
from oauthlib.oauth2 import ClientCredentialsGrant, WebApplicationServer
from oauthlib.oauth2.rfc6749.errors import InvalidClientError, UnauthorizedClientError

from mcp_oauth_discovery.contrib.oauth_toolkit.assertions import (
    TYPE,
    claimed_client,
    verify_assertion,
)
from mcp_oauth_discovery.contrib.oauth_toolkit.validator import Validator
from mcp_oauth_discovery.identity import pinned_issuer
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.protection.tokens import user_with_key
from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.signing.rules import LEEWAY

GRANT = "client_credentials"


class ServiceAccountServer(WebApplicationServer):  # type: ignore[misc]
    """Also issue tokens to service accounts; for `OAUTH2_SERVER_CLASS`."""

    def __init__(self, request_validator: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(request_validator, *args, **kwargs)
        self.grant_types[GRANT] = ClientCredentialsGrant(request_validator)


@dataclass(frozen=True)
class Subject:
    """What a request of a service account has as its user: `access_token` reads `pk`.

    RFC 9068 §2.2: without a user, the `sub` of a token is the client.
    """

    pk: str


class ServiceAccountValidator(Validator):
    """Authenticate service accounts by their assertions, and limit their scopes.

    Name a subclass with `service_account` in `OAUTH2_VALIDATOR_CLASS`, and `ServiceAccountServer`
    in `OAUTH2_SERVER_CLASS`. An account is an application with the grant `client-credentials`.
    """

    def service_account(self, client: Any) -> Mapping[str, Any] | None:
        """Return the metadata of the account of an application, or None if it has no account.

        The members are those of RFC 7591 §2: `scope` has the scopes that the account may request.
        `jwks` is the JWK Set with its public keys. Without it, the account uses its secret.
        """
        raise NotImplementedError("Write service_account in your subclass.")

    @sensitive
    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        sent, types = (
            _values(request, "client_assertion"),
            _values(request, "client_assertion_type"),
        )
        if not (sent or types):
            return bool(super().authenticate_client(request)) and self._may_use_secret(request)
        # RFC 6749 §2.3: a client authenticates by one method, and sends a parameter once.
        has_secret = self._extract_basic_auth(request) or request.client_secret
        if has_secret or len(sent) != 1 or types != [TYPE]:
            raise _refused("one_method", request, f"one client_assertion of the type {TYPE}")
        self._authenticate_by_assertion(sent[0], request)
        return True

    def _may_use_secret(self, request: Request) -> bool:
        account = self.service_account(request.client)
        if account and "jwks" in account:
            return False
        # The toolkit accepts an empty secret if it is stored without a hash.
        return request.grant_type != GRANT or bool(request.client.client_secret)

    @sensitive
    def _authenticate_by_assertion(self, assertion: str, request: Request) -> None:
        """Set the client of a request; raises `InvalidClientError` with the reason."""
        try:
            client = self._load_application(claimed_client(assertion), request)
            account = self.service_account(client) if client else None
            if client is None or not account or "jwks" not in account:
                raise _refused("unknown_client", request, "the client_id of an account with jwks")
            client_id = client.client_id
            keys, issuer = account["jwks"], pinned_issuer()
            claims = verify_assertion(assertion, client_id=client_id, jwks=keys, issuer=issuer)
        except InvalidToken as error:
            expected = ", ".join(f"{name} {value}" for name, value in error.expected.items())
            raise _refused(error.reason, request, expected) from error
        # RFC 7521 §4.2: `client_id` is optional, but it must be the same client.
        if request.client_id not in (None, "", client_id):
            raise _refused("another_client", request, f"client_id {client_id}, or none")
        if not _is_first_use(client, claims):
            raise _refused("used_twice", request, "a new jti for each request")
        request.client_id = client_id

    def get_default_scopes(
        self, client_id: str, request: Request, *args: Any, **kwargs: Any
    ) -> list[str]:
        account = self._account(request)
        scopes: list[str] = super().get_default_scopes(client_id, request)
        return scopes if account is None else _scopes(account)

    def validate_scopes(
        self,
        client_id: str,
        scopes: list[str],
        client: Any,
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> bool:
        account = self._account(request)
        if account is not None:
            if not scopes or not set(scopes).issubset(_scopes(account)):
                return False
            _refuse_name_of_user(client.client_id, request)
            request.resource = _values(request, "resource")
            request.resource = self._resources(client, scopes, request)
            request.user = Subject(client.client_id)
        return super().validate_scopes(client_id, scopes, client, request)

    def _account(self, request: Request) -> Mapping[str, Any] | None:
        is_for_account = request.grant_type == GRANT and request.client
        return self.service_account(request.client) if is_for_account else None


def _values(request: Request, name: str) -> list[str]:
    return [value for each, value in request.decoded_body or [] if each == name]


def _scopes(account: Mapping[str, Any]) -> list[str]:
    return str(account.get("scope", "")).split()


def _refuse_name_of_user(client_id: str, request: Request) -> None:
    """Refuse an account whose tokens would be those of a user (RFC 9068 §5)."""
    # An inactive user may become active again while a token is valid.
    if user_with_key(client_id) is not None:
        text = "The client_id is the primary key of a user. Give the application another one."
        raise UnauthorizedClientError(description=text, request=request)


def _is_first_use(client: Any, claims: Mapping[str, Any]) -> bool:
    """Remember an assertion until it has expired, and return whether it is new.

    The ID tokens of the toolkit are the one table with a unique `jti`. The database refuses the
    second of two parallel requests, and `cleartokens` deletes the expired rows.
    """
    named = json.dumps([client.client_id, claims["jti"]]).encode()
    jti = UUID(bytes=hashlib.sha256(named).digest()[:16], version=5)
    expires = datetime.fromtimestamp(claims["exp"] + LEEWAY, tz=timezone.utc)
    model = get_id_token_model()
    try:
        # The savepoint keeps the transaction of the token endpoint usable.
        with transaction.atomic(using=router.db_for_write(model)):
            model.objects.create(jti=jti, application=client, expires=expires)
    except IntegrityError:
        return False
    return True


def _refused(reason: str, request: Request, expected: str) -> InvalidClientError:
    text = f"The client assertion is refused: {reason}."
    if expected:
        text += f" Expected: {expected}."
    return InvalidClientError(description=text, request=request)
