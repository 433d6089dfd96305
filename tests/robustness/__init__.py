"""Runs that attack, break and load the example: the source of docs/robustness.md.

| Folder | Command |
|---|---|
| `attack/` | `python -m tests.robustness attack` |
| `fuzzing/` | `python -m tests.robustness fuzz` |
| `faults/` | `python -m pytest -m "" --no-cov tests/robustness/faults` |
| `load/` | `python -m tests.robustness load` |
| `memory/` | `python -m tests.robustness memory` |

The tests of a run are in its folder. `test_finds.py` has what attack and fuzzer found. The load and
the memory run share `traffic.py`, which sends requests, and `sign_ins.py`, which prepares a site.
"""
