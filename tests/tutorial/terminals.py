"""Terminals in which the commands of a page are typed, one after another."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.deprecations import LENIENT, STRICT

PATIENCE = 300
NEWEST = ("python3.14", "python3.13", "python3.12")
_FOREIGN = ("DJANGO_SETTINGS_MODULE", "MCP_", "PYTHONPATH", "VIRTUAL_ENV")
# The shell writes what it exports at last, for the next command of the terminal.
_SHELL = '{ %s\n} 2>&1; status=$?; env -0 >"$EXPORTED"; exit $status'


class Terminal:
    """A shell in a folder. It keeps what a command exports, such as a virtual environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)

    def run(self, line: str, typed: Mapping[str, str] | None = None) -> str:
        """Run a command to its end; `typed` has the answer to each of its prompts."""
        exported = self.folder.with_name(f"{self.folder.name}.exported")
        command = ["bash", "-c", _SHELL % line]
        environment = {**self._environment(line), "EXPORTED": str(exported)}
        if typed is None:
            output, status = self._piped(command, environment)
        else:
            output, status = self._typed(command, environment, typed)
        assert status == 0, f"{line}\n{output}"
        lines = exported.read_bytes().decode().rstrip("\0").split("\0")
        self.environment = dict(variable.split("=", 1) for variable in lines)
        return output

    def start(self, line: str, log: Path) -> subprocess.Popen[bytes]:
        """Start a command that does not end, such as a server, in a session of its own."""
        with log.open("wb") as output:
            return subprocess.Popen(
                ["bash", "-c", f"exec {line}"],
                cwd=self.folder,
                env=self._environment(line) | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _environment(self, line: str) -> dict[str, str]:
        """Deprecations are errors in the project, but not in pip and in the client."""
        ours = line.startswith(("python manage.py", "gunicorn"))
        return {**self.environment, **(STRICT if ours else LENIENT)}

    def _piped(self, command: list[str], environment: dict[str, str]) -> tuple[str, int]:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.stdout + done.stderr, done.returncode

    def _typed(
        self, command: list[str], environment: dict[str, str], typed: Mapping[str, str]
    ) -> tuple[str, int]:
        ours, theirs = pty.openpty()
        channels = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
        process = subprocess.Popen(
            command, cwd=self.folder, env=environment, start_new_session=True, **channels
        )
        os.close(theirs)
        output = ""
        # When the process has ended, Linux says so by an error.
        while chunk := _read(ours):
            output += chunk
            for prompt, answer in typed.items():
                if output.endswith(prompt):
                    os.write(ours, f"{answer}\n".encode())
        os.close(ours)
        return output, process.wait(timeout=PATIENCE)


def _read(descriptor: int) -> str:
    try:
        return os.read(descriptor, 1024).decode()
    except OSError:
        return ""


def newest_python() -> Path:
    """Return the newest Python of this machine that is not older than that of the tests."""
    folders = [str(folder) for folder in Path.home().glob(".pyenv/versions/3.1*/bin")]
    path = os.pathsep.join([*folders, os.environ["PATH"]])
    for name in NEWEST:
        found = shutil.which(name, path=path)
        if found and sys.version_info < (3, int(name.rpartition(".")[2])):
            return Path(found)
    return Path(sys.executable)


def new_environment(python: Path, home: Path) -> dict[str, str]:
    """Return the variables of a new terminal, in which `python3` is this Python."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    programs = home / "bin"
    programs.mkdir()
    (programs / "python3").symlink_to(python)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    # A browser that opens nothing: the tests open the page that a program prints.
    return {**kept, "PATH": path, "HOME": str(home), "BROWSER": "true"}
