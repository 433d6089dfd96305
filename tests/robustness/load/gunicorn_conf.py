"""The configuration of gunicorn in the load run: each answer says which worker made it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any


def post_worker_init(worker: Any) -> None:
    worker.wsgi = naming_the_worker(worker.wsgi)


def naming_the_worker(application: Callable[..., Iterable[bytes]]) -> Callable[..., Any]:
    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, ("X-Worker", str(os.getpid()))], *rest)

        return application(environ, start)

    return wrapped
