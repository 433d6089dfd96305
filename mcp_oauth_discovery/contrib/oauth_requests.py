"""Requests to the endpoints of an authorization server: which are refused, and in which words."""

from __future__ import annotations

import logging
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import Error as AnyDatabaseError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.views import View
from oauthlib.common import INVALID_HEX_PATTERN, Request
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError

from mcp_oauth_discovery.database_errors import remedy
from mcp_oauth_discovery.log_lines import one_line
from mcp_oauth_discovery.redaction import forget_variables

logger = logging.getLogger("mcp_oauth_discovery")

# oauthlib looks an attribute that a request does not have up among its parameters. These are never
# parameters: django-oauth-toolkit keeps them there itself, or asks whether it has.
_ATTRIBUTES = (
    "client",
    "encoding",
    "extra_credentials",
    "refresh_token_instance",
    "scopes",
    "user",
)

# What Django raises for a query or a form that it does not read. A LookupError is a charset such as
# `hex`, which Python knows and which is none; an OSError is a connection that broke.
_UNREADABLE = (
    SuspiciousOperation,
    BadRequest,
    MultiPartParserError,
    ValueError,
    LookupError,
    OSError,
)

_NO_TEXT = re.compile("[\\0\ud800-\udfff]")


class BadParameters(Exception):
    """Parameters that no endpoint can use; the text is fit for `error_description`."""


def read_parameters(request: HttpRequest) -> None:
    """Raise `BadParameters` for a query or a form that cannot be read, or that has a NUL in it.

    Take away what only looks like a parameter: RFC 6749 §3.2 has unknown ones ignored.
    """
    if INVALID_HEX_PATTERN.search(request.META.get("QUERY_STRING", "")):
        raise BadParameters("The query has a percent sign that encodes nothing.")
    try:
        given = [*request.GET.lists(), *request.POST.lists()]
    except _UNREADABLE as error:
        raise BadParameters("The parameters are too many, too long or malformed.") from error
    texts = [text for name, values in given for text in (name, *map(str, values))]
    if not all(is_storable(text) for text in [*texts, *_credentials(request)]):
        raise BadParameters("The parameters have a character that is no text.")
    kept = request.POST.copy()
    for name in _ATTRIBUTES:
        kept.pop(name, None)
    request.POST = kept  # type: ignore[assignment]


def is_storable(text: str | None) -> bool:
    """Say whether any database takes a text: PostgreSQL no NUL, and none a lone surrogate."""
    return not _NO_TEXT.search(text or "")


def check_stored(request: Request, model: type[Model]) -> None:
    """Raise an error of oauthlib for what an authorization request has, and a row cannot have."""
    for name in ("code_challenge", "code_challenge_method", "nonce"):
        value = getattr(request, name) or ""
        longest = getattr(model._meta.get_field(name), "max_length", None)  # noqa: SLF001
        if not is_storable(value) or len(value) > (longest or len(value)):
            description = f"The {name} is too long, or has a character that is no text."
            raise InvalidRequestError(description, request=request)


def _credentials(request: HttpRequest) -> Iterator[str]:
    """Yield the name and secret of a client (RFC 6749 §2.3.1); raises `BadParameters`."""
    header = request.headers.get("Authorization", "")
    if not header.isascii():
        raise BadParameters("The Authorization header has a letter that is not ASCII.")
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() == "basic":
        # What is no base64 or no UTF-8 names no client, and the toolkit says so.
        with suppress(ValueError):
            yield unquote_plus(b64decode(encoded).decode())


def answer_in_json(
    request: HttpRequest, respond: Callable[[HttpRequest], HttpResponse]
) -> HttpResponse:
    """Return the response of an endpoint that speaks JSON, whatever the request or the failure."""
    try:
        response = respond(request)
    except BadParameters as error:
        body = {"error": "invalid_request", "error_description": str(error)}
        return finish(JsonResponse(body, status=HTTPStatus.BAD_REQUEST))
    except Exception as error:
        forget_variables(error)
        extra = {"event": "token.failed", "status_code": 500}
        place = one_line(request.path)
        logger.error("%s answered 500. %s", place, explain(error), exc_info=error, extra=extra)
        body = {"error": "server_error"}
        return finish(JsonResponse(body, status=HTTPStatus.INTERNAL_SERVER_ERROR))
    return finish(response)


def finish(response: HttpResponse) -> HttpResponse:
    """Say of the answer of an endpoint that it is JSON and for no cache (RFC 6749 §5.1)."""
    response.headers["Content-Type"] = "application/json"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


class JSONView(View):
    """Answer in JSON, whatever comes; write it before a view that has `post`."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return answer_in_json(request, self.respond)

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Return the response to a POST; an exception becomes a JSON error."""
        read_parameters(request)
        response: HttpResponse = super().post(request)  # type: ignore[misc]
        return response

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        response = super().http_method_not_allowed(request, *args, **kwargs)
        response.content = b'{"error": "invalid_request"}'
        return finish(response)


def explain(error: Exception) -> str:
    """Return what a failure says on one line, with what to type where that is known."""
    advice = remedy(error) if isinstance(error, AnyDatabaseError) else ""
    return f"{one_line(error) or type(error).__name__}{advice}"
