"""The documented proxies in front of the example, and the example alone as a proxy reaches it."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.clients.deployments import migrate
from tests.deprecations import STRICT
from tests.markdown import CHECKOUT, blocks, first_column, read, section

HOST = "app.example.com"
LOOPBACK = "127.0.0.1"
PAGE = read("docs/howto/proxy.md")
BEHIND_NGINX = section(PAGE, "nginx")
[BEHIND_CADDY] = blocks(section(PAGE, "Caddy"), "text")
[NGINX_BLOCK] = blocks(BEHIND_NGINX, "nginx")
[SETTINGS] = blocks(section(PAGE, "Django"), "python")

# On Debian /usr/sbin is on the path of root alone.
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
OPENSSL = shutil.which("openssl")
NGINX_IS_MISSING = (
    "nginx or openssl is missing. Install both from the packages of your system (Debian, Ubuntu: "
    "apt install nginx openssl)."
)
CADDY = shutil.which("caddy")
CADDY_IS_MISSING = (
    "Caddy is missing. Install it from the packages of your system (Debian, Ubuntu: apt install "
    "caddy), or from https://caddyserver.com."
)
NGINX_CONF = """
daemon off;
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
{block}
}}
"""


class Answer(NamedTuple):
    status: int
    caching: str | None
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def urls(self) -> list[str]:
        return re.findall(r'"(\w+://[^"]*)"', self.body.decode())


class Proxied(NamedTuple):
    """A site as a client reaches it: over TLS if there is a certificate to verify."""

    port: int
    logs: list[Path]
    certificate: Path | None = None

    def connect(self, server_name: str = HOST) -> socket.socket:
        plain = socket.create_connection((LOOPBACK, self.port), timeout=60)
        if self.certificate is None:
            return plain
        context = ssl.create_default_context(cafile=str(self.certificate))
        with plain:
            return context.wrap_socket(plain, server_hostname=server_name)

    def fetch(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection(HOST)
        connection.sock = self.connect()
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers["Cache-Control"], answer.read())
        finally:
            connection.close()

    def has_started(self) -> bool:
        try:
            with self.connect():
                return True
        except ConnectionRefusedError:
            return False

    def log(self) -> str:
        return "\n".join(f"{log.name}:\n{log.read_text()}" for log in self.logs)


@contextmanager
def running(command: list[str], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server, and stop it and whatever it has started."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **options,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def gunicorn(
    directory: Path, site: str | dict[str, str], *options: str
) -> Iterator[tuple[int, Path]]:
    """Serve the example, configured by its environment or by settings on top of its own."""
    # Nothing of the caller's, which might make it another site. The home directory takes the
    # control socket of gunicorn.
    environment = {"HOME": str(directory), "SECRET_KEY": "of a server for one test run"}
    environment |= {"DATABASE": str(migrate(directory)), **STRICT}
    if isinstance(site, str):
        settings = f"from example_project.settings import *\n\n{site}"
        (directory / "documented_settings.py").write_text(settings)
        environment["PYTHONPATH"] = str(directory)
        environment["DJANGO_SETTINGS_MODULE"] = "documented_settings"
    else:
        environment |= site
    log = directory / "gunicorn.log"
    command = [sys.executable, "-m", "gunicorn", "example_project.wsgi", *options]
    # The socket is there before gunicorn is: whoever connects early waits in its queue.
    with socket.create_server((LOOPBACK, 0)) as listener:
        number = listener.fileno()
        command += ["--bind", f"fd://{number}"]
        port = listener.getsockname()[1]
        server = running(command, log, cwd=CHECKOUT, env=environment, pass_fds=[number])
        with server:
            listener.close()
            yield port, log


def substituted(block: str, replacements: dict[str, object]) -> str:
    longest_first = sorted(replacements, key=len, reverse=True)
    pattern = "|".join(re.escape(name) for name in longest_first)
    return re.sub(pattern, lambda found: str(replacements[found[0]]), block)


@contextmanager
def nginx(
    directory: Path, upstream: int, *logs: Path, block: str = NGINX_BLOCK
) -> Iterator[Proxied]:
    """Put a real nginx with the documented block, or another one, before a port."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    make_certificate(certificate, key)
    with socket.create_server((LOOPBACK, 0)) as probe:
        port = probe.getsockname()[1]
    replacements = {
        HOST: HOST,
        "443": port,
        "/etc/ssl/certs/app.example.com.pem": certificate,
        "/etc/ssl/private/app.example.com.key": key,
        "127.0.0.1:8000": f"{LOOPBACK}:{upstream}",
    }
    assert set(replacements) == set(first_column(BEHIND_NGINX))
    user = "user root;" if os.geteuid() == 0 else ""
    conf = directory / "nginx.conf"
    conf.write_text(NGINX_CONF.format(user=user, block=substituted(block, replacements)))
    log = directory / "nginx.log"
    command = [str(NGINX), "-p", str(directory), "-c", str(conf), "-e", "stderr"]
    with proxying(command, Proxied(port, [log, *logs], certificate)) as proxied:
        yield proxied


@contextmanager
def caddy(directory: Path, upstream: int, *logs: Path) -> Iterator[Proxied]:
    """Put a real Caddy with the documented block before a port."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    make_certificate(certificate, key)
    with socket.create_server((LOOPBACK, 0)) as probe:
        port = probe.getsockname()[1]
    address = f"{HOST} {{\n"
    assert BEHIND_CADDY.startswith(address)
    site = f"https://{HOST}:{port} {{\n    bind {LOOPBACK}\n    tls {certificate} {key}\n"
    block = substituted(BEHIND_CADDY, {address: site, "127.0.0.1:8000": f"{LOOPBACK}:{upstream}"})
    conf = directory / "Caddyfile"
    conf.write_text(f"{{\n    admin off\n    auto_https off\n}}\n{block}")
    log = directory / "caddy.log"
    command = [str(CADDY), "run", "--config", str(conf), "--adapter", "caddyfile"]
    environment = {**os.environ, "HOME": str(directory)}
    proxied = Proxied(port, [log, *logs], certificate)
    with proxying(command, proxied, env=environment):
        yield proxied


@contextmanager
def proxying(command: list[str], proxied: Proxied, **options: Any) -> Iterator[Proxied]:
    """Run a proxy, and wait until it accepts connections."""
    with running(command, proxied.logs[0], **options) as process:
        for _ in range(300):
            if process.poll() is not None or proxied.has_started():
                break
            time.sleep(0.1)
        assert process.poll() is None, proxied.log()
        yield proxied


def make_certificate(certificate: Path, key: Path) -> None:
    command = [str(OPENSSL), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
