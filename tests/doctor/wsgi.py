"""An application with something around Django."""

from __future__ import annotations


def application(environ, start_response):
    start_response("200 OK", [("X-Around", "yes")])
    return [b""]
