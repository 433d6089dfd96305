"""Which tests a bare `pytest` runs, the command that runs the others, and the order of both."""

from __future__ import annotations

from collections import Counter

OTHERS = "clients or databases or simulations"
DEFAULT = f"not ({OTHERS})"
COMMAND_OF_OTHERS = f'.venv/bin/python -m pytest -n auto --dist loadfile --no-cov -m "{OTHERS}"'

# Modules with few tests that take from half a minute to some minutes.
LONG = (
    "tests/robustness/memory/test_memory.py",
    "tests/test_year.py",
    "tests/test_crash.py",
    "tests/robustness/faults/test_postgresql.py",
    "tests/robustness/faults/test_two_releases.py",
    "tests/clients/test_conformance_suite.py",
    "tests/robustness/attack/test_attack.py",
    "tests/robustness/load/test_load.py",
    "tests/robustness/faults/test_sqlite.py",
    "tests/robustness/faults/test_migration.py",
    "tests/robustness/faults/test_killed_worker.py",
)


def longest_first(nodeids: list[str]) -> list[str]:
    """Return the modules of these tests: first the long ones, then those with the most tests.

    pytest-xdist hands out modules in the order of the tests. A long module that is handed out last
    runs alone, while the other workers wait for it.
    """
    tests = Counter(nodeid.partition("::")[0] for nodeid in nodeids)
    others = sorted(tests.keys() - set(LONG), key=lambda module: (-tests[module], module))
    return [*(module for module in LONG if module in tests), *others]
