"""A reader of a page: writes its files, types its commands, and serves its site."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.tutorial.steps import Command, Step
from tests.tutorial.terminals import Terminal

USER = "ada"
PASSWORD = "a password for one test run"
# What `createsuperuser` asks.
PROMPTS = {"Password: ": PASSWORD, "Password (again): ": PASSWORD}


@dataclass
class Reader:
    """Someone with a terminal, the address of their site, and what the commands have printed."""

    terminal: Terminal
    address: str
    printed: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """The output of the command that serves the site."""
        return self.terminal.folder.with_name(f"{self.address.partition(':')[2]}.log")

    def do(self, step: Step) -> None:
        if isinstance(step, Command):
            typed = PROMPTS if "createsuperuser" in step.line else None
            self.printed[step.line] = self.terminal.run(step.line, typed)
            return
        path = self.terminal.folder / step.name
        before = f"{path.read_text()}\n" if step.is_added else ""
        path.write_text(before + step.code)

    @contextmanager
    def serving(self, command: Command) -> Iterator[None]:
        """Run a command that serves, until the block ends."""
        process = self.terminal.start(command.line, self.log)
        try:
            assert _listens(process, self.address), self.log.read_text()
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_address() -> str:
    """Return an address for the site of a page: another test may use the port of the page."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def _listens(process: subprocess.Popen[bytes], address: str) -> bool:
    host, _, port = address.partition(":")
    for _ in range(600):
        if process.poll() is not None:
            return False
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return True
        time.sleep(0.1)
    return False
