"""The goals of the project for its speed, and whether the measured rows meet them."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.documents import BARE, RAW
from benchmarks.results import Row, base_of, find, ratio

PYJWT = "PyJWT, parsed key"
VIEWS, MIDDLEWARE, ENTRY = "our views", "our middleware", "our server entry"


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


GOALS = (
    Goal("Behind the stack, to the bare view", "documents", VIEWS, BARE, 0.95),
    Goal(
        "Through the middleware, to the bare view", "documents", MIDDLEWARE, BARE, 1.4, "gunicorn"
    ),
    Goal("Through the middleware, to the bare view", "documents", MIDDLEWARE, BARE, 2, "uvicorn"),
    Goal("Server entry, to the raw server", "documents", ENTRY, RAW, 0.9, "gunicorn"),
    Goal("Server entry, to the raw server", "documents", ENTRY, RAW, 0.8, "uvicorn"),
    *(
        Goal(f"{ours}, to {peer}", "documents", ours, peer, 1)
        for ours in (VIEWS, MIDDLEWARE, ENTRY)
        for peer in ("django-oauth-toolkit", "django-mcpz")
    ),
    Goal("`verify_jwt`, time to that of PyJWT", "tokens", "verify_jwt", PYJWT, 1, is_least=False),
    Goal(
        "Protected call, time to that of PyJWT",
        "calls",
        "BearerProtection",
        PYJWT,
        1.5,
        None,
        False,
    ),
    Goal("1,000 resources, time to that of one", "resources", "1,000", "1", 1.3, is_least=False),
)


def outcomes(rows: list[Row]) -> list[Outcome]:
    """Return the outcome of each goal for which there are rows."""
    measured = [outcome for goal in GOALS if (outcome := _outcome(goal, rows))]
    return measured + _queries(rows)


def _outcome(goal: Goal, rows: list[Row]) -> Outcome | None:
    own = find(rows, subject=goal.subject, contender=goal.contender)
    ratios = {
        f"{row.group}, {row.case}": ratio(row, base)
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
