"""The date, the versions, the machine and the command of a run."""

from __future__ import annotations

import os
import platform
import re
import shlex
import subprocess
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.servers import program

PACKAGES = (
    "django",
    "django-mcp-oauth-discovery",
    "gunicorn",
    "uvicorn",
    "django-oauth-toolkit",
    "django-mcpz",
    "mcp",
    "fastmcp",
    "pyjwt",
    "joserfc",
    "cryptography",
)
# The option that prints the version of a program.
PROGRAMS = {"nginx": "-v", "wrk": "-v"}


def describe(arguments: list[str]) -> dict[str, str]:
    return {
        "Command": shlex.join(["python", "-m", "benchmarks", *arguments]),
        "Date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "Machine": f"{processor()}, {os.cpu_count()} cores, Linux {kernel()}",
        "Versions": ", ".join(versions()),
    }


def kernel() -> str:
    return platform.release().partition("-")[0]


def processor() -> str:
    names = re.findall(r"^model name\s*: (.+)", Path("/proc/cpuinfo").read_text(), re.M)
    return names[0] if names else platform.machine()


def versions() -> list[str]:
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found + [
        f"{name} {_version(path, name)}" for name in PROGRAMS if (path := program(name))
    ]


def _version(path: str, name: str) -> str:
    answer = subprocess.run([path, PROGRAMS[name]], capture_output=True, text=True, check=False)
    numbers = re.search(r"\d+(\.\d+)+", answer.stdout + answer.stderr)
    return numbers[0] if numbers else "of an unknown version"
