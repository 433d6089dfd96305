"""Sockets that answer in time or not at all, however slowly the other side drips."""

from __future__ import annotations

import io
import socket
import time
from types import TracebackType

from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble

# For one answer, and for all of them.
TIMEOUT, BUDGET = 10.0, 90.0


class Late(Exception):
    """The time is over."""


class Deadline:
    """A number of seconds, counted from now on; `is_last` if the time for everything ends then."""

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
        """Return the seconds that are left; raises `Late` if there are none."""
        if self.is_over:
            raise Late
        return self.seconds - self.elapsed

    def at_most(self, seconds: float) -> Deadline:
        """Return a deadline that begins now and does not outlast this one."""
        left = max(self.seconds - self.elapsed, 0.0)
        return Deadline(min(seconds, left), is_last=left < seconds)


class Patience:
    """So many seconds for each answer, and so many for all of them."""

    def __init__(self, timeout: float, budget: float) -> None:
        self._timeout = timeout
        self._run = Deadline(budget)

    def deadline(self) -> Deadline:
        """Return the deadline of the next answer; it is over if the time for all of them is."""
        return self._run.at_most(self._timeout)

    def failure(self, method: str, url: str, deadline: Deadline) -> Failure:
        """Return what a late answer is: the fault of the site only if it had all of its time."""
        if deadline.is_last:
            reason = f"the {self._run.seconds:g} seconds for all requests are over"
            return Failure(method, url, Trouble.CUT, reason)
        reason = f"not whole after {self._timeout:g} seconds"
        return Failure(method, url, Trouble.TIMEOUT, reason)


class PatientSocket:
    """A connected socket, as `http.client` uses one, with one deadline over all that it does.

    The time-out of a socket alone begins anew with each octet. `limit` is how many octets may come.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline, limit: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._limit = limit

    def __enter__(self) -> PatientSocket:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(self._deadline.left())
        try:
            self._connection.sendall(data)
        except TimeoutError as error:
            raise Late from error

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Octets(self))

    def receive_into(self, buffer: memoryview) -> int:
        """Read what is there, in the time that is left."""
        self._connection.settimeout(self._deadline.left())
        try:
            received = self._connection.recv_into(buffer)
        except TimeoutError as error:
            raise Late from error
        self._limit -= received
        if self._limit < 0:
            raise OSError("more octets than any metadata has")
        return received


class _Octets(io.RawIOBase):
    """What comes out of a `PatientSocket`."""

    def __init__(self, connection: PatientSocket) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._connection.receive_into(buffer)
