"""An explanation as lines for people, and as JSON for programs: without token and signature."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from mcp_oauth_discovery.doctor.output.text import Palette
from mcp_oauth_discovery.doctor.printing import LONGEST, shown, visible
from mcp_oauth_discovery.doctor.project.tokens.explanation import Explanation, ResourceReport
from mcp_oauth_discovery.doctor.project.tokens.verdicts import Outcome, Verdict
from mcp_oauth_discovery.doctor.project.tokens.views import ViewReport

# Further members of a header, and further claims, are counted only.
MOST_MEMBERS = 50
_TOO_DEEP = "nested too deep to be shown"
_NOT_JSON = ("NaN", "Infinity", _TOO_DEEP)

_PAINTS = {
    Outcome.PASS: ("ok", "pass"),
    Outcome.FAIL: ("fail", "error"),
    Outcome.SKIPPED: ("skipped", "info"),
    Outcome.INFO: ("info", "info"),
}
_MARK = max(len(mark) for mark, _ in _PAINTS.values())
_RULE = len("signature")


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation for `--json`."""
    parts = explanation.parts
    document = {
        "ok": bool(explanation.accepted_by),
        "verified": explanation.is_verified,
        "header": _bounded(parts.header),
        "claims": _bounded(parts.claims),
        "rules": [verdict.as_json() for verdict in explanation.verdicts],
        "resources": [
            {
                "resource": report.identifier,
                "accepted": report.accepts,
                "rules": [verdict.as_json() for verdict in report.verdicts],
                "views": [view.as_json() for view in report.views],
            }
            for report in explanation.resources
        ],
        "other_views": [view.as_json() for view in explanation.others],
    }
    # The texts in it, and those of claims, may repeat the token.
    redacted: dict[str, Any] = json.loads(parts.without_secrets(json.dumps(document)))
    return redacted


def lines(explanation: Explanation, palette: Palette) -> Iterator[str]:
    """Yield the lines of an explanation, with all text of the token escaped for a terminal."""
    hide, heading = explanation.parts.without_secrets, palette["heading"]
    yield heading("Token, by the rules of this site")
    yield from map(hide, _verdict_lines(explanation.verdicts, palette, "  "))
    for title, members in _members(explanation):
        if members is not None:
            yield heading(title)
            yield from map(hide, _member_lines(members))
    for report in explanation.resources:
        yield heading(visible(report.identifier))
        yield from map(hide, _resource_lines(report, palette))
    if explanation.others:
        yield heading("Views without a known resource")
        for view in explanation.others:
            yield from map(hide, _view_lines(view, palette))


def summary(explanation: Explanation) -> str:
    """Return the last line: which resources accept the token, or why none does."""
    accepted = explanation.accepted_by
    if accepted:
        return f"The token is accepted for {', '.join(map(shown, accepted))}."
    reasons = ", ".join(map(shown, explanation.reasons))
    return f"No endpoint of this site accepts the token{f': {reasons}' if reasons else ''}."


def _members(explanation: Explanation) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    verified = "signed by this site" if explanation.is_verified else "not verified"
    yield f"Header ({verified})", explanation.parts.header
    yield f"Claims ({verified})", explanation.parts.claims


def _member_lines(members: Mapping[str, Any]) -> Iterator[str]:
    for name, value in islice(members.items(), MOST_MEMBERS):
        yield f"  {shown(name)}: {shown(_written(value))}"
    if len(members) > MOST_MEMBERS:
        yield f"  … and {len(members) - MOST_MEMBERS} more"


def _resource_lines(report: ResourceReport, palette: Palette) -> Iterator[str]:
    yield from _verdict_lines(report.verdicts, palette, "  ")
    if not report.views:
        yield "  No view of this project is protected for it."
    for view in report.views:
        yield from _view_lines(view, palette)


def _view_lines(view: ViewReport, palette: Palette) -> Iterator[str]:
    if view.accepts:
        mark = palette["pass"]("accepted")
    elif any(verdict.fails for verdict in view.verdicts):
        mark = palette["error"]("refused")
    else:
        mark = palette["info"]("not judged")
    yield f"  View /{visible(view.written)}: {mark}"
    yield from _verdict_lines(view.verdicts, palette, "    ")


def _verdict_lines(verdicts: Iterable[Verdict], palette: Palette, indent: str) -> Iterator[str]:
    for verdict in verdicts:
        word, paint = _PAINTS[verdict.outcome]
        text = visible(verdict.text)
        yield f"{indent}{palette[paint](f'{word:{_MARK}}')}  {verdict.rule:{_RULE}}  {text}"
        if verdict.fails and verdict.fix:
            yield f"{indent}{'':{_MARK}}  {'':{_RULE}}  Fix: {visible(verdict.fix)}"


def _bounded(members: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return members with each long value as a shortened text, and not more than are printed."""
    if members is None:
        return None
    kept = islice(members.items(), MOST_MEMBERS)
    return {
        shown(name): value if _is_short(value) else shown(_written(value)) for name, value in kept
    }


def _is_short(value: object) -> bool:
    # NaN and Infinity are not JSON.
    written = _written(value)
    return len(written) <= LONGEST and not any(word in written for word in _NOT_JSON)


def _written(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return _TOO_DEEP
