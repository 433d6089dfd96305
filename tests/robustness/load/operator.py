"""The operator of the load run changes keys with `manage.py`, and waits for each effect."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from tests.clients.deployments import CHECKOUT, environment
from tests.databases.postgresql import PostgreSQL
from tests.robustness.load.record import Record, Revocation

WORKERS = 2
# Seconds. An effect that takes longer on a busy machine is missing.
_PATIENCE = 120

_ACTIVE = """
SELECT kid FROM mcp_oauth_discovery_signingkey WHERE algorithm = 'RS256' AND revoked_at IS NULL
AND activates_at <= now() AND (retires_at IS NULL OR retires_at > now())
"""
_NEWEST = """
SELECT kid FROM mcp_oauth_discovery_signingkey WHERE algorithm = 'RS256'
ORDER BY generation DESC LIMIT 1
"""


class Operator:
    """Changes the keys of a site that serves, each time in another process."""

    def __init__(self, database: PostgreSQL, given: Mapping[str, str], record: Record) -> None:
        self._database, self._record = database, record
        self._environment = environment(given)
        self.rotations = 0

    def work(self, seconds: float) -> None:
        """Rotate and revoke for at least so long; with 0 seconds, once each."""
        until = time.time() + seconds
        try:
            self._wait_for("both workers verify", lambda: self._accepted_by_all(self._active()))
            self.rotate()
            # No key is pending, so a new key signs immediately, before verifiers have seen it.
            self.revoke()
            while time.time() < until:
                self.rotate()
        finally:
            self._record.is_over = True

    def rotate(self) -> None:
        """Publish a key, and wait until it has taken over and every worker verifies its tokens."""
        self._run("rotate")
        self.rotations += 1
        kid = self._kid(_NEWEST)
        self._wait_for(f"{kid} takes over", lambda: self._accepted_by_all(kid))

    def revoke(self) -> None:
        """Revoke the active key, and wait until every worker refuses it and accepts the next."""
        kid = self._active()
        began_at = time.time()
        # First, because a token may be refused before the command returns.
        self._record.revocations[kid] = Revocation(kid, began_at)
        self._run("revoke", "--", kid)
        self._record.revocations[kid] = Revocation(kid, began_at, time.time())
        self._wait_for(f"{kid} is refused", lambda: self._refused_by_all(kid))
        following = self._active()
        self._wait_for(f"{following} follows", lambda: self._accepted_by_all(following))

    def _run(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", "mcp_keys", *arguments]
        where = {"cwd": CHECKOUT, "env": self._environment}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **where)

    def _active(self) -> str:
        return self._kid(_ACTIVE)

    def _kid(self, query: str) -> str:
        with self._database.connect() as connection:
            rows = connection.execute(query).fetchall()
        [[kid]] = rows
        return str(kid)

    def _accepted_by_all(self, kid: str) -> bool:
        return len(self._record.workers(kid, accepted=True)) == WORKERS

    def _refused_by_all(self, kid: str) -> bool:
        return len(self._record.workers(kid, accepted=False)) == WORKERS

    def _wait_for(self, event: str, has_happened: Callable[[], bool]) -> None:
        for _ in range(10 * _PATIENCE):
            if has_happened():
                return
            time.sleep(0.1)
        self._record.violations.append(f"In {_PATIENCE} seconds this did not happen: {event}.")
