"""Faults planted in a healthy world: what is broken, and every code that has to be found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.doctor.world import ENDPOINT, World


class Fault(NamedTuple):
    """A way to break a world, and the codes of all that is found then; none if it is harmless.

    `shows` are texts that a finding has, as what was seen or in the advice. `cause` is the code
    that is read first, "" if the change is harmless.
    """

    name: str
    codes: tuple[str, ...]
    plant: Callable[[World], Any]
    url: str = ENDPOINT
    in_process: bool = False
    shows: tuple[str, ...] = ()
    cause: str = ""


FAULTS: list[Fault] = []


def planted(
    *codes: str, url: str = ENDPOINT, in_process: bool = False, shows: tuple[str, ...] = ()
):
    """Add a fault to the table; its name is that of the function.

    The first code is that of the cause, which comes first in the report; the others follow from it.
    """

    def add(plant: Callable[[World], Any]) -> Callable[[World], Any]:
        name, sorted_codes = plant.__name__, tuple(sorted(codes))
        cause = codes[0] if codes else ""
        FAULTS.append(Fault(name, sorted_codes, plant, url, in_process, shows, cause))
        return plant

    return add


def harmless(plant: Callable[[World], Any]) -> Callable[[World], Any]:
    """Add a change to the table that nobody stumbles over."""
    return planted()(plant)
