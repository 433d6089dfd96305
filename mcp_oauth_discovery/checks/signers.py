"""The code of this project that signs tokens with `sign_jwt`."""

from __future__ import annotations

import inspect
import re
import sys
from contextlib import suppress
from types import ModuleType

from django.urls import get_resolver

import mcp_oauth_discovery
from mcp_oauth_discovery import signing
from mcp_oauth_discovery.checks.routes import urlconfs
from mcp_oauth_discovery.signing import sign, sign_jwt

# Modules through which code reaches the function without a name of its own for it.
_DOORS = (mcp_oauth_discovery, signing, sign)
_CALL = re.compile(r"\bsign_jwt\b")


def callers() -> list[str]:
    """Return the names of the loaded modules outside this package that use `sign_jwt`.

    Tests are no part of what signs. Imports inside functions are not seen.
    """
    _load_views()
    # Another thread may import a module meanwhile.
    loaded = list(sys.modules.items())
    modules = [(name, module) for name, module in loaded if _is_outside(name)]
    return sorted(name for name, module in modules if _uses(module))


def _load_views() -> None:
    """Import the URLconfs, and so the views: a command may start without them."""
    for urlconf in urlconfs():
        # A module that cannot be imported fails elsewhere, with the reason.
        with suppress(Exception):
            get_resolver(urlconf).urlconf_module  # noqa: B018 - reading it imports the module


def _is_outside(name: str) -> bool:
    parts = name.split(".")
    tests = [part for part in parts if part in ("test", "tests", "conftest")]
    return parts[0] != mcp_oauth_discovery.__name__ and not (tests or parts[-1][:5] == "test_")


def _uses(module: ModuleType) -> bool:
    # Some libraries put other objects into `sys.modules`.
    values = list(getattr(module, "__dict__", {}).values())
    if any(value is sign_jwt for value in values):
        return True
    if not any(value is door for value in values for door in _DOORS):
        return False
    try:
        return _CALL.search(inspect.getsource(module)) is not None
    except (OSError, TypeError):
        # There is no source, as in an archive of compiled modules.
        return False
