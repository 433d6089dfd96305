"""Signals about the tokens that protected endpoints get."""

from __future__ import annotations

from django.dispatch import Signal

__all__ = ["token_accepted", "token_refused"]

# Both have the arguments `request`, `resource` and `reason`. `resource` is the identifier, or None
# if the request has no resource. `reason` is a short name such as "accepted" or "expired". The
# sender is the class of the protection.
token_accepted = Signal()
token_refused = Signal()
