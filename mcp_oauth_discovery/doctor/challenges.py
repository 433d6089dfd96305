"""The challenges of the answers, as far as they can be read."""

from __future__ import annotations

from mcp_oauth_discovery import www_authenticate
from mcp_oauth_discovery.doctor.observations import Exchange, Walk
from mcp_oauth_discovery.www_authenticate import Challenge

# What Node.js has room for, in all headers together.
LONGEST_HEADER = 16 * 1024


def named_metadata(walk: Walk) -> str | None:
    """Return the URL of the metadata that the challenges name."""
    for challenge in walk.challenges:
        if "resource_metadata" in challenge.parameters:
            return challenge.parameters["resource_metadata"]
    return None


def challenges_of(exchange: Exchange | None) -> list[Challenge]:
    """Return the challenges of an answer; raises `ValueError` if they cannot be read."""
    lines = exchange.answer.all("www-authenticate") if exchange and exchange.answer else []
    if (length := sum(map(len, lines))) > LONGEST_HEADER:
        raise ValueError(f"{length} characters, of which Node.js reads {LONGEST_HEADER} at most")
    return www_authenticate.parse(*lines)


def challenges_of_walk(walk: Walk) -> list[Challenge]:
    """Return the challenges of the POST, or of the GET where the POST has none."""
    for exchange in (walk.post, walk.get):
        try:
            if found := challenges_of(exchange):
                return found
        except ValueError:
            continue
    return []
