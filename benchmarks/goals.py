"""The goals of the project for its speed, and whether the measured rows meet them."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.documents import BARE, RAW
from benchmarks.results import Row, base_of, find, ratio

PYJWT = "PyJWT, parsed key"
VIEWS, MIDDLEWARE, ENTRY = "our views", "our middleware", "our server entry"
PROTECTION = "BearerProtection"
BEARER = "call with a Bearer token"


class Goal(NamedTuple):
    """A limit for the ratios of a contender to a base, in all cases of a subject."""

    text: str
    subject: str
    contender: str
    base: str
    limit: float
    group: str | None = None
    is_least: bool = True

    def is_met_by(self, measured: float) -> bool:
        return measured >= self.limit if self.is_least else measured <= self.limit


class Outcome(NamedTuple):
    """A goal, the ratio of the case that is furthest from it, and which case that is."""

    goal: str
    limit: str
    measured: float
    case: str
    is_met: bool


TO_BARE, TO_RAW, TIME = "to the bare view", "to the raw server", "time to that of"
GOALS = (
    Goal(f"Views behind the stack, {TO_BARE}", "documents", VIEWS, BARE, 0.95),
    Goal(f"Middleware on gunicorn, {TO_BARE}", "documents", MIDDLEWARE, BARE, 1.4, "gunicorn"),
    Goal(f"Middleware on uvicorn, {TO_BARE}", "documents", MIDDLEWARE, BARE, 2, "uvicorn"),
    Goal(f"Server entry on gunicorn, {TO_RAW}", "documents", ENTRY, RAW, 0.9, "gunicorn"),
    Goal(f"Server entry on uvicorn, {TO_RAW}", "documents", ENTRY, RAW, 0.8, "uvicorn"),
    *(
        Goal(f"{ours.capitalize()}, to {peer}", "documents", ours, peer, 1)
        for ours in (VIEWS, MIDDLEWARE, ENTRY)
        for peer in ("django-oauth-toolkit", "django-mcpz")
    ),
    Goal(f"`verify_jwt`, {TIME} PyJWT", "tokens", "verify_jwt", PYJWT, 1, is_least=False),
    Goal(f"Protected call, {TIME} PyJWT", "calls", PROTECTION, PYJWT, 1.5, is_least=False),
    Goal(f"1,000 resources, {TIME} one", "resources", "1,000", "1", 1.3, is_least=False),
)


def outcomes(rows: list[Row]) -> list[Outcome]:
    """Return the outcome of each goal for which there are rows."""
    measured = [outcome for goal in GOALS if (outcome := _outcome(goal, rows))]
    return measured + _queries(rows)


def _outcome(goal: Goal, rows: list[Row]) -> Outcome | None:
    own = find(rows, subject=goal.subject, contender=goal.contender)
    has_one_group = len({row.group for row in own}) == 1
    ratios = {
        row.case if has_one_group else f"{row.group}, {row.case}": ratio(row, base)
        for row in own
        if goal.group in (None, row.group) and (base := base_of(row, goal.base, rows))
    }
    if not ratios:
        return None
    case = (min if goal.is_least else max)(ratios, key=ratios.__getitem__)
    limit = f"{'at least' if goal.is_least else 'at most'} {goal.limit:g}"
    return Outcome(goal.text, limit, ratios[case], case, goal.is_met_by(ratios[case]))


def _queries(rows: list[Row]) -> list[Outcome]:
    own = [row for row in find(rows, subject="queries") if row.contender != "django-oauth-toolkit"]
    if not own:
        return []
    worst = max(own, key=lambda row: row.value)
    case = f"{worst.case}, {worst.contender}"
    return [Outcome("Queries of a warm request", "none", worst.value, case, worst.value == 0)]
