"""Deprecation warnings are errors in the processes that the tests start, as they are in the tests.

The filters of pytest end with its own process. A variable of the environment reaches each Python
that a test starts, before its first import. It names categories of Python alone, because Python
drops filters whose category it cannot import that early. All deprecation warnings of Django and
django-oauth-toolkit derive from these two.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

VARIABLE = "PYTHONWARNINGS"
ERRORS = ("error::DeprecationWarning", "error::PendingDeprecationWarning")
# What only another package can mend: a filter, with the reason in a comment.
IGNORED: tuple[str, ...] = ()

# For processes of the project. Later filters take precedence.
STRICT = {VARIABLE: ",".join([*ERRORS, *IGNORED])}
# For pip and for clients: programs of others, without Django.
LENIENT = {VARIABLE: ""}


def refuse_unfiltered(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse to start a Python whose environment does not have the variable.

    This is an audit hook, so it also sees the environments that a test writes by hand.
    """
    if event != "subprocess.Popen":
        return
    _, (program, *_), _, environment = arguments
    is_python = Path(os.fsdecode(program)).name.startswith("python")
    if is_python and VARIABLE not in (os.environ if environment is None else environment):
        raise RuntimeError(f"{program} starts without {VARIABLE}. Add STRICT of {__name__}.")
