"""Run one of the long runs of docs/robustness.md: `python -m tests.robustness attack`.

Each command is a module with two functions. `add_arguments(parser)` adds its options, and
`run(options)` returns the exit status.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

COMMANDS = ("attack", "fuzz", "load", "memory")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.robustness")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        module = import_module(f"tests.robustness.{name}")
        command = commands.add_parser(name, help=module.__doc__.partition("\n")[0])
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    options = parser.parse_args()
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
