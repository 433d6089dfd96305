"""Requests to the endpoints of an authorization server, and what is sent back."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import Error as AnyDatabaseError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.views import View
from oauthlib.common import INVALID_HEX_PATTERN, Request
from oauthlib.oauth2.rfc6749.errors import InvalidRedirectURIError, InvalidRequestError

from mcp_oauth_discovery.keys.database_errors import remedy
from mcp_oauth_discovery.logs.lines import logger, one_line
from mcp_oauth_discovery.logs.redaction import hide_credentials
from mcp_oauth_discovery.standards.identifiers import check_secure_url

# oauthlib looks up a missing attribute of a request among the parameters. django-oauth-toolkit
# sets and reads these attributes itself, so a client must not send them.
_ATTRIBUTES = (
    "client",
    "encoding",
    "extra_credentials",
    "refresh_token_instance",
    "scopes",
    "user",
)

# What Django raises for a query or a form that it cannot read. A codec that is not for text, such
# as `hex`, raises LookupError. A broken connection raises OSError.
_UNREADABLE = (
    SuspiciousOperation,
    BadRequest,
    MultiPartParserError,
    ValueError,
    LookupError,
    OSError,
)

# In octets, and for all parameters together in characters. Codes, tokens, states and resources need
# a few thousand. oauthlib decodes and encodes a form several times.
LONGEST_FORM = 65_536
_FORM = "application/x-www-form-urlencoded"
_TOO_LONG = "The parameters are too many, too long or malformed."

_NO_TEXT = re.compile("[\\0\ud800-\udfff]")


class BadParameters(Exception):
    """Parameters that no endpoint can use; the text may be sent as `error_description`."""


def read_parameters(request: HttpRequest) -> None:
    """Raise `BadParameters` for a query or a form that is unreadable, too long, or contains a NUL.

    Remove parameters that oauthlib would take for its own attributes: RFC 6749 §3.2 says that
    unknown ones are ignored.
    """
    if INVALID_HEX_PATTERN.search(request.META.get("QUERY_STRING", "")):
        raise BadParameters("The query has a percent sign without two hexadecimal digits.")
    try:
        if request.content_type == _FORM and len(request.body) > LONGEST_FORM:
            raise BadParameters(_TOO_LONG)
        given = [*request.GET.lists(), *request.POST.lists()]
    except _UNREADABLE as error:
        raise BadParameters(_TOO_LONG) from error
    texts = [text for name, values in given for text in (name, *map(str, values))]
    if sum(map(len, texts)) > LONGEST_FORM:
        raise BadParameters(_TOO_LONG)
    if not all(is_storable(text) for text in [*texts, *_credentials(request)]):
        raise BadParameters("The parameters contain a character that is not allowed.")
    kept = request.POST.copy()
    for name in _ATTRIBUTES:
        kept.pop(name, None)
    request.POST = kept  # type: ignore[assignment]


def is_storable(text: str | None) -> bool:
    """Return whether every database can store a text: NUL and lone surrogates are refused."""
    return not _NO_TEXT.search(text or "")


def check_stored(request: Request, model: type[Model]) -> None:
    """Raise an error of oauthlib if a value of an authorization request does not fit its column."""
    for name in ("code_challenge", "code_challenge_method", "nonce"):
        value = getattr(request, name) or ""
        longest = getattr(model._meta.get_field(name), "max_length", None)  # noqa: SLF001
        if not is_storable(value) or len(value) > (longest or len(value)):
            description = f"The {name} is too long, or contains a character that is not allowed."
            raise InvalidRequestError(description, request=request)


def check_redirect_uri(uri: str) -> None:
    """Raise `ValueError` for an http URL that is not on the user's own machine (RFC 8252 §7.3).

    An https URL with a user name, a fragment, or letters beyond ASCII is refused too: a browser
    may go to another host than the one that a person reads. The toolkit itself checks other
    schemes.
    """
    if urlsplit(uri).scheme in ("http", "https"):
        check_secure_url(uri)


def refuse_redirect_uri(uri: str) -> None:
    """Raise the error of oauthlib for a redirect URI that `check_redirect_uri` refuses."""
    try:
        check_redirect_uri(uri)
    except ValueError as error:
        # oauthlib never sends this error to the client.
        raise InvalidRedirectURIError(str(error)) from error


def with_issuer(url: str, issuer: str) -> str:
    """Return the URL of an authorization response with exactly one `iss` (RFC 9207 §2)."""
    mark = "#" if "#" in url else "?"
    place, _, parameters = url.partition(mark)
    kept = [each for each in parameters.split("&") if each and _name(each) != "iss"]
    return f"{place}{mark}{'&'.join([*kept, urlencode({'iss': issuer})])}"


def _name(parameter: str) -> str:
    return unquote_plus(parameter.partition("=")[0])


def _credentials(request: HttpRequest) -> Iterator[str]:
    """Yield the ID and secret of a client (RFC 6749 §2.3.1); raises `BadParameters`."""
    header = request.headers.get("Authorization", "")
    if not header.isascii():
        raise BadParameters("The Authorization header contains a character that is not ASCII.")
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() == "basic":
        # The toolkit itself refuses invalid base64 or UTF-8.
        with suppress(ValueError):
            yield unquote_plus(b64decode(encoded).decode())


def answer_in_json(
    request: HttpRequest, respond: Callable[[HttpRequest], HttpResponse]
) -> HttpResponse:
    """Return the response of an endpoint; bad input and failures become JSON as well.

    Django mails each 500 with its request, so the request loses its credentials and its form.
    """
    try:
        response = respond(request)
    except BadParameters as error:
        body = {"error": "invalid_request", "error_description": str(error)}
        return finish(JsonResponse(body, status=HTTPStatus.BAD_REQUEST))
    except Exception as error:
        shown = hide_credentials(request, error)
        extra = {"event": "token.failed", "status_code": 500}
        place = one_line(request.path)
        logger.error("%s answered 500. %s", place, explain(shown), exc_info=shown, extra=extra)
        body = {"error": "server_error"}
        return finish(JsonResponse(body, status=HTTPStatus.INTERNAL_SERVER_ERROR))
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        hide_credentials(request)
    return finish(response)


def finish(response: HttpResponse) -> HttpResponse:
    """Set the headers of a response in JSON that no cache may store (RFC 6749 §5.1)."""
    response.headers["Content-Type"] = "application/json"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


class JSONView(View):
    """Answer in JSON, errors included; write this before a view that has `post`."""

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
    """Return the text of a failure on one line, with what to type if that is known."""
    advice = remedy(error) if isinstance(error, AnyDatabaseError) else ""
    return f"{one_line(error) or type(error).__name__}{advice}"
