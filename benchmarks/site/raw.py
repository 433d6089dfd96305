"""The servers alone: two applications that send at three paths what our views send."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.site.recorded import DOCUMENTS, read_documents

_RECORDED = read_documents(Path(os.environ["BENCHMARK_DIRECTORY"]))
_TEXT = {
    DOCUMENTS[name]: (list(document.headers.items()), [document.body])
    for name, document in _RECORDED.items()
}
_BYTES = {
    DOCUMENTS[name]: (
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(k.lower().encode(), v.encode()) for k, v in document.headers.items()],
        },
        {"type": "http.response.body", "body": document.body},
    )
    for name, document in _RECORDED.items()
}


def wsgi(environ, start_response):
    headers, body = _TEXT[environ["PATH_INFO"]]
    start_response("200 OK", headers)
    return body


async def asgi(scope, receive, send):
    start, body = _BYTES[scope["path"]]
    await send(start)
    await send(body)
