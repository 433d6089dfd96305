"""Run as a module: waits at the ports of Django projects, and forks the one that is visited.

One import of Django is enough for all of them, and none shares its settings with another.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
from pathlib import Path

import django.core.wsgi  # noqa: F401 - imported before the fork, once for all

import mcp_oauth_discovery.keys.jwk  # noqa: F401
from tests.gallery import catalogue
from tests.gallery.exhibits import EXHIBITS
from tests.gallery.projects import open_project


def main(told: dict[str, tuple[int, str]], directory: Path) -> None:
    """Fork a server for each socket as soon as somebody knocks."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    catalogue.load()
    selector = selectors.DefaultSelector()
    for name, (number, origin) in told.items():
        listener = socket.socket(fileno=number)
        selector.register(listener, selectors.EVENT_READ, (name, origin))
    while True:
        for key, _ in selector.select():
            selector.unregister(key.fileobj)
            name, origin = key.data
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                project = EXHIBITS[name].build(origin)
                open_project(project, key.fileobj, directory / f"{name}.sqlite3")
                return


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), Path(sys.argv[2]))
