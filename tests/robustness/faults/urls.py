"""The example, a view that stops in the middle of a rotation, and one that names its package."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

import mcp_oauth_discovery
from mcp_oauth_discovery import rotation


def rotate(request: HttpRequest) -> HttpResponse:
    """Begin a rotation, and sleep between its UPDATE and its INSERT."""

    def sleep(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("INSERT"):
            Path(os.environ["MCP_TEST_SLEEPER"]).write_text(f"{os.getpid()}\n")
            time.sleep(3600)
        return execute(sql, *arguments)

    with connection.execute_wrapper(sleep):
        rotation.rotate("EdDSA")
    return HttpResponse()


def package(request: HttpRequest) -> HttpResponse:
    """Return the file of the package that serves this request."""
    return HttpResponse(mcp_oauth_discovery.__file__)


urlpatterns = [
    path("", include("example_project.urls")),
    path("rotate", rotate),
    path("package", package),
]
