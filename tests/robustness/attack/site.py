"""The applications under attack. Each answer reports the processor time of its request.

The time is that of the whole process, so only one request may be sent at a time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

from mcp_oauth_discovery.server import discovery_asgi, discovery_wsgi
from tests.robustness.attack.replies import NUMBER, REPORT

IS_ENTRY = os.environ["PLACEMENT"] == "entry"
_KEY = f"HTTP_{NUMBER.upper().replace('-', '_')}"


def report(number: str, since: float) -> str:
    """Return the number of a request, and its processor time in microseconds."""
    shown = number if number.isascii() and number.isdigit() else "-"
    return f"{shown} {int((time.process_time() - since) * 1_000_000)}"


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    since = time.process_time()
    number = environ.get(_KEY, "-")

    def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        return start_response(status, [*headers, (REPORT, report(number, since))], *rest)

    return wsgi_application(environ, started)


async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    since = time.process_time()
    fields = dict(scope.get("headers", ()))
    number = fields.get(NUMBER.lower().encode(), b"-").decode("latin-1")

    async def sent(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            field = (REPORT.lower().encode(), report(number, since).encode())
            message = {**message, "headers": [*message["headers"], field]}
        await send(message)

    await asgi_application(scope, receive, sent)


wsgi_application, asgi_application = get_wsgi_application(), get_asgi_application()
if IS_ENTRY:
    wsgi_application = discovery_wsgi(wsgi_application)
    asgi_application = discovery_asgi(asgi_application)
