"""How much processor time a site needs to start, alone and with one app more."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.documents import CONTENDERS, importable
from benchmarks.processes import Plan, run_module
from benchmarks.results import Row, interleave

SITES = {
    "bare": "Django alone",
    "middleware": "with this app",
    "oauth_toolkit": "with django-oauth-toolkit",
    "mcpz": "with django-mcpz",
}


def measure(plan: Plan) -> Iterator[Row]:
    sites = [site for site in SITES if importable(CONTENDERS[site].needs)]
    for site in sites:
        # The first start compiles the modules.
        _milliseconds(plan.directory, site)
    measures = {site: partial(_milliseconds, plan.directory, site) for site in sites}
    for site, samples in interleave(measures, plan.rounds).items():
        case = "up to the first request"
        yield Row("startup", "processor time", case, SITES[site], "milliseconds", samples)


def _milliseconds(directory: Path, site: str) -> float:
    before = _spent()
    run_module("start", directory, site)
    return (_spent() - before) * 1e3


def _spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
