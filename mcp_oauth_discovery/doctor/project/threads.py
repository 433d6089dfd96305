"""Calls that may never come back, in threads that nobody has to wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from typing import Any, cast

from asgiref.sync import sync_to_async

# For what is cancelled to clean up after itself.
_GRACE = 1.0


def call_in_time(call: Callable[[], None], seconds: float) -> None:
    """Run a call in a thread of its own; come back when it does, or soon after the seconds.

    What is async in it is cancelled then. What blocks is left to itself, and keeps no process
    from ending.
    """
    thread = threading.Thread(target=lambda: asyncio.run(_awaited(call, seconds)), daemon=True)
    thread.start()
    thread.join(seconds + _GRACE)


async def _awaited(call: Callable[[], None], seconds: float) -> None:
    # asgiref runs what is async below on this loop, where it can be cancelled; without one it
    # would take a thread that Python waits for at its end.
    waited = sync_to_async(call, thread_sensitive=False, executor=cast(Any, Daemons()))()
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(waited, seconds)


class Daemons(Executor):
    """A thread for each call; Python does not wait for them at its end."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        fulfil = partial(_fulfil, future, partial(call, *args, **options))
        threading.Thread(target=fulfil, daemon=True).start()
        return future


def _fulfil(future: Future[Any], call: Callable[[], Any]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
        future.set_exception(error)
