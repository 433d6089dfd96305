"""What the doctor reports: an entry describes a code, a finding is a problem at a URL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from mcp_oauth_discovery.doctor.clients import Client, named
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.printing import shortened
from mcp_oauth_discovery.doctor.walk.acceptance import in_words
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.probes import Probe

_DOCUMENTATION = "https://mcp-oauth-discovery.readthedocs.io/en/latest"


class Severity(str, Enum):
    """How bad it is; the names are those of `--json`."""

    CRITICAL = "critical"  # a secret is public, or an attacker can get in, or publish as this site
    ERROR = "error"  # a client stops, or a strict one may
    WARNING = "warning"  # a client may stop, or something breaks later
    INFO = "info"  # worth knowing; nothing to fix
    PASS = "pass"  # noqa: S105 - a step without problems


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The description of a code: the defaults of its findings, which a rule may replace.

    Its texts are in English. `finding` translates them.
    """

    code: str
    severity: Severity
    seen: str
    expected: str
    section: str
    clients: tuple[Client, ...] = ()
    fix: str
    # For a Django site; "" if `fix` fits there as well.
    django_fix: str = ""
    # The codes and groups whose findings are consequences of this one.
    explains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """A problem, or a pass; `subject` is the URL that it is about.

    `code` is stable. `seen` is what the server sent, `expected` what it should send, and `section`
    where a standard says so. `clients` are those that it stops. `fix` is for every server, and
    `django_fix` for a project with this app.

    It `explains` the findings of some codes and groups. `at`, if there is one, is the only origin
    whose findings it explains.
    """

    code: str
    severity: Severity
    subject: str
    seen: str
    expected: str
    section: str
    clients: tuple[Client, ...]
    fix: str
    django_fix: str = ""
    explains: tuple[str, ...] = ()
    at: str = ""


@dataclass(frozen=True)
class Skipped:
    """A step that was not reached, and why."""

    step: str
    title: str
    reason: str


Rule = Callable[[Walk], Iterable[Finding]]


def _never(walk: Walk) -> bool:
    return False


def _unknown(walk: Walk) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of the check: its codes, its rules, and when it passes.

    `title`, `holds` and `lacks` are in English.
    """

    name: str
    title: str
    # What is true if the step passes.
    holds: str
    entries: tuple[Entry, ...]
    rules: tuple[Rule, ...]
    # Whether enough was observed for a step without findings to pass.
    can_pass: Callable[[Walk], bool]
    # What is true if the site does without the subject of the step, and whether it does.
    lacks: str = ""
    is_absent: Callable[[Walk], bool] = _never
    # Why the step was not reached, if it neither passes nor finds anything; "" for no reason of
    # its own.
    skipped: Callable[[Walk], str] = _unknown
    # The requests beyond the documents that only this step needs.
    probes: tuple[Probe, ...] = ()
    # Whether the rules judge every answer. Faults of an answer that no client needs are not errors.
    is_about_answers: bool = False


def finding(
    entry: Entry,
    subject: str,
    seen: str = "",
    *,
    expected: str = "",
    clients: tuple[Client, ...] | None = None,
    fix: str = "",
    correction: str = "",
    at: str = "",
) -> Finding:
    """Return a finding of a code; arguments that are left out come from the entry, translated.

    `fix` replaces both fixes of the entry, and `correction` is written before them. `at` is the
    origin whose findings this one explains, "" for any.
    """
    django_fix = "" if fix else gettext(entry.django_fix)
    return Finding(
        entry.code,
        entry.severity,
        shortened(subject),
        seen or gettext(entry.seen),
        expected or gettext(entry.expected),
        entry.section,
        entry.clients if clients is None else clients,
        f"{correction}{fix or gettext(entry.fix)}",
        f"{correction}{django_fix}" if django_fix else "",
        entry.explains,
        at,
    )


def correcting(parts: Sequence[str], name: str, other: str = "") -> str:
    """Return a sentence to write before a fix, which says what parts of a named URL to correct.

    It may be one of two. The fix of the entry already covers the scheme and the spelling.
    """
    if list(parts) in ([], ["scheme"]):
        return ""
    sentence = gettext("Correct the %(parts)s of %(name)s.")
    if other:
        sentence = gettext("Correct the %(parts)s of %(name)s or of %(other)s.")
    return f"{sentence % {'parts': in_words(parts), 'name': name, 'other': other}} "


def for_django(result: Finding) -> Finding:
    """Return a finding with the fix for a Django site."""
    return replace(result, fix=result.django_fix or result.fix)


def passed(step: Step, subject: str) -> Finding:
    """Return the finding that a step has no problems."""
    return Finding(f"{step.name}-ok", Severity.PASS, subject, gettext(step.holds), "", "", (), "")


def absent(step: Step, subject: str) -> Finding:
    """Return the finding that a site does without the subject of a step, which is no problem."""
    return Finding(f"{step.name}-none", Severity.PASS, subject, gettext(step.lacks), "", "", (), "")


def documentation(anchor: str, page: str = "doctor") -> str:
    """Return the URL of a place in the documentation, such as that of a code."""
    return f"{_DOCUMENTATION}/{page}.html#{anchor}"


def affected(clients: tuple[Client, ...], severity: Severity) -> str:
    """Return the clients that a finding affects, in words."""
    if clients or severity is not Severity.ERROR:
        return named(clients)
    return gettext("no known client; strict clients may stop")
