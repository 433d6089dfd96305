"""Set up the example and serve it: the database, a user for the admin, the URLs to open."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mcp_oauth_discovery.standards.identifiers import check_issuer

PAGES = {
    "Home": "/",
    "MCP server": "/mcp",
    "MCP server, read-only": "/reports/mcp",
    "Protected resource": "/.well-known/oauth-protected-resource/mcp",
    "Authorization server": "/.well-known/oauth-authorization-server",
    "JWK Set": "/.well-known/jwks.json",
    "Catalogue": "/.well-known/ai-catalog.json",
    "Admin": "/admin/",
}


def _check_address(address: str) -> None:
    """Refuse an address before anything is changed."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal() and 0 < int(port) < 65536):
        raise CommandError(f"{address}: expected HOST:PORT, such as 127.0.0.1:8000.")
    try:
        check_issuer(os.environ.get("MCP_ISSUER", f"http://{address}"))
    except ValueError as error:
        raise CommandError(f"{address}: {error}. Or set MCP_ISSUER.") from error
    _check_port(host, int(port))


def _check_port(host: str, port: int) -> None:
    """Refuse a port in use, so that no URL or password is printed for another site."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As runserver does: otherwise a port that was used a minute ago is refused.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise CommandError(
            f"{host}:{port}: {error.strerror}. Use another address: "
            f"{sys.executable} {sys.argv[0]} start {host}:{port % 65535 + 1}"
        ) from error


class Command(BaseCommand):
    help = "Prepare the database of the example, print the URLs to open, and serve them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", nargs="?", default="127.0.0.1:8000", help="HOST:PORT")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        _check_address(address)
        call_command("migrate", verbosity=0)
        call_command("mcp_keys", "rotate", if_due=True, stdout=self.stdout)
        password = self._renew_demo_user()
        for title, path in PAGES.items():
            self.stdout.write(f"{title:<22}http://{address}{path}")
        self.stdout.write(f"{'Sign in as':<22}demo / {password}")
        self.stdout.flush()
        # Start a new process, because settings are read only once and MCP_ISSUER is now known.
        os.environ.setdefault("MCP_ISSUER", f"http://{address}")
        command = [sys.executable, sys.argv[0], "runserver", address, "--noreload"]
        os.execv(sys.executable, command)  # noqa: S606

    def _renew_demo_user(self) -> str:
        """Give the demo user a new password at each start, so that an old one is useless."""
        password = secrets.token_urlsafe(9)
        user, _ = get_user_model().objects.get_or_create(username="demo")
        user.is_staff = user.is_superuser = True
        user.set_password(password)
        user.save()
        return password
