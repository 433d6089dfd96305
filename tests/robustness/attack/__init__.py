"""Attack the example with requests that no sane client sends, on gunicorn and on uvicorn.

The request with a number goes to one of six sites: two servers, each with the server entries, the
middleware or the plain views. `--only NUMBER` sends one request again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import SystemRandom

from tests.robustness.attack.campaign import Outcome, Plan, attack
from tests.robustness.attack.servers import COMMANDS, PLACEMENTS

# So many violations are shown.
_MOST_SHOWN = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--requests", type=int, default=100_000, help="default: 100000")
    parser.add_argument("--seed", type=int, help="default: a new one, which is printed")
    parser.add_argument("--server", choices=COMMANDS, help="default: both")
    parser.add_argument("--placement", choices=PLACEMENTS, help="default: all three")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="send one request again")


def run(options: argparse.Namespace) -> int:
    seed = SystemRandom().randrange(10**9) if options.seed is None else options.seed
    plan = Plan(options.requests, seed, options.server, options.placement, options.only)
    _say(f"Seed {seed}")
    with tempfile.TemporaryDirectory() as directory:
        outcomes = attack(plan, Path(directory), lambda outcome: _say(*counts(outcome)))
    _say(*verdict(seed, outcomes))
    return 1 if any(outcome.violations for outcome in outcomes) else 0


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def counts(outcome: Outcome) -> list[str]:
    """Return what happened at one site: the answers, and the slowest request."""
    microseconds, number = outcome.slowest
    return [
        f"{outcome.site}: {outcome.sent:,} requests",
        f"  answers of the site: {_counts(outcome.statuses)}",
        f"  answers of the server itself: {_counts(outcome.own)}",
        f"  closed without an answer: {outcome.unanswered:,}",
        f"  most processor time: {microseconds / 1000:.1f} ms (request {number})",
    ]


def verdict(seed: int, outcomes: list[Outcome]) -> list[str]:
    """Return the violations at all sites, each with the options that repeat its request."""
    total = f"{sum(outcome.sent for outcome in outcomes):,} requests"
    violations = [violation for outcome in outcomes for violation in outcome.violations]
    if not violations:
        return [f"{total}. No problems found"]
    lines = [f"{total}, {len(violations):,} violations"]
    for site, request, problem in violations[:_MOST_SHOWN]:
        replay = f"--seed {seed} --only {request.index}" if request else "the whole site"
        lines.append(f"  {site}, {replay}: {problem}")
        if request:
            lines.append(f"    {request.octets[:300]!r}")
    return lines


def _counts(statuses: Counter[int]) -> str:
    return ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items())) or "none"
