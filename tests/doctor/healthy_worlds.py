"""Healthy sites in other forms: at other URLs, or with a change that no client minds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.doctor.world import ENDPOINT, ORIGIN, PRM, World

WELL_KNOWN = "/.well-known/oauth-protected-resource"


class Moved(World):
    """A healthy site at other URLs; it is changed by the URLs of a usual one."""

    def __init__(self, endpoint: str, origin: str = ORIGIN, prm: str = "") -> None:
        super().__init__()
        path = endpoint.removeprefix(origin)
        self.places = {
            PRM: prm or f"{origin}{WELL_KNOWN}{path.rstrip('/')}",
            ENDPOINT: endpoint,
            ORIGIN: origin,
        }

    def send(self, method, url, headers=(), body=b"") -> Any:
        usual = next((old for old, new in self.places.items() if url == new), None)
        if usual is None:
            usual = url.replace(self.places[ORIGIN], ORIGIN)
        answer = super().send(method, usual, headers, body)
        fields = tuple((name, self._moved(value)) for name, value in answer.headers)
        content = self._moved(answer.body.decode()).encode()
        return replace(answer, url=url, headers=fields, body=content)

    def _moved(self, text: str) -> str:
        """Return a text of the usual site with the URLs of this one."""
        names = "|".join(f"{re.escape(old)}(?![\\w-])" for old in self.places)
        return re.sub(names, lambda match: self.places[match[0]], text)


@dataclass(frozen=True)
class Variant:
    """A healthy site, the URL of its endpoint, and what is worth knowing about it."""

    name: str
    build: Callable[[], World]
    url: str = ENDPOINT
    notes: tuple[str, ...] = ()


VARIANTS: list[Variant] = []


def variant(url: str = ENDPOINT, notes: tuple[str, ...] = ()):
    """Add a world to the variants; its name is that of the function."""

    def add(build: Callable[[], World]) -> Callable[[], World]:
        VARIANTS.append(Variant(build.__name__, build, url, notes))
        return build

    return add


def changed(url: str = ENDPOINT, notes: tuple[str, ...] = ()):
    """Add the usual world with a change to the variants."""

    def add(change: Callable[[World], Any]) -> Callable[[World], Any]:
        def build() -> World:
            world = World()
            change(world)
            return world

        VARIANTS.append(Variant(change.__name__, build, url, notes))
        return change

    return add


def underscored(headers: dict[str, str]) -> dict[str, str]:
    """Return headers as `World.reply` takes them."""
    return {name.replace("-", "_"): value for name, value in headers.items()}
