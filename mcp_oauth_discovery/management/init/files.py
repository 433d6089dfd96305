"""The files of a project, as `mcp_discovery init` prints them."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from importlib.util import resolve_name
from inspect import getsource
from pathlib import Path
from typing import Any

from mcp_oauth_discovery.conf import project_setting, root_urlconf


def settings_file() -> str:
    """Return the file of the settings module."""
    name = project_setting("SETTINGS_MODULE", "") or os.environ.get("DJANGO_SETTINGS_MODULE", "")
    return file_of(sys.modules.get(name)) or "settings.py"


def base_settings_file() -> str:
    """Return the first file of which the settings module imports every name, or ""."""
    name = project_setting("SETTINGS_MODULE", "") or os.environ.get("DJANGO_SETTINGS_MODULE", "")
    module = sys.modules.get(name)
    with suppress(OSError, TypeError, ImportError):
        imported = re.search(r"^from (\S+) import \*", getsource(module), re.M)  # type: ignore[arg-type]
        if imported:
            package = name if hasattr(module, "__path__") else name.rpartition(".")[0]
            return file_of(sys.modules.get(resolve_name(imported[1], package)))
    return ""


def urls_file() -> str:
    """Return the file of ROOT_URLCONF, or the name of the setting."""
    urlconf = root_urlconf()
    # Reading the routes has imported it.
    module = sys.modules.get(urlconf) if isinstance(urlconf, str) else urlconf
    return file_of(module) or "ROOT_URLCONF"


def file_of(module: Any) -> str:
    """Return the file of a module, or "" if it has none."""
    file = getattr(module, "__file__", None)
    return shown_path(Path(file)) if file else ""


def shown_path(path: Path) -> str:
    """Return a path from the current directory, if it is below it."""
    with suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
