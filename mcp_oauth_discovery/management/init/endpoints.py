"""What is at the path of the MCP endpoint, and what has to be written there."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from inspect import isclass, isfunction
from pathlib import Path
from typing import Any, NamedTuple

from mcp_oauth_discovery.checks.guards import guards
from mcp_oauth_discovery.checks.routes import routes, view_at, with_other_slash
from mcp_oauth_discovery.conf import project_setting
from mcp_oauth_discovery.management.init.files import file_of, shown_path, urls_file
from mcp_oauth_discovery.management.init.project import Endpoint

# Packages with an MCP server that have a page, the most specific ones first: fastmcp requires mcp.
_PACKAGES = {
    "django-mcpz": "integrations/django-mcpz",
    "django-mcp-server": "integrations/django-mcp-server",
    "djangorestframework-mcp-server": "integrations/djangorestframework-mcp-server",
    "fastmcp": "integrations/fastmcp",
    "mcp": "integrations/mcp-sdk",
}
# Folders of installed packages, and of the standard library.
_INSTALLED = {"site-packages", "dist-packages"}


class FoundEndpoint(NamedTuple):
    """What is at the MCP endpoint, the name of the view, and the file for its protection."""

    endpoint: Endpoint
    view: str = ""
    file: str = ""


def find_endpoint(path: str) -> FoundEndpoint:
    """Return what is at a path."""
    if any(guards(route.view) for route in routes()):
        return FoundEndpoint(Endpoint.PROTECTED)
    view = view_at(path) or view_at(with_other_slash(path))
    if view is not None:
        return _unprotected(view)
    if file := _asgi_file(path):
        return FoundEndpoint(Endpoint.IN_ASGI, file=file)
    return FoundEndpoint(Endpoint.MISSING)


def _unprotected(view: Any) -> FoundEndpoint:
    # `as_view` of Django, and of Django REST framework.
    shown = getattr(view, "view_class", None) or getattr(view, "cls", view)
    named = shown if isclass(shown) or isfunction(shown) else type(shown)
    file = file_of(sys.modules.get(named.__module__))
    if named is not shown or _INSTALLED & set(Path(file).parts):
        endpoint, file = Endpoint.FOREIGN, urls_file()
    elif hasattr(shown, "authentication_classes"):
        endpoint = Endpoint.REST_FRAMEWORK
    else:
        endpoint = Endpoint.CLASS if isclass(shown) else Endpoint.FUNCTION
    # @api_view makes a class with the name of the function.
    return FoundEndpoint(endpoint, f"{named.__module__}.{named.__name__}", file)


def _asgi_file(path: str) -> str:
    """Return the file of the ASGI application if it has the path, for a server that it mounts."""
    application = project_setting("ASGI_APPLICATION", "") or project_setting("WSGI_APPLICATION", "")
    package = str(application).rpartition(".")[0].rpartition(".")[0]
    with suppress(ImportError, OSError, ValueError):
        spec = find_spec(f"{package}.asgi")
        if spec is not None and spec.origin is not None:
            text = Path(spec.origin).read_text(encoding="utf-8")
            if re.search(rf"[\"']{re.escape(path)}/?[\"']", text):
                return shown_path(Path(spec.origin))
    return ""


def mcp_package() -> tuple[str, str] | None:
    """Return an installed package with an MCP server, and the page about it."""
    for name, page in _PACKAGES.items():
        # By distribution: a project may have a module `mcp` of its own.
        with suppress(PackageNotFoundError):
            version(name)
            return name, page
    return None
