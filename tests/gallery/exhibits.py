"""What an exhibit is: how it is served, what is wrong with it, and what the doctor has to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# A server that has its exhibits in one process, or a process for each.
ASGI, DJANGO = "asgi", "django"


@dataclass(frozen=True)
class Exhibit:
    """A deployment; `codes` are all that is found there, but for the passes, and none if healthy.

    `build` makes what is served at an origin: an ASGI application, or a `Project` of Django.
    `block` is what nginx does in front of it, if it is behind nginx: then its origin is
    https, at the name of the exhibit below example.com. `says` are words of the findings, and
    `remarks` codes of what is found and nothing to mend.
    """

    name: str
    kind: str
    build: Callable[[str], Any]
    codes: tuple[str, ...] = ()
    path: str = "/mcp"
    block: str = ""
    scheme: str = "https"
    options: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The name of an exhibit behind nginx."""
        return f"{self.name.replace('_', '-')}.example.com"


EXHIBITS: dict[str, Exhibit] = {}


def show(exhibit: Exhibit) -> None:
    """Add an exhibit; its name is its own."""
    assert exhibit.name not in EXHIBITS, exhibit.name
    EXHIBITS[exhibit.name] = exhibit
