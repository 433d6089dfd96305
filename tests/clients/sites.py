"""The example as a newcomer has it: a demo user, keys to sign with, and two MCP servers."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.clients.deployments import CHECKOUT, Deployment, Plan, environment, migrate, start

USER = "demo"
PASSWORD = "of a user who lives for one test run"

PREPARATION = f"""
from django.contrib.auth.models import User
from django.core.management import call_command

call_command("mcp_keys", "rotate", verbosity=0)
User.objects.create_user("{USER}", password="{PASSWORD}")
"""
EXPIRE = """
UPDATE oauth2_provider_accesstoken SET expires = datetime('now', '-1 minute') WHERE application_id =
(SELECT id FROM oauth2_provider_application WHERE client_id = ?)
"""
_REQUEST = re.compile(r'"([A-Z]+) (\S+) HTTP/1\.1" (\d{3})')


@dataclass(frozen=True)
class Site:
    """A deployment that a client can be let in to."""

    deployment: Deployment
    database: Path

    @property
    def origin(self) -> str:
        return self.deployment.origin

    @property
    def mcp(self) -> str:
        return f"{self.origin}/mcp"

    @property
    def reports(self) -> str:
        return f"{self.origin}/reports/mcp"

    def expire_access_tokens(self, client_id: str) -> int:
        """Let the access tokens of a client have had their time; return how many there were."""
        with closing(sqlite3.connect(self.database, timeout=30)) as connection, connection:
            return connection.execute(EXPIRE, [client_id]).rowcount

    def log(self) -> str:
        return self.deployment.log.read_text()


def open_site(
    server: str,
    directory: Path,
    given: Mapping[str, str] = MappingProxyType({}),
    port: int | None = None,
) -> Site:
    """Start the example with all that it needs to let somebody in.

    `given` is what else its environment has to say. `port` is one of `free_port`.
    """
    given = {**given, "DATABASE": str(migrate(directory))}
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", PREPARATION],
        cwd=CHECKOUT,
        env=environment(given),
        check=True,
    )
    plan = Plan(server, "{origin}", "{origin}/mcp")
    return Site(start(plan, directory, given, port), Path(given["DATABASE"]))


def requests(log: str) -> list[str]:
    """Return the requests in an access log in the words `METHOD path status`."""
    return [
        f"{method} {target.partition('?')[0]} {status}"
        for method, target, status in _REQUEST.findall(log)
    ]
