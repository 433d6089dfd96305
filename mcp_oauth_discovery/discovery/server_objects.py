"""Reads members of a server card from the server object of django-mcpz, the MCP SDK or FastMCP.

None of these has to be installed, so a server is recognised by its attributes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import partial
from inspect import unwrap
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin

from django.utils.module_loading import import_string

# The members of a card, and the attributes of the SDK and of FastMCP. django-mcpz has a dict with
# the names of the members. `instructions` are for models, so they are no description.
ATTRIBUTES: Mapping[str, str] = {
    "name": "name",
    "version": "version",
    "title": "title",
    "description": "description",
    "websiteUrl": "website_url",
    "icons": "icons",
}


def find_server(path: object) -> Any:
    """Return the server object at a dotted path; raises `ValueError` if there is none."""
    if not isinstance(path, str):
        kind = type(path).__name__
        raise ValueError(f"expected the dotted path of the server object, not {kind}")
    try:
        server = unwrap(import_string(path))
        is_found = is_server(server)
    except (Exception, SystemExit) as error:
        # While a module of the project is imported, it can raise anything.
        raise ValueError(f"the import raised {type(error).__name__}: {error}") from error
    if not is_found:
        kind = type(server).__name__
        raise ValueError(f"expected a server of django-mcpz, the MCP SDK or FastMCP, not {kind}")
    return server


def is_server(candidate: Any) -> bool:
    """Return whether an object has the attributes of an MCP server, and is not its class."""
    has_attributes = hasattr(candidate, "instructions") and hasattr(candidate, "icons")
    return has_attributes and not isinstance(candidate, type)


def server_member(server: Any, name: str, endpoint: str) -> Any:
    """Return the value that the project has set in a server for a member of its card, or None.

    It is unchecked. Raises `ValueError` if it cannot be read, or for an icon that has no URL.
    """
    try:
        value = _value(server, name)
        if not value or _is_default(server, name, value):
            return None
    except Exception as error:
        # A property of the project may raise anything.
        raise ValueError(f"reading it raised {type(error).__name__}: {error}") from error
    is_list_of_icons = name == "icons" and isinstance(value, (list, tuple))
    return [_icon(icon, endpoint) for icon in value] if is_list_of_icons else value


def _value(server: Any, name: str) -> Any:
    info = getattr(server, "server_info", None)
    if isinstance(info, Mapping) and name in info:
        return info[name]
    attribute = ATTRIBUTES[name]
    # In version 1 of the SDK, FastMCP has no version, but the server inside of it may have one.
    inner = getattr(server, "_mcp_server", None)
    return getattr(server, attribute, None) or getattr(inner, attribute, None)


def _icon(icon: Any, endpoint: str) -> Any:
    try:
        if hasattr(icon, "resolve"):
            # django-mcpz has a path on this site, and asks the request for the URL.
            request = SimpleNamespace(build_absolute_uri=partial(urljoin, endpoint))
            return icon.resolve(request)
        if hasattr(icon, "model_dump"):
            return icon.model_dump(mode="json", by_alias=True, exclude_none=True)
    except Exception as error:
        # The storage of the static files may be of any kind, or not know the file.
        kind = type(icon).__name__
        raise ValueError(f"an {kind} raised {type(error).__name__}: {error}") from error
    return icon


def _is_default(server: Any, name: str, value: Any) -> bool:
    """Return whether a value is from the framework, because the project has set none."""
    kind = type(server)
    if name == "version":
        # FastMCP has its own version there. The SDK has none.
        is_fastmcp = any(base.__module__.startswith("fastmcp.") for base in kind.__mro__)
        return is_fastmcp and value == getattr(sys.modules.get("fastmcp"), "__version__", None)
    names = rf"mcp-server|{re.escape(kind.__name__)}(?:-[0-9a-f]{{4}})?"
    return name == "name" and re.fullmatch(names, str(value)) is not None
