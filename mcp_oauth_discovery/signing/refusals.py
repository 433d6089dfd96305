"""The exceptions of verifiers: a token is invalid, unknown to them, or cannot be verified now."""

from __future__ import annotations

from collections.abc import Mapping

# In seconds, if a verifier names no time.
RETRY_AFTER = 30


class InvalidToken(Exception):
    """A token that must be refused; the text can be the `error_description` (RFC 6750 §3).

    `reason` is a short name for signals and the log, such as `expired`. It does not change with
    the text. `expected` and `received` have claims or header members by name, for the log alone.
    """

    def __init__(
        self,
        *args: object,
        reason: str = "invalid",
        expected: Mapping[str, object] | None = None,
        received: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(*args)
        self.reason = reason
        self.expected = dict(expected or {})
        self.received = dict(received or {})


class NotMine(InvalidToken):
    """A verifier does not recognise a token, so the next one in the list is asked.

    If no verifier is left, the token is invalid. The arguments are those of `InvalidToken`.
    """

    def __init__(
        self,
        text: str = "No known issuer has issued the token",
        *,
        reason: str = "not_recognised",
        expected: Mapping[str, object] | None = None,
        received: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(text, reason=reason, expected=expected, received=received)


class Unavailable(Exception):
    """A token cannot be verified now, because a service that is needed does not answer.

    The client gets a 503 and may try again after `retry_after` seconds. The text is for the log.
    """

    def __init__(
        self, text: str = "The token cannot be verified now", *, retry_after: int = RETRY_AFTER
    ) -> None:
        seconds: object = retry_after
        if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 0:
            raise ValueError(f"retry_after is {retry_after!r}; expected a number of seconds.")
        super().__init__(text)
        self.retry_after = retry_after
