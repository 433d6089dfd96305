"""Requests to the project itself, in this process, through all of its middleware."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, cast

from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.core.servers.basehttp import get_internal_wsgi_application
from django.core.wsgi import get_wsgi_application

from mcp_oauth_discovery.conf import fixed_script_prefix, project_setting
from mcp_oauth_discovery.doctor.project.captured_logs import kept
from mcp_oauth_discovery.doctor.project.connections import Lent, borrowing, lend
from mcp_oauth_discovery.doctor.project.threads import call_in_time
from mcp_oauth_discovery.doctor.transport.deadlines import BUDGET, TIMEOUT, Deadline, TimeLimits
from mcp_oauth_discovery.doctor.transport.messages import (
    SIZE_LIMIT,
    Answer,
    Failure,
    Fault,
    Headers,
    Trouble,
    is_event_stream,
    may_be_stream,
)
from mcp_oauth_discovery.standards.wsgi import environ

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class DjangoTransport:
    """Asks the application of WSGI_APPLICATION, which is what runserver serves.

    An ASGI project may have no such module; the transport then uses Django's own application. Each
    answer has `timeout` seconds, the whole run `budget`.
    """

    def __init__(
        self,
        application: Application | None = None,
        timeout: float = TIMEOUT,
        budget: float = BUDGET,
    ) -> None:
        self._application = application or _own_application()
        self._limits = TimeLimits(timeout, budget)

    def send(
        self, method: str, url: str, headers: Headers = (), body: bytes = b""
    ) -> Answer | Failure:
        """Return the answer of the project; other hosts are as unknown as they are to Django."""
        deadline = self._limits.deadline()
        if deadline.is_over:
            return self._limits.failure(method, url, deadline)
        visit = _Visit(method, url, headers, deadline)
        lent = lend()
        made = environ(method, url, headers, body, prefix=fixed_script_prefix())
        faults: list[Fault] = []
        with kept(faults):
            call_in_time(lambda: visit.make(self._application, made, lent), deadline.seconds)
        if visit.problem:
            return Failure(method, url, Trouble.BROKEN, visit.problem)
        answer = visit.answer()
        if answer is None:
            return self._limits.failure(method, url, deadline)
        return replace(answer, fault=faults[-1]) if faults else answer


def _own_application() -> Application:
    try:
        return cast(Application, get_internal_wsgi_application())
    except ImproperlyConfigured:
        if _exists(project_setting("WSGI_APPLICATION", "").rpartition(".")[0]):
            # The module exists but cannot be imported, which the project must know.
            raise
        return cast(Application, get_wsgi_application())


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):
        return False


class _Visit:
    """A request to an application, and what has come of it so far."""

    def __init__(self, method: str, url: str, headers: Headers, deadline: Deadline) -> None:
        self._request = (method, url)
        self._headers = headers
        self._deadline = deadline
        self._head: Answer | None = None
        self._whole: Answer | None = None
        self._content = bytearray()
        self.problem = ""

    def answer(self) -> Answer | None:
        """Return the answer; the head of one that goes on, and none if there is too little."""
        if self._head and not self._whole and may_be_stream(self._headers, self._head):
            return self._head
        return self._whole

    def make(self, application: Application, environ: dict[str, Any], lent: Lent) -> None:
        """Ask the application, in a thread that has time."""
        try:
            with borrowing(lent):
                self._take(application(environ, self._start))
        except asyncio.CancelledError:
            # It was async, and late.
            pass
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is around Django raises
            self.problem = f"{type(error).__name__}: {error}"

    def _start(self, status: str, fields: Iterable[tuple[str, str]], *told: object) -> None:
        number, seconds = int(status.split()[0]), self._deadline.elapsed
        self._head = Answer(*self._request, number, tuple(fields), b"", True, seconds)

    def _take(self, result: Iterable[bytes]) -> None:
        try:
            if not self._has_enough():
                _read_all(result, self._add)
        finally:
            if hasattr(result, "close"):
                result.close()
        if self._head is None:
            raise RuntimeError("the application has not called start_response")
        if is_event_stream(self._headers, self._head):
            self._whole = self._head
        elif not self._deadline.is_over:
            self._whole = self._head.with_body(bytes(self._content), self._deadline.elapsed)

    def _add(self, chunk: bytes) -> bool:
        """Take a little more, and say whether that is enough."""
        self._content += chunk
        return self._has_enough()

    def _has_enough(self) -> bool:
        is_stream = self._head is not None and is_event_stream(self._headers, self._head)
        return is_stream or len(self._content) > SIZE_LIMIT or self._deadline.is_over


def _read_all(result: Iterable[bytes], add: Callable[[bytes], bool]) -> None:
    """Read what an application sends until that is enough; Django alone would wait for its end."""
    if getattr(result, "is_async", False):
        async_to_sync(_read_later)(cast(AsyncIterable[bytes], result), add)
        return
    for chunk in result:
        if add(chunk):
            break


async def _read_later(result: AsyncIterable[bytes], add: Callable[[bytes], bool]) -> None:
    async for chunk in result:
        if add(chunk):
            break
