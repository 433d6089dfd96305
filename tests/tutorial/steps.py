"""What a page has its reader do, in its order: write a file, or type commands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.markdown import fences

ADDRESS = "127.0.0.1:8000"
_FILE = re.compile(r"# ([\w/]+\.py)\n")
# How the sentence before a file says what to do with it.
_WHOLE = re.compile(r"\b(Create|Replace)\b")
_ADDED = re.compile(r"\b(at|to) the end of\b")


@dataclass(frozen=True)
class File:
    name: str
    code: str
    is_added: bool


@dataclass(frozen=True)
class Command:
    line: str


Step = File | Command


def steps(text: str) -> list[Step]:
    """Return the files and the commands of a text. Every block of Python is a file."""
    found: list[Step] = []
    for introduction, language, block in fences(text):
        if language == "console":
            found += [Command(line) for line in block.replace("\\\n", " ").splitlines()]
        elif language == "python":
            named = _FILE.match(block)
            assert named, f"This block does not begin with the name of its file:\n{block}"
            is_added = bool(_ADDED.search(introduction))
            assert is_added != bool(_WHOLE.search(introduction)), introduction
            found.append(File(named[1], block, is_added))
    return found


def commands(text: str) -> list[str]:
    return [step.line for step in steps(text) if isinstance(step, Command)]


def around(found: list[Step], name: str) -> tuple[list[Step], Command, list[Step]]:
    """Split the steps at the command that serves. What comes after it needs another terminal."""
    [server] = [step for step in found if isinstance(step, Command) and name in step.line]
    place = found.index(server)
    return found[:place], server, found[place + 1 :]


def at(address: str, text: str) -> str:
    """Return a page with another port for its site. `runserver` alone would take the usual one."""
    moved = text.replace(ADDRESS, address)
    return re.sub(r"(manage\.py runserver)$", rf"\1 {address}", moved, flags=re.M)
