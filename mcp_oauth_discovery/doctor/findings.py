"""What the doctor says: one finding per fault, each made of a row of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mcp_oauth_discovery.doctor.clients import Client, named


class Severity(str, Enum):
    """How bad it is; the names are those of `--json`."""

    CRITICAL = "critical"  # a secret is out, or a stranger can put words into this site's mouth
    ERROR = "error"  # a client stops, or whoever keeps to the standard may
    WARNING = "warning"  # a client may stop, or something breaks later
    INFO = "info"  # worth knowing; nothing to mend
    PASS = "pass"  # noqa: S105 - a step in which nothing was found


def whom(clients: tuple[Client, ...], severity: Severity) -> str:
    """Return whom a finding stops, as a sentence has it."""
    if clients or severity is not Severity.ERROR:
        return named(clients)
    return "none is known to stop, but whoever keeps to the section may"


@dataclass(frozen=True)
class Entry:
    """A row of the catalogue: what is always true of the findings of one code."""

    code: str
    severity: Severity
    seen: str
    expected: str
    section: str
    clients: tuple[Client, ...]
    fix: str


@dataclass(frozen=True)
class Group:
    """A step of the walk: its name, what holds if it passes, and what can be found in it."""

    name: str
    title: str
    holds: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Finding:
    """One fault, at one place; `subject` is the URL that it is about."""

    code: str
    severity: Severity
    subject: str
    seen: str
    expected: str
    section: str
    clients: tuple[Client, ...]
    fix: str
