"""Receivers of the signals."""

from __future__ import annotations

import logging

from django.dispatch import receiver
from django.http import HttpRequest

from mcp_oauth_discovery.signals import token_accepted, token_refused

logger = logging.getLogger(__name__)


@receiver(token_accepted)
@receiver(token_refused)
def count(
    sender: type, request: HttpRequest, resource: str | None, reason: str, **kwargs: object
) -> None:
    logger.info("%s: %s for %s", sender.__name__, reason, resource)
