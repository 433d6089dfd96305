"""The query and the form of a request, which may be too large or unreadable."""

from __future__ import annotations

from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from mcp_oauth_discovery.logs.lines import logger, one_line
from mcp_oauth_discovery.logs.redaction import without_credentials
from mcp_oauth_discovery.standards.authorization import Repeated

# What Django raises for such a request. Its own response would be an HTML page.
UNREADABLE = (
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
    MultiPartParserError,
    UnreadablePostError,
)
_FORM = "application/x-www-form-urlencoded"
_TWICE = "The request has a token in more than one place"


class Unreadable(ValueError):
    """The query or the body cannot be read; the text may be sent as `error_description`."""


def refuse_second_token(request: HttpRequest) -> None:
    """Raise `Repeated` if query or form have another token, `Unreadable` if they are unreadable.

    This reads the body of a form, so verify the token of the request first.
    """
    try:
        if request.encoding is not None:
            # Fail here, where it is handled, if the charset is a codec that is not for text, such
            # as "hex". Django would fail when it decodes the form.
            b"x".decode(request.encoding, "replace")
        if (_has_query(request) and "access_token" in request.GET) or (
            request.content_type == _FORM and "access_token" in request.POST
        ):
            raise Repeated(_TWICE)
    except (*UNREADABLE, BadRequest, LookupError, UnicodeError) as error:
        raise unreadable(request, error) from error


def _has_query(request: HttpRequest) -> bool:
    # An empty query need not be parsed. A middleware may have set another one.
    return bool(request.META.get("QUERY_STRING")) or "GET" in vars(request)


def unreadable(request: HttpRequest, error: Exception) -> Unreadable:
    """Log why a request cannot be read, and return the exception with the text for the client."""
    shown = without_credentials(request)
    extra = {"event": "request.unreadable", "status_code": 400, "request": shown}
    logger.warning("A request cannot be read: %s", one_line(error), extra=extra)
    if isinstance(error, RequestDataTooBig):
        return Unreadable("The body of the request is too large")
    if isinstance(error, (TooManyFieldsSent, TooManyFilesSent)):
        return Unreadable("The request has too many fields or files")
    return Unreadable("The query or the body of the request cannot be read")
