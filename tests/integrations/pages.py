"""What a page of `docs/integrations/` tells its reader to do: install, write, run, ask."""

from __future__ import annotations

import argparse
import configparser
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from string import Template

from tests.markdown import CHECKOUT, blocks, read

FOLDER = CHECKOUT / "docs" / "integrations"
PACKAGE = "django-mcp-oauth-discovery"
_FILE = re.compile(r"(# |<!-- )(?P<name>[\w/]+\.\w+)( -->)?\n")


@dataclass(frozen=True)
class Curl:
    """A request of a page, and the status that the comment beside it promises."""

    method: str
    url: str
    headers: dict[str, str]
    body: str | None
    status: int


@dataclass(frozen=True)
class Page:
    name: str
    text: str = field(repr=False)

    @property
    def files(self) -> dict[str, str]:
        """The blocks that are files of the project, by the name in their first line."""
        found: dict[str, str] = {}
        for block in [*blocks(self.text, "python"), *blocks(self.text, "html")]:
            named = _FILE.match(block)
            assert named, f"{self.name}: a block does not begin with the name of its file:\n{block}"
            assert named["name"] not in found, f"{self.name}: {named['name']} is there twice"
            found[named["name"]] = block
        return found

    @property
    def lines(self) -> list[str]:
        """The lines of the console blocks; one that ends in a backslash goes on in the next."""
        text = "".join(blocks(self.text, "console")).replace("\\\n", " ")
        return text.splitlines()

    @property
    def requirements(self) -> list[str]:
        """What its `pip install` installs, with our own extras written out."""
        told = [one for line in self._begin("pip install") for one in shlex.split(line)]
        return [requirement for one in told for requirement in _written_out(one)]

    @property
    def manage(self) -> list[list[str]]:
        """The arguments of each `python manage.py`, in their order."""
        return [shlex.split(line) for line in self._begin("python manage.py")]

    @property
    def curls(self) -> list[Curl]:
        return [parse_curl(line) for line in self._begin("curl")]

    def _begin(self, words: str) -> Iterator[str]:
        return (line.removeprefix(words) for line in self.lines if line.startswith(f"{words} "))


def page(name: str) -> Page:
    return Page(name, read(f"docs/integrations/{name}"))


def own_requirements(extra: str = "") -> list[str]:
    """Return what this package requires, or what one of its extras does."""
    parser = configparser.ConfigParser()
    parser.read(CHECKOUT / "setup.cfg")
    section, name = ("options.extras_require", extra) if extra else ("options", "install_requires")
    return parser[section][name].split()


def _written_out(requirement: str) -> list[str]:
    if not requirement.startswith(PACKAGE):
        return [requirement]
    extras = re.findall(r"\[(.+)\]", requirement)
    return [one for extra in extras for one in own_requirements(extra)]


def parse_curl(arguments: str, variables: Mapping[str, str] | None = None) -> Curl:
    """Return the request of a `curl`, with the shell variables of the page where it uses them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-i", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="body")
    parser.add_argument("url")
    command, _, comment = arguments.rpartition("#")
    words = [Template(word).safe_substitute(variables or {}) for word in shlex.split(command)]
    told = parser.parse_args(words)
    headers = dict(one.split(": ", 1) for one in told.headers)
    method = told.method or ("POST" if told.body else "GET")
    return Curl(method, told.url, headers, told.body, int(comment.split(",")[0]))
