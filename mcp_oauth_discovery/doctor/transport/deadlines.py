"""Time limits: for each answer, and for all answers together."""

from __future__ import annotations

import time

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble

# Seconds for each answer, and for all of them: the report is there within half a minute.
TIMEOUT, BUDGET = 10.0, 25.0


class Late(Exception):
    """A deadline has passed."""


class Deadline:
    """A time limit that starts now; `is_last` if it is the budget for all answers that ends."""

    def __init__(self, seconds: float, *, is_last: bool = False) -> None:
        self.seconds = seconds
        self.is_last = is_last
        self._start = time.monotonic()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._start

    @property
    def is_over(self) -> bool:
        return self.elapsed >= self.seconds

    def left(self) -> float:
        """Return the remaining seconds; raises `Late` if there are none."""
        if self.is_over:
            raise Late
        return self.seconds - self.elapsed

    def at_most(self, seconds: float) -> Deadline:
        """Return a deadline that starts now and does not outlast this one."""
        left = max(self.seconds - self.elapsed, 0.0)
        return Deadline(min(seconds, left), is_last=left < seconds)


class TimeLimits:
    """The seconds for each answer, and the budget for all of them."""

    def __init__(self, timeout: float, budget: float) -> None:
        self._timeout = timeout
        self._run = Deadline(budget)

    def deadline(self) -> Deadline:
        """Return the deadline of the next answer; it has passed if the budget is used up."""
        return self._run.at_most(self._timeout)

    def failure(self, method: str, url: str, deadline: Deadline) -> Failure:
        """Return the failure of a late answer.

        It counts against the site only if the site had the full time for one answer.
        """
        if deadline.is_last:
            budget = self._run.seconds
            reason = gettext("the %(seconds)g seconds for all requests are over")
            values = {"seconds": budget}
            return Failure(method, url, Trouble.CUT, reason % values, budget=budget)
        reason = gettext("not complete after %(seconds)g seconds")
        return Failure(method, url, Trouble.TIMEOUT, reason % {"seconds": self._timeout})
