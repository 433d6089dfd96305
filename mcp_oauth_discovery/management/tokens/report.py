"""An explanation as lines for people, and as JSON for programs: without token and signature."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from mcp_oauth_discovery.doctor.output import words
from mcp_oauth_discovery.doctor.output.text import Palette
from mcp_oauth_discovery.doctor.printing import LONGEST, readable, shown, visible
from mcp_oauth_discovery.doctor.project.tokens.explanation import Explanation, ResourceReport
from mcp_oauth_discovery.doctor.project.tokens.verdicts import Outcome, Verdict
from mcp_oauth_discovery.doctor.project.tokens.views import ViewReport

# Further members of a header, and further claims, are counted only.
MOST_MEMBERS = 50
_PAINTS = {
    Outcome.PASS: (words.OK, "pass"),
    # Translators: a mark before a rule, which a token breaks.
    Outcome.FAIL: (gettext_noop("fail"), "error"),
    Outcome.SKIPPED: (words.SKIPPED, "info"),
    Outcome.INFO: (gettext_noop("info"), "info"),
}
_RULE = len("signature")


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation for `--json`, in English."""
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
    yield heading(_("Token, by the rules of this site"))
    yield from map(hide, _verdict_lines(explanation.verdicts, palette, "  "))
    for title, members in _members(explanation):
        if members is not None:
            yield heading(title)
            yield from map(hide, _member_lines(members))
    for report in explanation.resources:
        yield heading(visible(report.identifier))
        yield from map(hide, _resource_lines(report, palette))
    if explanation.others:
        yield heading(_("Views without a known resource"))
        for view in explanation.others:
            yield from map(hide, _view_lines(view, palette))


def summary(explanation: Explanation) -> str:
    """Return the last line: which resources accept the token, or why none does."""
    accepted = explanation.accepted_by
    if accepted:
        text = _("The token is accepted for %(resources)s.")
        return text % {"resources": ", ".join(map(shown, accepted))}
    reasons = ", ".join(map(shown, explanation.reasons))
    if not reasons:
        return _("No endpoint of this site accepts the token.")
    return _("No endpoint of this site accepts the token: %(reasons)s.") % {"reasons": reasons}


def _members(explanation: Explanation) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    if explanation.is_verified:
        header, claims = _("Header (signed by this site)"), _("Claims (signed by this site)")
    else:
        header, claims = _("Header (not verified)"), _("Claims (not verified)")
    yield header, explanation.parts.header
    yield claims, explanation.parts.claims


def _member_lines(members: Mapping[str, Any]) -> Iterator[str]:
    for name, value in islice(members.items(), MOST_MEMBERS):
        yield f"  {shown(name)}: {shown(_written(value))}"
    if (more := len(members) - MOST_MEMBERS) > 0:
        text = ngettext("… and %(count)d more", "… and %(count)d more", more)
        yield f"  {text % {'count': more}}"


def _resource_lines(report: ResourceReport, palette: Palette) -> Iterator[str]:
    yield from _verdict_lines(report.verdicts, palette, "  ")
    if not report.views:
        text = _("No view of this project is protected for it.")
        yield f"  {text}"
    for view in report.views:
        yield from _view_lines(view, palette)


def _view_lines(view: ViewReport, palette: Palette) -> Iterator[str]:
    if view.accepts:
        mark = palette["pass"](_("accepted"))
    elif any(verdict.fails for verdict in view.verdicts):
        mark = palette["error"](_("refused"))
    else:
        mark = palette["info"](_("not judged"))
    text = _("View /%(route)s: %(verdict)s")
    yield f"  {text % {'route': visible(view.written), 'verdict': mark}}"
    yield from _verdict_lines(view.verdicts, palette, "    ")


def _verdict_lines(verdicts: Iterable[Verdict], palette: Palette, indent: str) -> Iterator[str]:
    width = max(len(_(word)) for word, _paint in _PAINTS.values())
    for verdict in verdicts:
        word, paint = _PAINTS[verdict.outcome]
        mark = palette[paint](f"{_(word):{width}}")
        yield f"{indent}{mark}  {verdict.rule:{_RULE}}  {readable(verdict.text)}"
        if verdict.fails and verdict.fix:
            label = words.labelled(_(words.FIX))
            yield f"{indent}{'':{width}}  {'':{_RULE}}  {label} {readable(verdict.fix)}"


def _bounded(members: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return members with each long value as a shortened text, and not more than are printed."""
    if members is None:
        return None
    kept = islice(members.items(), MOST_MEMBERS)
    return {
        shown(name): value if _is_short(value) else shown(_written(value)) for name, value in kept
    }


def _is_short(value: object) -> bool:
    try:
        # NaN and Infinity are not JSON.
        return len(json.dumps(value, ensure_ascii=False, allow_nan=False)) <= LONGEST
    except (RecursionError, ValueError):
        return False


def _written(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return _("nested too deep to be shown")
