"""What a benchmark returns: one row per contender and case, with a sample of each round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from statistics import median
from typing import NamedTuple, TypeVar

Contender = TypeVar("Contender")


class Row(NamedTuple):
    """The samples of a contender in a case: `Row("documents", "gunicorn", "PRM", "raw server")`.

    Rows of one subject and group stand in one table, which has a column per case.
    """

    subject: str
    group: str
    case: str
    contender: str
    unit: str
    samples: list[float]

    @property
    def value(self) -> float:
        return median(self.samples)


def ratio(row: Row, base: Row) -> float:
    """Return the median of the ratios within each round."""
    pairs = zip(row.samples, base.samples, strict=True)
    return median(sample / other for sample, other in pairs)


def find(rows: Iterable[Row], **values: str) -> list[Row]:
    """Return the rows that have these values."""
    return [row for row in rows if values.items() <= row._asdict().items()]


def base_of(row: Row, base: str, rows: Iterable[Row]) -> Row | None:
    """Return the row of the contender `base` in the same case."""
    same = find(rows, subject=row.subject, group=row.group, case=row.case, contender=base)
    return same[0] if same else None


def interleave(
    measures: Mapping[Contender, Callable[[], float]], rounds: int
) -> dict[Contender, list[float]]:
    """Return the samples of each contender: one per round, every second round backwards.

    So a change in the machine affects all contenders alike.
    """
    samples: dict[Contender, list[float]] = {contender: [] for contender in measures}
    for number in range(rounds):
        for contender in reversed(measures) if number % 2 else measures:
            samples[contender].append(measures[contender]())
    return samples
