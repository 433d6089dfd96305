"""WSGI environments of requests that this process makes itself (PEP 3333)."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from mcp_oauth_discovery.standards import hosts
from mcp_oauth_discovery.standards.identifiers import origin

_CONSTANTS = {
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "127.0.0.1",
    "wsgi.version": (1, 0),
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


def environ(
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    prefix: str = "/",
) -> dict[str, Any]:
    """Return the environment of a request to an http or https URL.

    `prefix` is the mount path of the application. Requests outside of it have no SCRIPT_NAME.
    """
    parts = urlsplit(url)
    path, mount = unquote_to_bytes(parts.path or "/"), prefix.rstrip("/").encode()
    script_name = mount if path == mount or path.startswith(mount + b"/") else b""
    variables: dict[str, Any] = {
        **_CONSTANTS,
        "REQUEST_METHOD": method,
        # PEP 3333 has octets decoded as Latin-1.
        "SCRIPT_NAME": script_name.decode("latin-1"),
        "PATH_INFO": path[len(script_name) :].decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or hosts.DEFAULT_PORTS.get(parts.scheme, 80)),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": origin(url).partition("://")[2],
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
    }
    for name, value in headers:
        key = name.upper().replace("-", "_")
        variables[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return variables
