"""Every code that the doctor knows, in the order of the walk: one row each, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcp_oauth_discovery.doctor.catalogue import (
    answers,
    around,
    elsewhere,
    endpoint,
    keys,
    metadata,
)
from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Group, Severity
from mcp_oauth_discovery.doctor.printing import shortened

GROUPS: tuple[Group, ...] = (
    answers.REACH,
    answers.ANSWERS,
    answers.DOCUMENTS,
    endpoint.ENDPOINT,
    endpoint.CHALLENGE,
    metadata.PROTECTED_RESOURCE,
    metadata.AUTHORIZATION_SERVER,
    around.OAUTH_ENDPOINTS,
    keys.JWKS,
    keys.SIGNED,
    around.CORS,
    around.CACHING,
    around.HOSTS,
    around.SUFFIXES,
    around.LOAD,
    around.CHECK,
)

ENTRIES: dict[str, Entry] = {entry.code: entry for group in GROUPS for entry in group.entries}
GROUP_OF: dict[str, Group] = {entry.code: group for group in GROUPS for entry in group.entries}


def finding(
    code: str,
    subject: str,
    seen: str = "",
    *,
    expected: str = "",
    section: str = "",
    severity: Severity | None = None,
    clients: tuple[Client, ...] | None = None,
    fix: str = "",
) -> Finding:
    """Return the finding of a code; what is not given is what the catalogue says."""
    entry = ENTRIES[code]
    return Finding(
        code,
        severity or entry.severity,
        shortened(subject),
        seen or entry.seen,
        expected or entry.expected,
        section or entry.section,
        entry.clients if clients is None else clients,
        fix or entry.fix,
    )


def correcting(code: str, parts: Sequence[str]) -> str:
    """Return the fix of a code for a URL in which these parts are wrong.

    The fix of the catalogue already covers the scheme and the spelling.
    """
    usual = ENTRIES[code].fix
    is_usual = list(parts) in ([], ["scheme"])
    return usual if is_usual else f"Correct the {' and the '.join(parts)}. {usual}"


def beside_django(one: Finding) -> Finding:
    """Return a finding with the fix for a site without Django.

    If a rule added words to the fix of the catalogue, or replaced it, its words stay.
    """
    usual = ENTRIES[one.code].fix
    return replace(one, fix=one.fix.replace(usual, elsewhere.FIXES.get(one.code, usual)))


def passed(group: Group, subject: str) -> Finding:
    """Return the finding that nothing was found in a step."""
    return Finding(f"{group.name}-ok", Severity.PASS, subject, group.holds, "", "", (), "")
