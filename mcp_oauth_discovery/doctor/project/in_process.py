"""Requests to this project in this process, through all of its middleware."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable
from contextlib import nullcontext, suppress
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, cast

from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.core.servers.basehttp import get_internal_wsgi_application
from django.core.wsgi import get_wsgi_application

from mcp_oauth_discovery.conf import fixed_script_prefix, project_setting
from mcp_oauth_discovery.doctor.project.captured_logs import captured, fault_of
from mcp_oauth_discovery.doctor.project.connections import Lent, borrowing, lend, rolled_back
from mcp_oauth_discovery.doctor.project.threads import call_in_time
from mcp_oauth_discovery.doctor.transport.deadlines import BUDGET, TIMEOUT, Deadline, TimeLimits
from mcp_oauth_discovery.doctor.transport.messages import (
    SIZE_LIMIT,
    Answer,
    Failure,
    Headers,
    Trouble,
    is_event_stream,
    may_be_stream,
)
from mcp_oauth_discovery.standards.wsgi import environ

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class DjangoTransport:
    """Sends requests to the application that runserver serves, that of WSGI_APPLICATION.

    An ASGI project may have no such module; the transport then uses Django's own application. The
    limits, in seconds, are `timeout` for each answer and `budget` for all answers together.
    """

    def __init__(
        self,
        application: Application | None = None,
        timeout: float = TIMEOUT,
        budget: float = BUDGET,
    ) -> None:
        self._application = application or project_application()
        self._limits = TimeLimits(timeout, budget)

    def send(
        self, method: str, url: str, headers: Headers = (), body: bytes = b""
    ) -> Answer | Failure:
        """Return the answer of the project; Django refuses the hosts that it does not serve."""
        deadline = self._limits.deadline()
        if deadline.is_over:
            return self._limits.failure(method, url, deadline)
        visit = _Visit(method, url, headers, deadline)
        lent = lend()
        request = environ(method, url, headers, body, prefix=fixed_script_prefix())
        faults: list[BaseException] = []

        def make() -> None:
            with captured(faults):
                visit.make(self._application, request, lent)

        call_in_time(make, deadline.seconds)
        if visit.problem:
            return Failure(method, url, Trouble.BROKEN, visit.problem)
        answer = visit.answer()
        if answer is None:
            return self._limits.failure(method, url, deadline)
        return replace(answer, fault=fault_of(faults[-1])) if faults else answer


def project_application() -> Application:
    """Return the application of WSGI_APPLICATION, or Django's own if its module does not exist."""
    try:
        return cast(Application, get_internal_wsgi_application())
    except ImproperlyConfigured:
        module = project_setting("WSGI_APPLICATION", "").rpartition(".")[0]
        with suppress(ModuleNotFoundError, ValueError):
            if find_spec(module) is not None:
                # The module exists but cannot be imported: the user must see why.
                raise
        return cast(Application, get_wsgi_application())


class _Visit:
    """A request to an application, and the part of the answer that has arrived."""

    def __init__(self, method: str, url: str, headers: Headers, deadline: Deadline) -> None:
        self._request = (method, url)
        self._headers = headers
        self._deadline = deadline
        self._head: Answer | None = None
        self._complete: Answer | None = None
        self._content = bytearray()
        self.problem = ""

    def answer(self) -> Answer | None:
        """Return the answer, or None if it is late; an endless stream is judged by its head."""
        if self._head and not self._complete and may_be_stream(self._headers, self._head):
            return self._head
        return self._complete

    def make(self, application: Application, environ: dict[str, Any], lent: Lent) -> None:
        """Call the application, in a thread that may still run when the answer is late."""
        try:
            # A view may write what it learns from a token: a user, or when one was last seen.
            has_token = any(name == "Authorization" for name, _ in self._headers)
            with borrowing(lent), rolled_back() if has_token else nullcontext():
                result = application(environ, self.start_response)
                try:
                    self._read(() if self._has_enough() else result)
                finally:
                    if hasattr(result, "close"):
                        result.close()
            if self._head is None:
                raise RuntimeError("the application has not called start_response")
            if is_event_stream(self._headers, self._head):
                self._complete = self._head
            elif not self._deadline.is_over:
                self._complete = self._head.with_body(bytes(self._content), self._deadline.elapsed)
        except asyncio.CancelledError:
            # An async answer is late and was cancelled.
            pass
        except (Exception, SystemExit) as error:  # noqa: BLE001 - code around Django may raise any
            self.problem = f"{type(error).__name__}: {error}"

    def start_response(self, status: str, fields: Iterable[tuple[str, str]], *_: object) -> None:
        """Take the status and the headers, as a WSGI server does."""
        number, seconds = int(status.split()[0]), self._deadline.elapsed
        self._head = Answer(*self._request, number, tuple(fields), b"", True, seconds)

    def _read(self, result: Iterable[bytes]) -> None:
        """Read until there is enough; Django alone would wait for the end of a stream."""

        async def read_later(chunks: AsyncIterable[bytes]) -> None:
            async for chunk in chunks:
                if self._has_enough(chunk):
                    break

        if getattr(result, "is_async", False):
            async_to_sync(read_later)(cast(AsyncIterable[bytes], result))
            return
        for chunk in result:
            if self._has_enough(chunk):
                break

    def _has_enough(self, chunk: bytes = b"") -> bool:
        """Add a chunk, and say whether no more is needed."""
        self._content += chunk
        is_stream = self._head is not None and is_event_stream(self._headers, self._head)
        return is_stream or len(self._content) > SIZE_LIMIT or self._deadline.is_over
