"""Did the doctor complete each step? This one comes last, after those that may fail."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import phrase
from mcp_oauth_discovery.doctor.walk.observations import Walk, all_answered

CHECK_FAILED = Entry(
    code="check-failed",
    severity=Severity.WARNING,
    seen=_("A step of the check failed with an exception."),
    expected=_("a finding, whatever a site sends"),
    section="mcp_discovery check",
    fix=_(
        "Report the exception as a bug, with the traceback in the log and the answer of the site. "
        "The findings of this step may be missing."
    ),
)


def failed(walk: Walk) -> Iterator[Finding]:
    """Report each step that ended in an exception."""
    for mishap in walk.mishaps:
        yield finding(CHECK_FAILED, walk.url, phrase(mishap))


def can_pass(walk: Walk) -> bool:
    return all_answered([walk.post])


STEP = Step(
    name="check",
    title=_("The check itself"),
    holds=_("no step failed"),
    entries=(CHECK_FAILED,),
    rules=(failed,),
    can_pass=can_pass,
)
