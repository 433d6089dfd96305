"""Run calls that may never return, in threads that do not delay the end of the process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any, cast

from asgiref.sync import sync_to_async

# Seconds for cancelled code to clean up.
_GRACE = 1.0


def call_in_time(call: Callable[[], None], seconds: float) -> None:
    """Run a call in a separate thread; return when it does, or soon after the seconds.

    Async code in it is then cancelled. Blocking code is abandoned: it cannot keep the process
    from ending.
    """

    async def wait() -> None:
        # asgiref runs async code below on this loop, where it can be cancelled. Without a loop it
        # would start a thread that Python waits for when it exits.
        waiting = sync_to_async(call, thread_sensitive=False, executor=cast(Any, Daemons()))()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(waiting, seconds)

    thread = threading.Thread(target=lambda: asyncio.run(wait()), daemon=True)
    thread.start()
    thread.join(seconds + _GRACE)


class Daemons(Executor):
    """Starts a thread for each call; Python does not wait for these when it exits."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()

        def fulfil() -> None:
            try:
                future.set_result(call(*args, **options))
            except BaseException as error:  # noqa: BLE001 - the caller of result() gets it
                future.set_exception(error)

        threading.Thread(target=fulfil, daemon=True).start()
        return future
