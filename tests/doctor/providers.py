"""Outside providers as stand-ins: their documents and answers, in the World and over HTTPS."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from mcp_oauth_discovery.doctor.transport.messages import Failure
from mcp_oauth_discovery.standards.identifiers import origin
from tests.doctor.servers import certificate
from tests.doctor.world import ORIGIN, World
from tests.outside import servers

Headers = dict[str, str]
# From the Origin of a request, if it has one, to the headers of an answer.
Cors = Callable[[str | None], Headers]


def for_all(page: str | None) -> Headers:
    return {"Access-Control-Allow-Origin": "*"}


def for_none(page: str | None) -> Headers:
    return {}


def reflected(page: str | None) -> Headers:
    """Allow the origin of each request by its name, with credentials."""
    if page is None:
        return {}
    return {"Access-Control-Allow-Origin": page, "Access-Control-Allow-Credentials": "true"}


@dataclass(frozen=True)
class Provider:
    """A provider: its documents by URL, how it answers, and the true findings, if there are any."""

    name: str
    issuer: str
    documents: dict[str, Any]
    scopes: tuple[str, ...] = ("mcp",)
    codes: tuple[str, ...] = ()
    # What its documents have beside a Content-Type.
    headers: Headers = field(default_factory=lambda: {"Cache-Control": "public, max-age=3600"})
    content_type: str = "application/json"
    cors: Cors = for_all
    # Its answers to OPTIONS, and to GET of any other address.
    preflight: tuple[int, Headers] = (204, {"Access-Control-Allow-Headers": "*"})
    missing: tuple[int, Headers, Any] = (404, {"Content-Type": "application/json"}, {})

    @property
    def hosts(self) -> set[str]:
        """The origins that this provider answers for."""
        return {origin(url) for url in (self.issuer, *self.documents)}

    def answer(self, method: str, url: str, headers: Headers) -> tuple[int, Headers, Any, float]:
        cors = self.cors(headers.get("Origin"))
        if method == "OPTIONS":
            status, fields = self.preflight
            return status, {**cors, **fields}, b"", 0.0
        if url not in self.documents:
            status, fields, body = self.missing
            return status, fields, body, 0.0
        fields = {"Content-Type": self.content_type, **self.headers, **cors}
        return 200, fields, self.documents[url], 0.0


class SiteOf(World):
    """A healthy Django site whose tokens a provider issues."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self.provider = provider
        self.prm["authorization_servers"] = [provider.issuer]
        self.prm["scopes_supported"] = list(provider.scopes)
        self.challenge = (self.challenge or "").replace('"mcp"', f'"{" ".join(provider.scopes)}"')
        self.document["Server"] = "WSGIServer/0.2 CPython/3.13"
        # The site is no authorization server itself.
        self.reply("GET", f"{ORIGIN}/.well-known/oauth-authorization-server", status=404)

    def _healthy(self, method: str, url: str) -> Any:
        if origin(url) not in self.provider.hosts:
            return super()._healthy(method, url)
        _, _, headers = self.requests[-1]
        return self.provider.answer(method, url, headers)


class _Handler(servers.Handler, BaseHTTPRequestHandler):
    scheme = "http"
    # The world that answers.
    world: World

    def answer(self) -> None:
        headers = dict(self.headers.items())
        body = self.rfile.read(int(headers.get("Content-Length", 0)))
        url = f"{self.scheme}://{headers['Host']}{self.path}"
        outcome = self.world.send(self.command, url, headers.items(), body)
        self.close_connection = True
        if isinstance(outcome, Failure):
            # The connection ends without an answer.
            return
        self.send_response_only(outcome.status)
        for name, value in outcome.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(outcome.body)))
        self.end_headers()
        self.wfile.write(outcome.body)

    def do_HEAD(self) -> None:
        self.answer()

    def do_OPTIONS(self) -> None:
        self.answer()


@contextmanager
def over_http(
    world: Callable[[int], World], address: str = "127.0.0.1", context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Serve a world on loopback, by its port; yields the port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    handler = type("Handler", (_Handler,), {"scheme": "https" if context else "http"})
    server = type("Server", (ThreadingHTTPServer,), {"address_family": family})(
        (address, 0), handler
    )
    port = server.server_address[1]
    handler.world = world(port)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@contextmanager
def over_https(world: World, hosts: set[str], folder: Path) -> Iterator[tuple[int, Path]]:
    """Serve a world on loopback, over TLS; yields the port, and the certificate of the hosts."""
    pem = certificate(folder, *(host.partition("://")[2] for host in hosts))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with over_http(lambda port: world, context=context) as port:
        yield port, pem
