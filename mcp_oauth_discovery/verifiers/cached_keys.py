"""The keys of an issuer in memory: one request for them at a time, and a pause after a failure."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import NoReturn

from mcp_oauth_discovery.logs.lines import logger
from mcp_oauth_discovery.signing import Unavailable
from mcp_oauth_discovery.verifiers.background import SHORT_WAIT, in_background
from mcp_oauth_discovery.verifiers.exchanges import Unreachable
from mcp_oauth_discovery.verifiers.forked import reset_when_forked
from mcp_oauth_discovery.verifiers.issuer_documents import Reading
from mcp_oauth_discovery.verifiers.key_sets import KeySet

# All in seconds. A token with an unknown key starts a reading, but anyone can make such tokens.
UNKNOWN_KEY_EVERY = 10.0
# The pause after a failure, which doubles with each further one.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# More of them do not make the pause longer.
_MOST_FAILURES = 10
# An issuer that is down cannot withdraw a key. After a day, few of its tokens are still valid.
STALE_FOR = 86400.0


@dataclass(frozen=True)
class Copy:
    """The keys of one reading, with the time of the reading and the end of its validity."""

    keys: KeySet
    read_at: float
    good_until: float


@dataclass
class Attempt:
    """A reading in another thread, which never raises."""

    started: float
    future: Future[None]

    def wait(self, seconds: float, now: float) -> None:
        """Wait until so many seconds after its start."""
        wait([self.future], timeout=max(0.0, self.started + seconds - now))


class CachedKeys:
    """The keys of one issuer for any number of threads; `read` asks the issuer."""

    def __init__(
        self,
        issuer: str,
        read: Callable[[], Reading],
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._read = read
        self._patience = patience
        self._clock = clock
        self._copy: Copy | None = None
        self.reset()
        reset_when_forked(self)

    def reset(self) -> None:
        """Forget readings in progress, whose threads a fork does not copy. The keys stay."""
        # Never held while the issuer is asked.
        self._lock = threading.Lock()
        self._attempt: Attempt | None = None
        self._failures = 0
        self._problem = ""
        self._pause_ends = self._unknown_key_from = -math.inf

    def current(self) -> Copy:
        """Return keys that are not out of date, or the last ones while the issuer is down.

        Raises `Unavailable` if there are none, or they have been out of date for a day.
        """
        copy = self._copy
        if copy and self._clock() < copy.good_until:
            return copy
        self._renew(copy, SHORT_WAIT if copy or self._failures else self._patience)
        copy = self._copy
        if copy is None or self._clock() >= copy.good_until + STALE_FOR:
            self._give_up()
        return copy

    def newer_than(self, copy: Copy) -> Copy:
        """Return keys that were read after a copy, for a token whose key is not in it.

        Returns the copy itself if the issuer was asked for an unknown key shortly before. Raises
        `Unavailable` if the issuer is down: it may have such a key now.
        """
        patience = SHORT_WAIT if self._failures else self._patience
        self._renew(copy, patience, for_unknown_key=True)
        if self._copy is copy and (self._failures or self._is_reading):
            self._give_up()
        return self._copy or copy

    @property
    def _is_reading(self) -> bool:
        return self._attempt is not None and not self._attempt.future.done()

    def _renew(self, copy: Copy | None, patience: float, *, for_unknown_key: bool = False) -> None:
        """Wait for a reading that replaces a copy: the one in progress, or a new one if allowed."""
        with self._lock:
            if self._copy is not copy:
                return
            now, attempt = self._clock(), self._attempt
            is_allowed = now >= self._pause_ends
            if for_unknown_key and not self._failures:
                is_allowed = is_allowed and now >= self._unknown_key_from
            if attempt is None or (attempt.future.done() and is_allowed):
                if for_unknown_key:
                    self._unknown_key_from = now + UNKNOWN_KEY_EVERY
                future = in_background(self._attempt_reading, "mcp-issuer-keys")
                attempt = self._attempt = Attempt(now, future)
        attempt.wait(patience, self._clock())

    def _attempt_reading(self) -> None:
        """Read the keys in this thread, and keep them or the reason why there are none."""
        try:
            reading = self._read()
        except Exception as error:  # noqa: BLE001
            self._note_failure(error)
            return
        now = self._clock()
        with self._lock:
            self._copy = Copy(reading.keys, now, now + reading.kept_for)
            self._failures, self._problem, self._pause_ends = 0, "", -math.inf

    def _note_failure(self, error: Exception) -> None:
        is_expected = isinstance(error, Unreachable)
        with self._lock:
            pause = min(FIRST_PAUSE * 2**self._failures, LONGEST_PAUSE)
            self._failures = min(self._failures + 1, _MOST_FAILURES)
            self._pause_ends = self._clock() + pause
            self._problem = str(error) if is_expected else type(error).__name__
        if not is_expected:
            extra = {"event": "issuer.failed"}
            text = "Reading the keys of the issuer %s failed."
            logger.error(text, self._issuer, exc_info=error, extra=extra)
        elif self._copy:
            extra = {"event": "issuer.stale"}
            text = "The keys of the issuer %s cannot be read; using the last ones. %s"
            logger.warning(text, self._issuer, self._problem, extra=extra)

    def _give_up(self) -> NoReturn:
        problem = self._problem or f"no answer within {self._patience:g} seconds"
        seconds = max(1, math.ceil(self._pause_ends - self._clock())) if self._failures else 1
        text = f"The keys of the issuer {self._issuer} cannot be read: {problem}"
        raise Unavailable(text, retry_after=seconds)
