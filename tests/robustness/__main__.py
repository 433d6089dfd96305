"""Run one of the long runs of docs/robustness.md: `python -m tests.robustness attack`.

The module of a command has two functions. `add_arguments(parser)` adds its options, and
`run(options)` returns the exit status.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

# The name of each command, and its module.
COMMANDS = {
    "attack": "attack",
    "fuzz": "fuzz",
    "load": "load.command",
    "memory": "memory.command",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.robustness")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, path in COMMANDS.items():
        module = import_module(f"tests.robustness.{path}")
        command = commands.add_parser(name, help=module.__doc__.partition("\n")[0])
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    options = parser.parse_args()
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
