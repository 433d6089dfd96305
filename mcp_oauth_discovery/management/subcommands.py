"""What the commands have in common: how their lines are read, and which colours they have."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

# How Django begins what it says of wrong arguments.
_ARGUMENTS = "Error: "


class SubcommandsCommand(BaseCommand):
    """A command that does nothing without a subcommand."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return a parser that raises `CommandError` for wrong arguments."""
        # On a command line, Django's would print the usage and exit with 2.
        self._called_from_command_line = False
        return super().create_parser(prog_name, subcommand, **kwargs)

    def run_from_argv(self, argv: list[str]) -> None:
        """Run what `manage.py` was given; wrong arguments are an error like any other."""
        try:
            super().run_from_argv(argv)
        except CommandError as error:
            if not str(error).startswith(_ARGUMENTS):
                # With --traceback, Django lets the errors of a subcommand through.
                raise
            self.stderr.write(f"CommandError: {str(error).removeprefix(_ARGUMENTS)}", str)
            sys.exit(error.returncode)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run a subcommand, without colours where the environment wants none."""
        if os.environ.get("NO_COLOR") and not options["force_color"]:
            options["no_color"] = True
        return super().execute(*args, **options)


def add_subcommand(subparsers: Any, name: str, text: str) -> CommandParser:
    """Return the parser of a subcommand, which has `--json` and what every command has."""
    parser: CommandParser = subparsers.add_parser(name, help=text, description=text)
    parser.add_argument(
        "--json", action="store_true", dest="as_json", help="print one JSON document"
    )
    # Nothing by default: what stands before the subcommand would be forgotten.
    of_django = parser.add_argument_group("options of every command")
    for option in ("--traceback", "--no-color", "--force-color"):
        of_django.add_argument(option, action="store_true", default=argparse.SUPPRESS)
    for option in ("--settings", "--pythonpath"):
        of_django.add_argument(option, default=argparse.SUPPRESS)
    of_django.add_argument(
        "-v", "--verbosity", type=int, choices=range(4), default=argparse.SUPPRESS
    )
    return parser
