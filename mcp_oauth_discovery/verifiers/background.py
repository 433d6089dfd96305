"""Functions that run in a thread of their own, so that their caller does not wait for long."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")

# In seconds. How long a request waits for a server that did not answer before. The thread keeps
# waiting, so that an answer which comes later shows that the server is back.
SHORT_WAIT = 0.5


def in_background(function: Callable[[], T], name: str) -> Future[T]:
    """Start a function in a daemon thread, and return the future of its result.

    Name look-ups have no timeout, and a thread of a pool would keep the process from ending.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001
            # The caller raises it when it asks for the result.
            future.set_exception(error)

    Thread(target=run, name=name, daemon=True).start()
    return future
