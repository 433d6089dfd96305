"""Signals about the tokens that protected endpoints get."""

from __future__ import annotations

from django.dispatch import Signal

__all__ = ["token_accepted", "token_refused"]

#: Sent when a protected endpoint accepts a token.
#:
#: The sender is the class of the protection. The arguments are `request`, `resource` and `reason`.
#: `resource` is the identifier, or None if the request has no resource. `reason` is "accepted".
token_accepted = Signal()

#: Sent when a protected endpoint refuses a token.
#:
#: The sender and the arguments are those of `token_accepted`. `reason` is a short name such as
#: "expired".
token_refused = Signal()
