"""`Introspection`, for opaque tokens that another server issues (RFC 7662)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import TimeoutError as Timeout
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus, urlencode

from django.http import HttpRequest

from mcp_oauth_discovery.logs.lines import logger
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.signing import InvalidToken, NotMine, Unavailable
from mcp_oauth_discovery.signing.rules import check_audience, extract
from mcp_oauth_discovery.standards.identifiers import check_secure_url
from mcp_oauth_discovery.standards.marking import gettext_noop as _
from mcp_oauth_discovery.verifiers.arguments import (
    check_audiences,
    check_text,
    check_timeout,
    check_url,
)
from mcp_oauth_discovery.verifiers.background import SHORT_WAIT, in_background
from mcp_oauth_discovery.verifiers.claims import (
    audiences_for,
    check_times,
    check_use,
    with_scope,
)
from mcp_oauth_discovery.verifiers.exchanges import Answer, Deadline, Unreachable
from mcp_oauth_discovery.verifiers.extra import make_client
from mcp_oauth_discovery.verifiers.key_sets import ANY_ALGORITHM

# In octets.
_LIMIT = 2**16
# RFC 7662 §2.2 has the first one. Older releases of Ory Hydra have the other.
_TYPES = ("bearer", "access_token")
# In seconds: bounds of the server's own Retry-After.
_LEAST_PAUSE, _DEFAULT_PAUSE, _LONGEST_PAUSE = 1, 30, 600


class Introspection:
    """Ask the server that issued a token whether it is valid, each time it is used.

    `url` is the introspection endpoint. `client_id` and `client_secret` are the credentials of
    your site there. `audience` is what `aud` of the answer must be or contain: a string, or
    a list with at least one match. By default it is the identifier of the resource. `timeout`
    is in seconds. Raises `ValueError` or `TypeError` for wrong arguments, and `ImportError` without
    the extra `verifiers`.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        *,
        audience: str | Iterable[str] | None = None,
        timeout: float = 5,
    ) -> None:
        owner = type(self).__name__
        self.url = check_url(owner, "url", url, check_secure_url)
        self.client_id = check_text(owner, "client_id", client_id)
        self.audience = check_audiences(owner, audience)
        self.timeout = check_timeout(owner, timeout)
        secret = check_text(owner, "client_secret", client_secret, is_secret=True)
        self._headers = _Headers(
            {
                "Accept": "application/json",
                "Authorization": _basic(client_id, secret),
                "Content-Type": "application/x-www-form-urlencoded",
            }
        )
        self._client = make_client(owner)
        # Whether the last request got no answer.
        self._is_silent = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r}, {self.client_id!r})"

    @sensitive
    def __call__(self, request: HttpRequest, token: str, resource: str) -> dict[str, Any]:
        """Return what the server says of a token; raises `NotMine` for a JWT.

        Raises `InvalidToken` for a token that is not valid here, and `Unavailable` without an
        answer.
        """
        if _is_jwt(token):
            raise NotMine
        if not token.isascii():
            # RFC 6749 §A.12.
            raise InvalidToken(_("The token is malformed"), reason="malformed")
        claims = self._claims(self._ask(token))
        if claims.get("active") is not True:
            raise InvalidToken(_("The token is not active"), reason="inactive")
        _check_type(claims)
        check_use(claims)
        check_audience(claims, *audiences_for(resource, self.audience))
        check_times(claims, must_expire=False)
        return with_scope(claims)

    @sensitive
    def _ask(self, token: str) -> Answer:
        """Return the answer within the timeout, even if the look-up of the name hangs."""
        deadline = Deadline(self.timeout)
        body = urlencode({"token": token, "token_type_hint": "access_token"}).encode()

        @sensitive
        def send() -> Answer:
            answer = self._client.send(
                "POST", self.url, deadline, limit=_LIMIT, headers=self._headers, body=body
            )
            self._is_silent = False
            return answer

        # Otherwise all threads of this site would soon wait for a server that is down.
        patience = min(SHORT_WAIT, self.timeout) if self._is_silent else self.timeout
        try:
            return in_background(send, "mcp-introspection").result(patience)
        except Timeout:
            problem = f"no complete answer within {patience:g} seconds"
        except Unreachable as error:
            problem = str(error)
        self._is_silent = True
        raise self._unavailable(problem)

    def _claims(self, answer: Answer) -> dict[str, Any]:
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            text = "%s refuses this site (%s): check client_id and client_secret of Introspection."
            extra = {"event": "introspection.refused"}
            logger.error(text, self.url, answer.status, extra=extra)
        if answer.status != HTTPStatus.OK:
            raise self._unavailable(f"the status is {answer.status}", answer.headers)
        try:
            claims = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise self._unavailable("the answer is not JSON") from error
        if not isinstance(claims, dict):
            raise self._unavailable("the answer is not a JSON object")
        return claims

    def _unavailable(self, problem: str, headers: Mapping[str, str] | None = None) -> Unavailable:
        after = (headers or {}).get("retry-after", "")
        seconds = int(after) if after.isdecimal() and len(after) < 10 else _DEFAULT_PAUSE
        pause = min(max(seconds, _LEAST_PAUSE), _LONGEST_PAUSE)
        return Unavailable(f"{self.url} cannot verify the token: {problem}", retry_after=pause)


def _check_type(claims: Mapping[str, Any]) -> None:
    """Refuse a token of another scheme than Bearer."""
    kind = claims.get("token_type", "Bearer")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise InvalidToken(
            _("The token is of another type"),
            reason="wrong_type",
            expected={"token_type": "Bearer"},
            received={"token_type": kind},
        )


class _Headers(dict[str, str]):
    """Headers whose values no `repr` shows, such as that of a debugger."""

    def __repr__(self) -> str:
        return f"<{', '.join(self)}>"


def _basic(client_id: str, secret: str) -> str:
    # RFC 6749 §2.3.1: each is encoded as in a form before it is joined.
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _is_jwt(token: str) -> bool:
    """Return whether a token is a signed JWT. Only its issuer can read an encrypted one."""
    try:
        extract(token, ANY_ALGORITHM)
    except InvalidToken:
        return False
    return True
