"""The example under gunicorn with two workers, while something that it needs is broken."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from signal import SIGHUP
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.clients.deployments import (
    CHECKOUT,
    HOST,
    Deployment,
    Plan,
    environment,
    free_port,
    start,
    stop,
)
from tests.clients.programs import PATIENCE
from tests.robustness.faults.requests import (
    DOCUMENTS,
    HEALTHY,
    Answer,
    exchange,
    forge,
    ping,
    send,
)

SETTINGS = "tests.robustness.faults.settings"
WORKERS = 2
PLAN = Plan("gunicorn", "{origin}", "{origin}/mcp", ("--workers", str(WORKERS)))
Answers = dict[str, list[Answer]]


class Output(NamedTuple):
    """What a command shows to the operator."""

    status: int
    text: str


class Served:
    """A deployment with a token that is good there, and with codes to get more of them."""

    def __init__(self, deployment: Deployment, given: Mapping[str, str], codes: list[str]) -> None:
        self.deployment, self.given, self._codes = deployment, given, codes
        self.port = deployment.port
        self.refused: list[str] = []
        # Each release of the example has its own.
        self._endpoint: str = urlsplit(self.ask("server").json["token_endpoint"]).path
        self.renew_token()

    def renew_token(self) -> None:
        """Get a token, once there is a key to sign it."""
        for _ in range(PATIENCE):
            answer = exchange(self.port, self._endpoint, self.take_code())
            if answer.status == 200:
                self.token: str = answer.json["access_token"]
                return
            time.sleep(1)
        raise AssertionError(f"There is no token:\n{self.log()}")

    def take_code(self) -> str:
        """Return an authorization code that has not been used."""
        return self._codes.pop()

    def ask(self, name: str) -> Answer:
        """Send one of the requests of `HEALTHY`."""
        if name in DOCUMENTS:
            return send(self.port, "GET", DOCUMENTS[name])
        if name == "code":
            return self._exchange(self.take_code())
        tokens = {"no token": None, "token": self.token, "forged": forge(self.token)}
        return ping(self.port, tokens[name])

    def _exchange(self, code: str) -> Answer:
        answer = exchange(self.port, self._endpoint, code)
        if answer.status != 200:
            self.refused.append(code)
        return answer

    def ask_for_all(self, rounds: int = WORKERS) -> Answers:
        """Send every request several times, all at the same time, so that each worker has some."""
        names = list(HEALTHY) * rounds
        with ThreadPoolExecutor(len(names)) as pool:
            answers: Answers = {name: [] for name in HEALTHY}
            for name, answer in zip(names, pool.map(self.ask, names), strict=True):
                answers[name].append(answer)
        return answers

    def exchange_refused(self) -> list[int | None]:
        """Exchange the codes again for which there was no token."""
        codes, self.refused = self.refused, []
        return [self._exchange(code).status for code in codes]

    def wait_for_health(self) -> None:
        """Wait until every request is answered as by a site that is well, in each worker."""
        for _ in range(PATIENCE):
            statuses = [self.ask(name).status for name in HEALTHY for _ in range(WORKERS)]
            if statuses == [status for status in HEALTHY.values() for _ in range(WORKERS)]:
                return
            time.sleep(0.5)
        raise AssertionError(f"The site does not recover:\n{self.log()}")

    def renew_workers(self) -> None:
        """Have gunicorn replace its workers; the new ones have read no keys."""
        booted = self.log().count("Booting worker")
        self.deployment.process.send_signal(SIGHUP)
        for _ in range(10 * PATIENCE):
            log = self.log()
            if (
                log.count("Booting worker") >= booted + WORKERS
                and log.count("Worker exiting") >= WORKERS
            ):
                return
            time.sleep(0.1)
        raise AssertionError(f"gunicorn does not renew its workers:\n{self.log()}")

    def kids(self) -> set[str]:
        """Return the published keys, as the workers show them."""
        return {key["kid"] for key in self.ask("keys").json["keys"]}

    def manage(self, *arguments: str) -> Output:
        """Run a management command as the operator does."""
        done = django(self.given, *arguments, check=False)
        return Output(done.returncode, done.stdout + done.stderr)

    def log(self) -> str:
        return self.deployment.log.read_text()

    def events(self, since: int = 0) -> set[str]:
        """Return the events in the log, with their levels, from a number of characters on."""
        return set(re.findall(r"^(?:WARNING|ERROR) [a-z]+\.[a-z_]+", self.log()[since:], re.M))

    def errors(self) -> set[str]:
        """Return the events that are errors. A busy machine may be late without a fault."""
        return {event for event in self.events() if event.startswith("ERROR ")}


def django(
    given: Mapping[str, str], *arguments: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run `python -m django` with the settings of the served example."""
    return subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        cwd=CHECKOUT,
        env=environment(given),
        check=check,
        capture_output=True,
        text=True,
        timeout=5 * PATIENCE,
    )


def configured(given: Mapping[str, str], port: int) -> dict[str, str]:
    """Return the environment of the server and of its commands."""
    origin = f"http://{HOST}:{port}"
    own = {"MCP_ISSUER": origin, "MCP_RESOURCE": f"{origin}/mcp", "DATABASE": "unused"}
    return {**own, "DJANGO_SETTINGS_MODULE": SETTINGS, **given}


def fill(given: Mapping[str, str], codes: list[str]) -> None:
    """Run `prepare` on a database that has its tables."""
    command = [sys.executable, "-m", "tests.robustness.faults.prepare", *codes]
    subprocess.run(command, cwd=CHECKOUT, env=environment(given), check=True, capture_output=True)


@contextmanager
def serving(given: Mapping[str, str], directory: Path, codes: int = 500) -> Iterator[Served]:
    """Make the database, serve the example with it, and end the server."""
    port = free_port()
    full = configured(given, port)
    django(full, "migrate", "--verbosity=0")
    names = [f"code-{number}-of-one-test-run" for number in range(codes)]
    fill(full, names)
    deployment = start(PLAN, directory, full, port)
    try:
        yield Served(deployment, full, names)
    finally:
        stop([deployment])
