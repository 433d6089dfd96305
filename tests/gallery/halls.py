"""The servers that the exhibits are in: one uvicorn, one process that forks, one nginx."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

LOOPBACK = "127.0.0.1"
# On Debian /usr/sbin is on the path of root alone.
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
OPENSSL = shutil.which("openssl")
CHECKOUT = Path(__file__).resolve().parents[2]


def listen() -> socket.socket:
    """Return a socket that takes connections, before anybody answers them."""
    return socket.create_server((LOOPBACK, 0), backlog=64)


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


class ByPort:
    """ASGI applications, each at a port of its own."""

    def __init__(self, applications: dict[int, Any]) -> None:
        self._applications = applications

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._applications[scope["server"][1]](scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            await receive()
            for application in self._applications.values():
                if isinstance(application, Starlette):
                    lifespan = application.router.lifespan_context(application)
                    await stack.enter_async_context(lifespan)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


@contextmanager
def asgi_hall(applications: dict[int, Any], listeners: list[socket.socket]) -> Iterator[None]:
    """Serve applications by one uvicorn in a thread."""
    # Headers as the exhibits say, and no log of what is broken on purpose.
    config = uvicorn.Config(
        ByPort(applications),
        lifespan="on",
        log_level="critical",
        server_header=False,
        proxy_headers=False,
        ws="none",
        # Some exhibits never end an answer: nobody waits for them.
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(listeners)), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=30)


@contextmanager
def django_hall(exhibits: dict[str, tuple[socket.socket, str]], directory: Path) -> Iterator[None]:
    """Serve Django projects, by a process for each that is visited."""
    told = {name: (one.fileno(), origin) for name, (one, origin) in exhibits.items()}
    command = [sys.executable, "-m", "tests.gallery.forecourt", json.dumps(told), str(directory)]
    numbers = [number for number, _ in told.values()]
    # The home directory takes the control socket of gunicorn.
    home = {**os.environ, "HOME": str(directory)}
    with _running(command, directory / "django.log", pass_fds=numbers, env=home):
        yield


@contextmanager
def nginx_hall(
    blocks: Iterable[tuple[str, str, int]], directory: Path, ports: dict[str, int]
) -> Iterator[None]:
    """Put one nginx before ports: a server for each name, block and port behind it."""
    make_certificate(directory)
    servers = "".join(
        _SERVER.format(
            name=name, block=block.replace("{upstream}", f"http://{LOOPBACK}:{port}"), **ports
        )
        for name, block, port in blocks
    )
    user = "user root;" if os.geteuid() == 0 else ""
    conf = directory / "nginx.conf"
    conf.write_text(_CONF.format(user=user, servers=servers, **ports))
    command = [str(NGINX), "-p", str(directory), "-c", str(conf), "-e", "stderr"]
    log = directory / "nginx.log"
    with _running(command, log) as process:
        for _ in range(200):
            if process.poll() is not None or _answers(ports["https"]):
                break
            time.sleep(0.05)
        assert process.poll() is None, log.read_text()
        yield


def make_certificate(directory: Path) -> None:
    """Make a certificate for every name here, and another one that nobody trusts."""
    for name in ("certificate", "untrusted"):
        command = [str(OPENSSL), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        command += ["-subj", f"/CN={name}", "-keyout", str(directory / f"{name}.key")]
        command += ["-addext", "subjectAltName=DNS:*.example.com,DNS:auth.internal"]
        command += ["-out", str(directory / f"{name}.pem")]
        subprocess.run(command, check=True, capture_output=True)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=5):
            return True
    except OSError:
        return False


@contextmanager
def _running(command: list[str], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server, and stop it and whatever it has started."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **options,
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


_SERVER = """
server {{
    listen 127.0.0.1:{https} ssl;
    listen 127.0.0.1:{http};
    server_name {name};
    {block}
}}
"""

_CONF = """
daemon off;
master_process off;
worker_processes 1;
{user}
pid nginx.pid;
events {{}}
http {{
access_log off;
client_body_temp_path body;
proxy_temp_path proxy;
fastcgi_temp_path fastcgi;
uwsgi_temp_path uwsgi;
scgi_temp_path scgi;
types {{ text/html html; }}
limit_req_zone $server_name zone=walk:1m rate=1r/m;
proxy_cache_path cache keys_zone=documents:1m;
server_names_hash_bucket_size 128;
proxy_http_version 1.1;
port_in_redirect off;
ssl_certificate certificate.pem;
ssl_certificate_key certificate.key;
server {{
    listen 127.0.0.1:{https} ssl default_server;
    server_name _;
    ssl_reject_handshake on;
    return 421;
}}
{servers}
}}
"""
