"""The refusal that a `BearerProtection` returns: a response without a truth value."""

from __future__ import annotations

from typing import NoReturn

from django.http import HttpResponse

_TEXT = (
    "A refusal of BearerProtection is neither true nor false, because some frameworks take a true "
    "value for the user. Write `if refusal is not None: return refusal`. For django-ninja, write "
    "auth=BearerAuth(…) from mcp_oauth_discovery.contrib.ninja. For another such framework, pass "
    "the method authenticate of the BearerProtection."
)


class Refusal(HttpResponse):
    """A response that no caller can mistake for a user, or for no response."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.content, status=response.status_code)
        # Unchanged, because the answer to OPTIONS has no Content-Type.
        self.headers = response.headers
        self.response = response

    def __bool__(self) -> NoReturn:
        raise TypeError(_TEXT)


def as_response(refusal: HttpResponse) -> HttpResponse:
    """Return the response of a refusal; middleware may test a response for truth."""
    return refusal.response if isinstance(refusal, Refusal) else refusal
