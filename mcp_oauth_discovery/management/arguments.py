"""Read and check the arguments of `mcp_discovery`."""

from __future__ import annotations

import argparse
import math

from django.core.management.base import CommandError

from mcp_oauth_discovery.doctor.examination import Selection, unknown
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.steps import STEPS
from mcp_oauth_discovery.standards.identifiers import check_resource, origin


def seconds(text: str) -> float:
    """Return a time limit; raise the error of argparse if it makes no sense."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 3600:
        problem = f"{text!r} is not a number of seconds above 0 and below 3600"
        raise argparse.ArgumentTypeError(problem)
    return value


def selection(only: list[str], skip: list[str]) -> Selection:
    """Return the selection that `--only` and `--skip` make."""
    chosen = [
        frozenset(name.strip() for value in values for name in value.split(",") if name.strip())
        for values in (only, skip)
    ]
    if names := unknown(chosen[0] | chosen[1]):
        groups = ", ".join(step.name for step in STEPS)
        raise CommandError(f"Unknown code or group: {', '.join(names)}. The groups are {groups}.")
    return Selection(*chosen)


def checked_origin(url: str) -> str:
    """Return an origin without a final slash."""
    if not origin(url) or url.rstrip("/").count("/") != 2:
        raise CommandError(f"{visible(url)} is not an origin such as https://app.example.com.")
    return url.rstrip("/")


def checked_endpoint(url: str) -> str:
    """Return the URL of an MCP endpoint; plain http is allowed."""
    try:
        check_resource(f"https{url[4:]}" if url.startswith("http:") else url)
    except ValueError as error:
        message = f"{visible(url)} is not the URL of an MCP endpoint: {error}."
        raise CommandError(visible(message)) from error
    return url
