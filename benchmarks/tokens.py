"""`verify_jwt` with one key and with twenty keys of each algorithm."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.processes import Plan, measure_in, prepared
from benchmarks.results import Row


def measure(plan: Plan) -> Iterator[Row]:
    yield from measure_in("tokens", plan)
    with prepared(keys=20) as directory:
        yield from measure_in("tokens", plan._replace(directory=directory))
