"""`Refusal`, the answer of a protection that no framework can mistake for a user."""

from __future__ import annotations

from typing import NoReturn

from django.http import HttpRequest, HttpResponse

from mcp_oauth_discovery.challenge.answers import json_rpc_error
from mcp_oauth_discovery.protection.bodies import RefusedBody

_NO_TRUTH_VALUE = (
    "A refusal of BearerProtection is neither true nor false, because some frameworks take a true "
    "value for the user. Write `if refusal is not None: return refusal`. For django-ninja, write "
    "auth=BearerAuth(…) from mcp_oauth_discovery.contrib.ninja. For another such framework, pass "
    "the method authenticate of the BearerProtection."
)


class Refusal(HttpResponse):
    """A refusal without a truth value, so that no framework takes it for a user."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.content, status=response.status_code)
        # Unchanged, because the answer to OPTIONS has no Content-Type.
        self.headers = response.headers
        self.response = response

    def __bool__(self) -> NoReturn:
        raise TypeError(_NO_TRUTH_VALUE)


def as_response(refusal: HttpResponse) -> HttpResponse:
    """Return the response of a refusal; middleware may test a response for truth."""
    return refusal.response if isinstance(refusal, Refusal) else refusal


def refused_body(request: HttpRequest, error: RefusedBody) -> HttpResponse:
    """Return the 400 or 413 for a body from which no operation can be read."""
    return json_rpc_error(request, error.status, error.code, str(error))
