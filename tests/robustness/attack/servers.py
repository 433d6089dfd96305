"""The sites under attack: one database, and a server for each placement."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.clients.deployments import CHECKOUT, HOST, Deployment, environment, free_port, stop
from tests.robustness.attack.replies import Reply
from tests.robustness.attack.requests import Place, Request
from tests.robustness.attack.wire import PATIENCE, Client

ISSUER = "https://app.attacked.example"
MODULE = "tests.robustness.attack.site"
COMMANDS = {
    "gunicorn": f"gunicorn {MODULE}:wsgi --threads 4 --keep-alive 30 --bind {HOST}:",
    "uvicorn": f"uvicorn {MODULE}:asgi --lifespan off --no-access-log --host {HOST} --port ",
}
PLACEMENTS = ("entry", "middleware", "views")
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.robustness.attack.site_settings", "MCP_ISSUER": ISSUER}

# Keys, and a client with a token that lives for longer than any attack.
_PREPARATION = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing import sign_jwt

call_command("migrate", verbosity=0)
call_command("mcp_keys", "rotate", verbosity=0)
user = User.objects.create_user("attacked")
client = Application.objects.create(
    client_id="attacked",
    client_type="public",
    authorization_grant_type="authorization-code",
    redirect_uris="https://client.example.com/callback",
)
expires = timezone.now() + timedelta(days=1)
claims = {
    "sub": str(user.pk),
    "aud": "ISSUER/mcp",
    "exp": int(expires.timestamp()),
    "client_id": "attacked",
    "scope": "mcp profile:write",
}
token = sign_jwt(claims)
AccessToken.objects.create(
    user=user, application=client, token=token, expires=expires, scope=claims["scope"]
)
print(token, SigningKey.objects.signing_key().kid)
"""


class Prepared(NamedTuple):
    """A database that each server gets a copy of, a valid token, and the ID of its key."""

    database: Path
    token: bytes
    kid: bytes


def prepare(directory: Path) -> Prepared:
    database = directory / "prepared.sqlite3"
    code = _PREPARATION.replace("ISSUER", ISSUER)
    done = subprocess.run(
        [sys.executable, "-m", "django", "shell", "--verbosity", "0", "--command", code],
        cwd=CHECKOUT,
        env=environment({**SETTINGS, "DATABASE": str(database)}),
        stdout=subprocess.PIPE,
        check=True,
    )
    token, kid = done.stdout.split()[-2:]
    return Prepared(database, token, kid)


@contextmanager
def serving(
    server: str, placement: str, prepared: Prepared, directory: Path
) -> Iterator[Deployment]:
    """Start a server, and stop it in the end. `directory` gets its database and its log."""
    directory.mkdir()
    database = shutil.copy(prepared.database, directory / "db.sqlite3")
    port = free_port()
    own = {**SETTINGS, "PLACEMENT": placement, "DATABASE": str(database), "HOME": str(directory)}
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *f"{COMMANDS[server]}{port}".split()],
            cwd=CHECKOUT,
            env=environment(own),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deployment = Deployment(port, ISSUER, f"{ISSUER}/mcp", log, process)
    try:
        _wait(deployment)
        yield deployment
    finally:
        stop([deployment])


def _wait(deployment: Deployment) -> None:
    for _ in range(10 * PATIENCE):
        if deployment.process.poll() is not None:
            break
        try:
            if plain(deployment, b"GET", b"/.well-known/jwks.json").status == 200:
                return
        except (OSError, IndexError):
            time.sleep(0.1)
    raise RuntimeError(f"The server did not start. Its log:\n{deployment.log.read_text()}")


def place(deployment: Deployment, prepared: Prepared) -> Place:
    return Place(host(deployment), prepared.token, prepared.kid)


def host(deployment: Deployment) -> bytes:
    return f"{HOST}:{deployment.port}".encode()


def plain(deployment: Deployment, method: bytes, path: bytes) -> Reply:
    """Return the answer to a request as every client sends it."""
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: " + host(deployment)]
    octets = b"\r\n".join([*lines, b"Connection: close", b"Content-Length: 0", b"", b""])
    request = Request(0, octets, "plain", method, path, b"c4n4ry")
    return Client(deployment.port).ask(request)[0]
