"""The process in which atheris calls one target: `python -m tests.robustness.fuzzing.process`.

The arguments are the name of a target, its corpus, and options of libFuzzer. atheris ends the
process itself.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import atheris

# The parsers of this package are in Python. So are those of the packages that it calls.
INSTRUMENTED = ["mcp_oauth_discovery", "joserfc", "json"]


def main() -> None:
    name, *options = sys.argv[1:]
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    with atheris.instrument_imports(include=INSTRUMENTED, enable_loader_override=False):
        # Imported here, because only what is imported in this block is instrumented.
        import_module("django").setup()
        target = import_module("tests.robustness.fuzzing.targets").TARGETS[name]
    if target.needs_site:
        import_module("tests.robustness.fuzzing.site").prepare()
    atheris.Setup([name, *options], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
