"""What the rules say about a token: one verdict each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.signing import InvalidToken

# Why rules about claims, and about the header, are skipped.
NO_CLAIMS = _("the token has no claims that can be read")
NO_HEADER = _("the token has no header that can be read")


class Outcome(Enum):
    """Whether a token passes a rule; the values are those in `--json`."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    SKIPPED = "skipped"
    INFO = "info"


@dataclass(frozen=True)
class Verdict:
    """What one rule says; `reason` is that of the `InvalidToken`, and `fix` says what to do.

    `is_own` tells `verify_token` from the verifiers of the project.
    """

    rule: str
    outcome: Outcome
    text: str
    reason: str = ""
    fix: str = ""
    is_own: bool = False

    @property
    def fails(self) -> bool:
        return self.outcome is Outcome.FAIL

    def as_json(self) -> dict[str, Any]:
        """Return the verdict for `--json`."""
        return {
            "rule": self.rule,
            "outcome": self.outcome.value,
            "text": self.text,
            "reason": self.reason or None,
            "fix": self.fix,
        }


def passed(rule: str, text: str) -> Verdict:
    return Verdict(rule, Outcome.PASS, text)


def failed(rule: str, text: str, reason: str = "", fix: str = "") -> Verdict:
    return Verdict(rule, Outcome.FAIL, text, reason, fix)


def skipped(rule: str, why: str) -> Verdict:
    return Verdict(rule, Outcome.SKIPPED, why)


def info(rule: str, text: str) -> Verdict:
    return Verdict(rule, Outcome.INFO, text)


def judged(rule: str, check: Callable[[], object], text: str, fix: str = "") -> Verdict:
    """Return the verdict of a function that raises `InvalidToken`; the text is for a pass."""
    try:
        check()
    except InvalidToken as error:
        # What a library says about it, and no more than one line of it.
        cause = f" {shown(str(error.__cause__))}" if error.__cause__ else ""
        return failed(rule, f"{described(error)}{cause}", error.reason, fix)
    return passed(rule, text)


def described(error: InvalidToken, hide: Callable[[str], str] = str) -> str:
    """Return the text of a refusal, with what was received and expected.

    A verifier of the project may have written any text: `hide` removes the token from it.
    """
    received = gettext("received %(name)s %(value)s")
    expected = gettext("expected %(name)s %(value)s")
    details = ", ".join(
        text % {"name": name, "value": shown(hide(str(value)))}
        for text, values in ((received, error.received), (expected, error.expected))
        for name, value in values.items()
    )
    problem = shown(hide(translated(error)))
    if not details:
        return f"{problem}."
    return gettext("%(problem)s: %(details)s.") % {"problem": problem, "details": details}


def translated(error: InvalidToken) -> str:
    """Return the text of a refusal without a full stop; that of a project is in its language."""
    # The catalogues have the texts of this package.
    return gettext(str(error).removesuffix("."))


# The differences between identifiers that look the same, and how to undo each.
_DIFFERENCES: Mapping[str, Callable[[str], str]] = {
    _("http and https"): lambda text: re.sub(r"^https?:", "", text, flags=re.I),
    _("capital letters"): str.lower,
    _("the default port"): lambda text: re.sub(r"^([^/]*//[^/]*):(?:80|443)(?=/|$)", r"\1", text),
    _("the final slash"): lambda text: text.removesuffix("/"),
    _("spaces around it"): str.strip,
}


def near_miss(received: object, expected: str) -> str:
    """Return a sentence about two identifiers that differ in their spelling alone, or nothing."""
    if not isinstance(received, str) or received == expected:
        return ""
    if _without(_DIFFERENCES, received) != _without(_DIFFERENCES, expected):
        return ""
    differences = [
        gettext(name)
        for name in _DIFFERENCES
        if _without({*_DIFFERENCES} - {name}, received)
        != _without({*_DIFFERENCES} - {name}, expected)
    ]
    # Translators: between the differences, which end the sentence "They differ only in …".
    listed = gettext(" and in ").join(differences)
    return gettext("They differ only in %(differences)s.") % {"differences": listed}


def _without(names: Any, text: str) -> str:
    # Spaces first, because the others look at the beginning and the end.
    for name, undo in reversed(list(_DIFFERENCES.items())):
        text = undo(text) if name in names else text
    return text
