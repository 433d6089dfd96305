"""Starts processes that change the key store of this one, and keeps that store where all see it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from django.db import connection, connections

from tests.databases.sessions import end_sessions

ROOT = Path(__file__).parents[2]


class Store:
    """The database that the tests run on; for SQLite a file, for memory is nobody else's."""

    def __init__(self, directory, algorithms, interval):
        self.directory, self.algorithms = directory, algorithms
        self.file = directory / "keys.sqlite3" if connection.vendor == "sqlite" else None
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "tests.databases.settings",
            "MCP_TEST_ALGORITHMS": " ".join(algorithms),
            "MCP_TEST_INTERVAL": str(interval.days),
            "MCP_TEST_DATABASE_URL": self._url(),
        }
        if self.file:
            self.run("migrate", "--verbosity=0")

    def _url(self):
        if self.file:
            return f"sqlite:///{self.file}"
        # Not the database that was configured, but the one that was made for the tests.
        server, _, _ = os.environ["MCP_TEST_DATABASE_URL"].rpartition("/")
        return f"{server}/{connection.settings_dict['NAME']}"

    def command(self, *arguments):
        return [sys.executable, "-m", "django", *arguments]

    @property
    def where(self):
        return {"cwd": ROOT, "env": self.environment}

    def run(self, *arguments):
        """Run a management command in a process of its own."""
        subprocess.run(self.command(*arguments), check=True, **self.where)

    @contextmanager
    def in_use(self):
        """Let this process, too, work on the store, which is empty at first."""
        memory = connections["default"]
        if self.file:
            options = {**memory.settings_dict, "NAME": str(self.file)}
            connections["default"] = type(memory)(options, "default")
        try:
            _clear()
            yield
        finally:
            if self.file:
                connections["default"].close()
                connections["default"] = memory


def _clear():
    # The models are there only after django.setup().
    from mcp_oauth_discovery.models import FormerKey, SigningKey

    SigningKey.objects.all().delete()
    FormerKey.objects.all().delete()


class Crew:
    """Worker processes that begin each task together."""

    def __init__(self, store, size, stack):
        self.store = store
        self.logs = [store.directory / f"stderr-{number}" for number in range(size)]
        self.processes = [self._start(log, stack) for log in self.logs]
        stack.callback(self._dismiss)

    def _start(self, log, stack):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.databases.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stack.enter_context(log.open("w")),
            text=True,
            **self.store.where,
        )
        return stack.enter_context(process)

    def _dismiss(self):
        # All of them before any is waited for: a worker ends with its input.
        for process in self.processes:
            process.stdin.close()

    def run(self, *commands, algorithms=None):
        """Have a new process each run the arguments of an `mcp_keys`; return the answers."""
        algorithms = algorithms or self.store.algorithms
        return self._ask([{"arguments": one, "algorithms": algorithms} for one in commands])

    def risk(self, die, call, now, **arguments):
        """Have a process call `rotation.<call>` that is killed at a statement; say if it was."""
        task = {"die": die, "call": call, "arguments": arguments, "now": now.isoformat()}
        (answer,) = self._ask([task])
        return answer["was_killed"]

    def rehearse(self, call, now, **arguments):
        """Have a process call `rotation.<call>` unharmed; return the names of its statements."""
        task = {"die": (0, True), "call": call, "arguments": arguments, "now": now.isoformat()}
        (answer,) = self._ask([task])
        return answer["statements"]

    def _ask(self, tasks):
        asked = self.processes[: len(tasks)]
        for process, task in zip(asked, tasks, strict=True):
            self._tell(process, task)
        # Once all have read their task, all begin.
        assert self._hear(asked) == ["ready"] * len(tasks)
        for process in asked:
            self._tell(process, "go")
        return self._hear(asked)

    def _tell(self, process, what):
        process.stdin.write(json.dumps(what) + "\n")
        process.stdin.flush()

    def _hear(self, processes):
        lines = [process.stdout.readline() for process in processes]
        assert all(lines), self.stderr()
        return [json.loads(line) for line in lines]

    def stderr(self):
        return "".join(log.read_text() for log in self.logs)


@contextmanager
def crew_of(size, directory, algorithms, interval=timedelta(days=90)):
    """Start workers on a store of their own; they end with the block."""
    with ExitStack() as stack:
        stack.callback(end_sessions)
        yield Crew(Store(directory, algorithms, interval), size, stack)
