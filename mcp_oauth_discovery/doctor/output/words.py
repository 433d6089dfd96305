"""The words at the left of reports for people, and their widths in each language."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from mcp_oauth_discovery.doctor.findings import Severity
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _

# All of these are in English, and translated where they are printed.
SEVERITIES = MappingProxyType(
    {
        Severity.CRITICAL: _("critical"),
        Severity.ERROR: _("error"),
        Severity.WARNING: _("warning"),
        Severity.INFO: _("info"),
    }
)
# What becomes of a step without problems: it passes, or the site does without its subject.
OK = _("ok")
# Translators: a mark before a step of the check, whose subject a site does not have.
NONE = _("none")
SKIPPED = _("skipped")

FIX = _("Fix")
ADVICE = _("Advice")
SEEN = _("Seen")
# Translators: the label of a list of URLs where the doctor saw something.
AT = _("At")
EXPECTED = _("Expected")
CLIENTS = _("Clients")
EXPLAINS = _("Explains")
SEE = _("See")


def severity_word(severity: Severity) -> str:
    """Return the name of a severity; in `--json` and in options it is in English."""
    return gettext(SEVERITIES[severity])


def mark_width() -> int:
    """Return the width of the longest mark in front of a line."""
    return max(len(gettext(word)) for word in (*SEVERITIES.values(), OK, NONE, SKIPPED))


def labelled(word: str) -> str:
    """Return a translated word as the label of the text behind it."""
    # Translators: French has a no-break space before the colon.
    return gettext("%(label)s:") % {"label": word}


def label_width(words: Iterable[str]) -> int:
    """Return the width of the longest label, of words in English."""
    return max(len(labelled(gettext(word))) for word in words)
