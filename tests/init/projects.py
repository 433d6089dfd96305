"""A project in a directory of its own, and a reader who pastes what `init` prints."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.markdown import CHECKOUT


class Project:
    """What `startproject` writes, with this app in INSTALLED_APPS."""

    def __init__(self, directory: Path, *lines: str) -> None:
        foreign = ("DJANGO_SETTINGS_MODULE", "MCP_", "PYTHONPATH")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        self.directory = directory
        self.environment = {**inherited, "PYTHONPATH": str(CHECKOUT)}
        self.run("-m", "django", "startproject", "mysite", ".")
        self.add("mysite/settings.py", 'INSTALLED_APPS += ["mcp_oauth_discovery"]', *lines)

    def add(self, file: str, *lines: str) -> None:
        with (self.directory / file).open("a", encoding="utf-8") as opened:
            opened.write("\n".join(["", *lines, ""]))

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.directory,
            env={**self.environment, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def init(self) -> str:
        return self.run("manage.py", "mcp_discovery", "init")

    def files(self) -> dict[str, bytes]:
        paths = sorted(path for path in self.directory.rglob("*") if path.is_file())
        return {str(path.relative_to(self.directory)): path.read_bytes() for path in paths}

    def paste(self, output: str) -> None:
        """Follow the numbered steps: paste the code, and type the commands."""
        for heading, text in re.findall(
            r"^\d+\. ([^\n]+):\n(.+?)(?=^\d+\. |^Then )", output, re.M | re.S
        ):
            code = textwrap.dedent(text.partition("\n\n")[2])
            if heading == "In a terminal":
                for line in code.strip().splitlines():
                    python, *arguments = shlex.split(line)
                    assert python == "python"
                    self.run(*arguments)
            else:
                self.add(heading.removeprefix("At the end of "), code)


COMPLETE = (
    "Everything is in place.\nNext, check it as clients do: python manage.py mcp_discovery check\n"
)
