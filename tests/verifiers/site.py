"""The example with keys of its own: a server that publishes them, processes that change them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clients.deployments import CHECKOUT, Deployment, Plan, environment, migrate, start, stop

# One thread, so that the access log has the requests in their order.
PLAN = Plan("gunicorn", "{origin}", "{origin}/mcp", options=("--threads", "1"))

Tokens = dict[str, str]


@dataclass
class Site:
    """Nothing waits for the clock here: `let_pass` moves the dates of all keys instead."""

    directory: Path
    server: Deployment | None = field(default=None, init=False)
    _asked: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        migrate(self.directory)

    @property
    def deployment(self) -> Deployment:
        assert self.server, "serve first"
        return self.server

    @property
    def given(self) -> dict[str, str]:
        return {
            "DATABASE": str(self.directory / "db.sqlite3"),
            "DJANGO_SETTINGS_MODULE": "tests.verifiers.settings",
        }

    def serve(self) -> None:
        """Start the server, which reads the keys as they are now."""
        self.server = start(PLAN, self.directory, self.given)

    def close(self) -> None:
        if self.server:
            stop([self.server])

    def manage(self, *arguments: str) -> str:
        """Run a management command in a process of its own and return what it prints."""
        return self._run("manage.py", *arguments)

    def keys(self, state: str) -> list[str]:
        """Return the kids of the keys in a state."""
        listed = json.loads(self.manage("mcp_keys", "list", "--json"))["keys"]
        return [key["kid"] for key in listed if key["state"] == state]

    def sign(self) -> Tokens:
        """Return a token of each algorithm, signed by whichever key signs now."""
        tokens: Tokens = json.loads(self._backstage("sign", self.deployment.resource))
        return tokens

    def let_pass(self, span: timedelta) -> None:
        self._backstage("pass", str(span.total_seconds()))

    def served(self) -> set[str]:
        """Return the kids in the JWK Set as the server sends it."""
        with urllib.request.urlopen(self.deployment.jwks_url, timeout=30) as response:  # noqa: S310
            return {key["kid"] for key in json.load(response)["keys"]}

    def wait_until_served(self, kids: set[str]) -> None:
        """Wait for the server to see what other processes did; it looks every few seconds."""
        for _ in range(120):
            if self.served() == kids:
                return
            time.sleep(0.25)
        pytest.fail(f"The server still serves {self.served()}, not {kids}.")

    def requests(self) -> int:
        """Return how many requests for the JWK Set the access log has so far."""
        self._asked += 1
        mark = f"asked={self._asked}"
        # The log is written after the answer. Once it has this request, it has all before it.
        url = f"{self.deployment.origin}/.well-known/oauth-protected-resource?{mark}"
        with urllib.request.urlopen(url, timeout=30):  # noqa: S310
            pass
        for _ in range(100):
            log = self.deployment.log.read_text()
            if f"?{mark} " in log:
                return log.count('"GET /.well-known/jwks.json ')
            time.sleep(0.05)
        pytest.fail("The server does not write its access log.")

    def _backstage(self, *arguments: str) -> str:
        return self._run("-m", "tests.verifiers.backstage", *arguments)

    def _run(self, *arguments: str) -> str:
        issuer = {"MCP_ISSUER": self.server.issuer} if self.server else {}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=CHECKOUT,
            env=environment({**self.given, **issuer}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
