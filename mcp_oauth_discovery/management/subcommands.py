"""What both commands share: how they parse the command line, and whether they use colours."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

# How Django's message about wrong arguments begins.
_ARGUMENTS = "Error: "


class SubcommandsCommand(BaseCommand):
    """A command that requires a subcommand."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return a parser that raises `CommandError` for wrong arguments."""
        # On a command line, Django's would print the usage and exit with 2.
        self._called_from_command_line = False
        return super().create_parser(prog_name, subcommand, **kwargs)

    def run_from_argv(self, argv: list[str]) -> None:
        """Run a command line; report wrong arguments like any other error."""
        try:
            try:
                super().run_from_argv(argv)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            # The reader needs no more, such as head. Python would fail once more when it exits.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except CommandError as error:
            if not str(error).startswith(_ARGUMENTS):
                # With --traceback, Django raises the errors of a subcommand too.
                raise
            self.stderr.write(f"CommandError: {str(error).removeprefix(_ARGUMENTS)}", str)
            sys.exit(error.returncode)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run a subcommand, without colours if the environment has NO_COLOR."""
        if os.environ.get("NO_COLOR") and not options["force_color"]:
            options["no_color"] = True
        return super().execute(*args, **options)


def add_subcommand(subparsers: Any, name: str, text: str) -> CommandParser:
    """Add a subcommand with `--json` and the options of every command, and return its parser."""
    parser: CommandParser = subparsers.add_parser(name, help=text, description=text)
    parser.add_argument(
        "--json", action="store_true", dest="as_json", help="print one JSON document"
    )
    # No defaults: they would override the options before the subcommand.
    django_options = parser.add_argument_group("options of every command")
    for option in ("--traceback", "--no-color", "--force-color"):
        django_options.add_argument(option, action="store_true", default=argparse.SUPPRESS)
    for option in ("--settings", "--pythonpath"):
        django_options.add_argument(option, default=argparse.SUPPRESS)
    django_options.add_argument(
        "-v", "--verbosity", type=int, choices=range(4), default=argparse.SUPPRESS
    )
    return parser
