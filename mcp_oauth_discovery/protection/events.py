"""What signals and the log say about each token: accepted, or refused with a reason."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

from django.http import HttpRequest

from mcp_oauth_discovery.conf import shown
from mcp_oauth_discovery.logs.lines import logger, one_line
from mcp_oauth_discovery.logs.redaction import (
    forget_variables,
    value_without_token,
    without_credentials,
    without_token,
)
from mcp_oauth_discovery.signals import token_accepted, token_refused
from mcp_oauth_discovery.signing import InvalidToken

_ACCEPTED = "accepted"


def accepted(sender: type, request: HttpRequest, resource: str | None) -> None:
    """Say that a request was admitted with a token, once for each resource.

    A server of django-mcpz has the protection in `auth`, and `protect` may be around it too.
    """
    if not _is_first(request, resource, _ACCEPTED):
        return
    token_accepted.send_robust(sender, request=request, resource=resource, reason=_ACCEPTED)
    extra = {"event": "token.accepted", "resource": resource, "reason": _ACCEPTED}
    logger.debug("Accepted a token for %s", resource, extra=extra)


def refused(sender: type, request: HttpRequest, resource: str | None, error: InvalidToken) -> None:
    """Say that the token of a request was refused, and why. It never says the token itself.

    It says so once: a page of REST framework asks the permissions again, for each of its forms.
    """
    reason = error.reason
    if not _is_first(request, resource, reason):
        return
    # An error of a receiver has the refusal as its context, and Django logs both.
    forget_variables(sys.exc_info()[1])
    token_refused.send_robust(sender, request=request, resource=resource, reason=reason)
    if not logger.isEnabledFor(logging.INFO):
        return
    expected, received = (_shown(request, values) for values in (error.expected, error.received))
    details = [f"expected {name} {value}" for name, value in expected.items()]
    details += [f"received {name} {value}" for name, value in received.items()]
    text = one_line(without_token(request, ": ".join([reason, ", ".join(details)]).rstrip(": ")))
    extra = {
        "event": "token.refused",
        "resource": resource,
        "reason": reason,
        "expected": expected,
        "received": received,
        "request": without_credentials(request),
    }
    logger.info("Refused a token for %s: %s", resource or "no resource", text, extra=extra)


def _is_first(request: HttpRequest, resource: str | None, reason: str) -> bool:
    events: set[tuple[str | None, str]] = vars(request).setdefault("_mcp_events", set())
    is_first = (resource, reason) not in events
    events.add((resource, reason))
    return is_first


def _shown(request: HttpRequest, values: Mapping[str, object]) -> dict[str, str]:
    """Return values of a token, which may say anything: shortened, and without the token."""
    # Hide the token before and after: the middle of a long one may be cut out.
    hidden = {name: value_without_token(request, value) for name, value in values.items()}
    return {name: without_token(request, shown(value)) for name, value in hidden.items()}
