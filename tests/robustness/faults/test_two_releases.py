"""The package as it was at its first release serves beside the present one, with one database.

The rows in `tests/releases/0.1.0.json` are of the same commit.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.clients.deployments import CHECKOUT, environment, start, stop
from tests.clients.environments import unavailable
from tests.clients.programs import PATIENCE
from tests.databases.postgresql import serving as serving_postgresql
from tests.robustness.faults.requests import HEALTHY, ping, send
from tests.robustness.faults.served import PLAN, WORKERS, Served, serving

pytestmark = pytest.mark.clients

FIRST = "1374a559007f1c34a6cf50701e494683c278212f"
ROOMS = ("mcp_oauth_discovery", "example_project")
NO_HISTORY = "The history of the repository is missing. Fetch all of it: git fetch --unshallow."


class Releases(NamedTuple):
    """Two sites with one issuer and one database; `directory` has the old package."""

    new: Served
    old: Served
    directory: Path

    def manage_old(self, *arguments: str) -> str:
        """Run a management command of the old release, and return its output."""
        done = subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            # The directory of the process comes before the checkout in the import path.
            cwd=self.directory,
            env=environment({**self.new.given, "PYTHONPATH": f"{self.directory}:{CHECKOUT}"}),
            check=True,
            capture_output=True,
            text=True,
            timeout=5 * PATIENCE,
        )
        return done.stdout


def unpack(directory: Path) -> None:
    """Write the old package and its example into a directory."""
    archive = ["git", "archive", FIRST, *ROOMS]
    done = subprocess.run(archive, cwd=CHECKOUT, capture_output=True, check=False)
    if done.returncode:
        unavailable(NO_HISTORY)
    subprocess.run(["tar", "--extract"], cwd=directory, input=done.stdout, check=True)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    directory, logs = tmp_path_factory.mktemp("old"), tmp_path_factory.mktemp("logs")
    unpack(directory)
    with serving_postgresql() as database:
        given = {"MCP_TEST_SOCKET": str(database.socket)}
        with serving(given, tmp_path_factory.mktemp("new")) as new:
            plan = PLAN._replace(options=(*PLAN.options, "--chdir", str(directory)))
            deployment = start(plan, logs, new.given)
            try:
                # Each site has codes of its own.
                codes = [new.take_code() for _ in range(20)]
                yield Releases(new, Served(deployment, new.given, codes), directory)
            finally:
                stop([deployment])


@pytest.fixture(autouse=True)
def _versions(releases):
    """Fail if both sites have the same package."""
    for site, home in ((releases.new, CHECKOUT), (releases.old, releases.directory)):
        file = send(site.port, "GET", "/package").body.decode()
        assert Path(file).is_relative_to(home / "mcp_oauth_discovery")


def check_both(releases: Releases) -> None:
    """Check that both sites are well, and that each accepts the tokens of the other."""
    sites = (releases.old, releases.new)
    for site in sites:
        site.renew_token()
    for site in sites:
        answers = site.ask_for_all()
        statuses = {name: {answer.status for answer in got} for name, got in answers.items()}
        assert statuses == {name: {status} for name, status in HEALTHY.items()}
    tokens = {site.token for site in sites}
    assert [ping(site.port, token).status for site in sites for token in tokens] == [200] * 4


def wait_for(releases: Releases, is_shown: Callable[[set[str]], bool]) -> None:
    """Wait until all workers of both sites publish what a change has made of the keys."""
    for _ in range(PATIENCE):
        shown = [site.kids() for site in (releases.old, releases.new) for _ in range(2 * WORKERS)]
        if all(map(is_shown, shown)):
            return
        time.sleep(0.5)
    raise AssertionError(f"The releases do not publish the same keys: {shown}")


def test_tokens_of_each_release_are_valid_in_the_other(releases):
    check_both(releases)


def test_each_release_rotates_retires_and_revokes_for_both(releases):
    new, old = releases.new, releases.old
    [first] = new.kids()
    assert new.manage("mcp_keys", "rotate").status == 0
    wait_for(releases, lambda kids: len(kids) == 2)
    [second] = new.kids() - {first}
    releases.manage_old("mcp_keys", "retire", first)
    check_both(releases)
    before = old.token
    releases.manage_old("mcp_keys", "revoke", first)
    wait_for(releases, lambda kids: first not in kids)
    # The token is of the second key, which both releases sign with since the first has retired.
    assert [ping(site.port, before).status for site in (old, new)] == [200, 200]
    assert new.manage("mcp_keys", "revoke", second).status == 0
    wait_for(releases, lambda kids: second not in kids)
    assert [ping(site.port, before).status for site in (old, new)] == [401, 401]
    check_both(releases)
