"""The health of this site in one line, for the index of the admin."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mcp_oauth_discovery.admin.problems import Finding, findings
from mcp_oauth_discovery.admin.served import attempt
from mcp_oauth_discovery.conf import project_setting
from mcp_oauth_discovery.models import SigningKey

_LONGEST = 90


def health_line() -> str:
    """Return the number of problems and the first of them; it never raises an exception.

    It runs the checks that the overview shows: they read the settings and the keys, and write
    nothing. A site that is under development need not pass the checks for deployment.
    """
    is_developed = bool(project_setting("DEBUG", False))
    problems, failure = attempt(
        lambda: [item for item in findings() if not (is_developed and item.is_for_deployment)]
    )
    if problems is None:
        return _("the checks failed: %(reason)s") % {"reason": _shortened(failure)}
    # Checks ignore a database that is not ready: `migrate` runs them before it makes the tables.
    failure = attempt(SigningKey.objects.exists)[1]
    if failure:
        return _("the keys cannot be read: %(reason)s") % {"reason": _shortened(failure)}
    return _summary(problems)


def _summary(problems: Sequence[Finding]) -> str:
    if not problems:
        return _("no problems found")
    text = ngettext("%(count)d problem: %(first)s", "%(count)d problems: %(first)s", len(problems))
    return text % {"count": len(problems), "first": _shortened(str(problems[0].message.msg))}


def _shortened(text: str) -> str:
    return Truncator(text.strip().rstrip(".")).chars(_LONGEST)
