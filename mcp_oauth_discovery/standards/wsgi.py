"""Requests that nobody sent, as a WSGI server would hand them to the project (PEP 3333)."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from mcp_oauth_discovery.standards.identifiers import origin


def environ(
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    prefix: str = "/",
) -> dict[str, Any]:
    """Return the environment of a request to an http or https URL, which no server has made.

    `prefix` is the mount path of the application. Requests outside of it have no SCRIPT_NAME.
    """
    parts = urlsplit(url)
    script_name, path_info = _mounted(unquote_to_bytes(parts.path or "/"), prefix)
    host = origin(url).partition("://")[2]
    made: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": script_name,
        "PATH_INFO": path_info,
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or {"https": 443}.get(parts.scheme, 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers:
        key = name.upper().replace("-", "_")
        made[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return made


def _mounted(path: bytes, prefix: str) -> tuple[str, str]:
    """Return SCRIPT_NAME and PATH_INFO of a path, with its octets decoded as Latin-1."""
    mount = prefix.rstrip("/").encode()
    name = mount if path == mount or path.startswith(mount + b"/") else b""
    return name.decode("latin-1"), path[len(name) :].decode("latin-1")
