"""Everything is opened once; the doctor finds names below example.com by a look-up of our own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import unavailable
from tests.gallery import catalogue
from tests.gallery.exhibits import ASGI, DJANGO, EXHIBITS, Exhibit
from tests.gallery.halls import (
    LOOPBACK,
    NGINX,
    OPENSSL,
    asgi_hall,
    django_hall,
    listen,
    nginx_hall,
    port_of,
)

catalogue.load()

NGINX_IS_MISSING = (
    "nginx or openssl is missing. Install both from the packages of your system (Debian, Ubuntu: "
    "apt install nginx openssl)."
)


Visit = Callable[[Exhibit], str]


class Gallery:
    """Where each exhibit is: its origin, its port, and the ports of nginx."""

    def __init__(self, ports: dict[str, int], names: dict[str, int], directory: Path) -> None:
        self.ports = ports
        self.names = names
        self.directory = directory
        self.certificate = str(directory / "certificate.pem")

    def origin(self, exhibit: Exhibit) -> str:
        return origin_of(exhibit, self.ports[exhibit.name])

    def wake(self, exhibit: Exhibit) -> None:
        """Have a project started: that is no part of how fast it answers."""
        with socket.create_connection((LOOPBACK, self.ports[exhibit.name]), timeout=60) as one:
            one.sendall(b"GET /nothing-here HTTP/1.0\r\n\r\n")
            while one.recv(4096):
                pass

    def log(self) -> str:
        """Return the end of what the servers have said."""
        logs = [self.directory / f"{name}.log" for name in ("django", "nginx")]
        return "\n".join(f"{one.name}:\n{one.read_text()[-2000:]}" for one in logs)

    def look_up(self, host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        """Return the addresses of a host: nginx for the names of the gallery, none for others."""
        if host == LOOPBACK:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        if port not in (80, 443) or not (host.endswith(".example.com") or host == "auth.internal"):
            raise socket.gaierror(f"nobody here is called {host}")
        place = self.names["https" if port == 443 else "http"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (LOOPBACK, place))]


def origin_of(exhibit: Exhibit, port: int) -> str:
    if exhibit.block:
        return f"{exhibit.scheme}://{exhibit.host}"
    return f"http://{LOOPBACK}:{port}"


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """Open the halls."""
    if NGINX is None or OPENSSL is None:
        unavailable(NGINX_IS_MISSING)
    directory = tmp_path_factory.mktemp("gallery")
    with ExitStack() as stack:
        listeners = {name: stack.enter_context(listen()) for name in EXHIBITS}
        ports = {name: port_of(one) for name, one in listeners.items()}
        origins = {name: origin_of(one, ports[name]) for name, one in EXHIBITS.items()}
        applications = {ports[name]: EXHIBITS[name].build(origins[name]) for name in _of(ASGI)}
        hung = [listeners[name] for name in _of(ASGI)]
        stack.enter_context(asgi_hall(applications, hung))
        projects = {name: (listeners[name], origins[name]) for name in _of(DJANGO)}
        stack.enter_context(django_hall(projects, directory))
        names = {"https": _free_port(), "http": _free_port()}
        blocks = [(one.host, one.block, ports[name]) for name, one in EXHIBITS.items() if one.block]
        stack.enter_context(nginx_hall(blocks, directory, names))
        yield Gallery(ports, names, directory)


@pytest.fixture
def visited(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    """Return a function that gives the URL of the MCP endpoint of an exhibit that is awake."""

    def visited(exhibit: Exhibit) -> str:
        if exhibit.kind == DJANGO:
            gallery.wake(exhibit)
        monkeypatch.setenv("SSL_CERT_FILE", gallery.certificate)
        monkeypatch.setattr(socket, "getaddrinfo", gallery.look_up)
        return gallery.origin(exhibit) + exhibit.path

    yield visited
    # pytest shows it where the test failed.
    print(gallery.log())  # noqa: T201


def _of(kind: str) -> list[str]:
    return [name for name, one in EXHIBITS.items() if one.kind == kind]


def _free_port() -> int:
    with listen() as probe:
        return port_of(probe)
