"""The client for requests to other servers, with urllib3: limits on size and total time."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from mcp_oauth_discovery import __version__
from mcp_oauth_discovery.logs.lines import one_line
from mcp_oauth_discovery.standards.identifiers import is_loopback
from mcp_oauth_discovery.verifiers.exchanges import Answer, Deadline, Unreachable
from mcp_oauth_discovery.verifiers.forked import reset_when_forked

# Some providers refuse the name that urllib3 sends.
_USER_AGENT = f"django-mcp-oauth-discovery/{__version__}"
_CHUNK = 2**16
# Of one answer, with its headers and the framing of its body.
_MOST_OCTETS = 2**24
# Of connections to one host. urllib3 logs a warning for each further one that it closes.
_MOST_IDLE = 100
# Of the text of an error.
_MOST_SHOWN = 300


class _TimedReader(io.RawIOBase):
    """What a socket receives, within the timeout that it had when reading began, and limited.

    The timeout of a plain socket restarts with each octet.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._ends_at = time.monotonic() + (connection.gettimeout() or 0.0)
        self._connection = connection
        self._received = connection.makefile("rb", buffering=0)
        self._allowed = _MOST_OCTETS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left)
        received = self._received.readinto(buffer)
        self._allowed -= received or 0
        if self._allowed < 0:
            raise OSError(f"the answer has more than {_MOST_OCTETS:,} octets")
        return received

    def close(self) -> None:
        self._received.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """A response whose status line, headers and body share one timeout."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock))


class _HTTPConnection(HTTPConnection):
    response_class = _TimedResponse


class _HTTPSConnection(HTTPSConnection):
    response_class = _TimedResponse


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class Client:
    """Sends requests through the proxies of the environment, and keeps connections open.

    It verifies certificates with the authorities that the system trusts. Any number of threads
    may use it.
    """

    def __init__(self) -> None:
        self.reset()
        reset_when_forked(self)

    def reset(self) -> None:
        """Forget all connections, which a fork would share with the parent."""
        self._managers: dict[tuple[str, str], urllib3.PoolManager] = {}

    def send(
        self,
        method: str,
        url: str,
        deadline: Deadline,
        *,
        limit: int,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Answer:
        """Return the answer, with a body of at most `limit` octets; raises `Unreachable`."""
        try:
            try:
                return self._send(method, url, deadline, limit, headers, body)
            except urllib3.exceptions.ProtocolError:
                # A server may close an idle connection at the moment when it is used again.
                return self._send(method, url, deadline, limit, headers, body)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            # If the time is over, this explains more than the timeout of the last step.
            deadline.left()
            text = one_line(f"{type(error).__name__}: {error}")
            raise Unreachable(text[:_MOST_SHOWN]) from error

    def _send(
        self,
        method: str,
        url: str,
        deadline: Deadline,
        limit: int,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Answer:
        response = self._manager(url).urlopen(
            method,
            url,
            body=body,
            headers={**headers, "Accept-Encoding": "identity", "User-Agent": _USER_AGENT},
            redirect=False,
            retries=False,
            timeout=urllib3.Timeout(total=deadline.left()),
            preload_content=False,
            decode_content=False,
        )
        return _read(response, limit)

    def _manager(self, url: str) -> urllib3.PoolManager:
        route = urlsplit(url).scheme, _proxy_for(url)
        if route not in self._managers:
            self._managers[route] = _make_manager(*route)
        return self._managers[route]


def _proxy_for(url: str) -> str:
    """Return the URL of the proxy that the environment names, or ""."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or urllib.request.proxy_bypass(parts.netloc):
        return ""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    # Other programs take an address without a scheme as well.
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"


def _make_manager(scheme: str, proxy: str) -> urllib3.PoolManager:
    options: dict[str, Any] = {"maxsize": _MOST_IDLE}
    if scheme == "https":
        # This takes a while, because it reads all authorities that the system trusts.
        options["ssl_context"] = ssl.create_default_context()
    if proxy:
        address, headers = _split_proxy(proxy)
        manager: urllib3.PoolManager = urllib3.ProxyManager(
            address, proxy_headers=headers, **options
        )
    else:
        manager = urllib3.PoolManager(**options)
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager


def _split_proxy(proxy: str) -> tuple[str, Mapping[str, str] | None]:
    """Return the URL of a proxy and the header with its credentials, which no error may show."""
    scheme, _, rest = proxy.partition("://")
    credentials, _, place = rest.rpartition("@")
    headers = urllib3.make_headers(proxy_basic_auth=unquote(credentials)) if credentials else None
    return f"{scheme}://{place}", headers


def _read(response: urllib3.BaseHTTPResponse, limit: int) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    # Adding to bytes would copy them for each of the chunks, which may be of one octet.
    body = bytearray()
    try:
        for chunk in response.stream(_CHUNK, decode_content=False):
            body += chunk
            if len(body) > limit:
                raise Unreachable(f"the answer has more than {limit:,} octets")
    except BaseException:
        # Part of the body is still to come, so the connection has no further use.
        response.close()
        raise
    response.release_conn()
    return Answer(response.status, headers, bytes(body))
