"""The challenges in the answers, as clients read them, and errors in their form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.language import gettext, said
from mcp_oauth_discovery.doctor.walk.acceptance import header_refusals
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.standards import www_authenticate
from mcp_oauth_discovery.standards.www_authenticate import Challenge

# The limit of Node.js for all headers together.
LONGEST_HEADER = 16 * 1024

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
# A value without the quotes that it needs, such as a URL.
_BARE = re.compile(r"=[ \t]*[^\s,\"]*[:/?@()\[\]{}<>;\\]")
# The parameters that clients read.
_READ = ("resource_metadata", "scope", "error")


class Malformation(NamedTuple):
    """An error in the form of a header, the clients that fail on it, and the fix.

    `fix` is "" if the usual fix of the finding applies.
    """

    problem: str
    clients: tuple[Client, ...]
    fix: str


def is_dpop(challenge: Challenge) -> bool:
    """Return whether the scheme is that of proofs of possession (RFC 9449 §7.1)."""
    return challenge.scheme.lower() == "dpop"


def is_readable(challenge: Challenge) -> bool:
    """Return whether there are clients that read the parameters of a challenge."""
    return challenge.is_bearer or is_dpop(challenge)


def named_metadata(walk: Walk) -> str | None:
    """Return the first metadata URL in the challenges, or None."""
    for challenge in walk.challenges:
        if "resource_metadata" in challenge.parameters:
            return challenge.parameters["resource_metadata"]
    return None


def challenges_of(exchange: Exchange | None) -> list[Challenge]:
    """Return the challenges of an answer that clients can read."""
    lines = _lines(exchange)
    if _length(lines) > LONGEST_HEADER:
        return []
    try:
        return www_authenticate.parse_repeated(*lines)
    except ValueError:
        return [challenge for challenge in map(_as_clients_read, lines) if challenge]


def bearer_of(exchange: Exchange | None) -> Challenge | None:
    """Return the first Bearer challenge of an answer, or None."""
    bearers = (challenge for challenge in challenges_of(exchange) if challenge.is_bearer)
    return next(bearers, None)


def malformation(exchange: Exchange) -> Malformation | None:
    """Return the error in the form of the challenges, apart from repeated parameters."""
    lines = _lines(exchange)
    if (length := _length(lines)) > LONGEST_HEADER:
        text = gettext("%(count)d characters, of which Node.js reads %(most)d at most")
        problem = text % {"count": length, "most": LONGEST_HEADER}
        fix = gettext("Shorten the WWW-Authenticate header.")
        return Malformation(problem, (Client.TYPESCRIPT,), fix)
    try:
        www_authenticate.parse_repeated(*lines)
    except ValueError as error:
        unquoted = _QUOTED.sub('""', ", ".join(lines))
        if _BARE.search(unquoted):
            fix = ""
        elif unquoted.count('"') % 2:
            fix = gettext("Close the quotes in the WWW-Authenticate header.")
        else:
            fix = gettext(
                "Write each parameter of the challenge as name=value, separated with commas."
            )
        return Malformation(said(error), tuple(header_refusals(lines)), fix)
    return None


def challenges_of_walk(walk: Walk) -> list[Challenge]:
    """Return the challenges of the POST, or those of the GET if the POST has none."""
    return challenges_of(walk.post) or challenges_of(walk.get)


def _lines(exchange: Exchange | None) -> list[str]:
    return exchange.answer.all("www-authenticate") if exchange and exchange.answer else []


def _length(lines: Iterable[str]) -> int:
    return sum(map(len, lines))


def _as_clients_read(line: str) -> Challenge | None:
    """Return a malformed Bearer challenge with the parameters that the SDKs can still read."""
    scheme, _, rest = line.strip().partition(" ")
    if scheme.lower() != "bearer":
        return None
    matches = {name: re.search(rf'{name}=(?:"([^"]+)"|([^\s,]+))', rest) for name in _READ}
    parameters = {name: match[1] or match[2] for name, match in matches.items() if match}
    return Challenge(scheme, parameters, text=line) if parameters else None
