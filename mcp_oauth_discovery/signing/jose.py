"""JOSE as this site uses it: its algorithms only, and strict JSON (RFC 7515, RFC 8725)."""

from __future__ import annotations

import json
from typing import Any

from joserfc import jws

from mcp_oauth_discovery.keys.algorithms import ALGORITHMS


class StrictJSON(json.JSONEncoder):
    """JSON without NaN and Infinity, which Python writes and other programs cannot read."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "allow_nan": False})


class Registry(jws.JWSRegistry):
    """The algorithms of this package only."""

    algorithms = {name: facts.signature for name, facts in ALGORITHMS.items()}


# Each of these registries allows one algorithm only.
REGISTRIES = {name: Registry(algorithms=[name]) for name in ALGORITHMS}


def check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}; expected a string.")
    if not value:
        raise ValueError(f"{name} is empty; expected a string that is not empty.")
