"""Which tests a bare `pytest` runs, and the command that runs the others."""

from __future__ import annotations

OTHERS = "clients or databases or simulations"
DEFAULT = f"not ({OTHERS})"
COMMAND_OF_OTHERS = f'.venv/bin/python -m pytest -n auto --dist loadfile --no-cov -m "{OTHERS}"'
