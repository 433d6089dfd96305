"""Read and check the arguments of the doctor."""

from __future__ import annotations

from collections.abc import Iterable

from mcp_oauth_discovery.doctor.examination import Selection, unknown
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.steps import STEPS
from mcp_oauth_discovery.standards.authorization import read_bearer
from mcp_oauth_discovery.standards.identifiers import check_resource, origin
from mcp_oauth_discovery.standards.token_parts import Parts, read_parts


def checked_seconds(value: float) -> float:
    """Return a time limit; raise `ValueError` if it makes no sense."""
    if not 0 < value < 3600:
        raise ValueError(f"{value!r} is not a number of seconds above 0 and below 3600")
    return value


def selection(only: Iterable[str], skip: Iterable[str]) -> Selection:
    """Return the selection of codes and groups; raise `ValueError` for unknown ones."""
    chosen = frozenset(only), frozenset(skip)
    if names := unknown(chosen[0] | chosen[1]):
        groups = ", ".join(step.name for step in STEPS)
        raise ValueError(f"Unknown code or group: {', '.join(names)}. The groups are {groups}.")
    return Selection(*chosen)


def checked_origin(url: str) -> str:
    """Return an origin without a final slash."""
    if not origin(url) or url.rstrip("/").count("/") != 2:
        raise ValueError(f"{visible(url)} is not an origin such as https://app.example.com.")
    return url.rstrip("/")


def checked_token(token: str) -> Parts:
    """Return the parts of a token; the `ValueError` for an impossible one does not repeat it."""
    try:
        read_bearer(f"Bearer {token}")
    except ValueError:
        raise ValueError("The token has characters that no token has.") from None
    return read_parts(token)


def checked_endpoint(url: str) -> str:
    """Return the URL of an MCP endpoint; plain http is allowed."""
    try:
        check_resource(f"https{url[4:]}" if url.startswith("http:") else url)
    except ValueError as error:
        message = f"{visible(url)} is not the URL of an MCP endpoint: {error}."
        raise ValueError(visible(message)) from error
    return url
