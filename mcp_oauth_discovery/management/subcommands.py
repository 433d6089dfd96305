"""What both commands share: how they parse the command line, print, and use colours."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

# How Django's message about wrong arguments begins.
_ARGUMENTS = "Error: "


class SubcommandsCommand(BaseCommand):
    """A command with subcommands; without one, it prints the list of them."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return a parser that raises `CommandError` for wrong arguments."""
        # On a command line, Django's would print the usage and exit with 2.
        self._called_from_command_line = False
        self._name = subcommand
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.description = _(self.help)
        return parser

    def add_subparsers(self, parser: CommandParser) -> Any:
        """Return the object that `add_subcommand` takes."""
        self._subparsers = parser.add_subparsers(dest="subcommand", metavar=_("SUBCOMMAND"))
        return self._subparsers

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
            text = _("%(reason)s. To see what to type: %(command)s")
            reason = str(error).removeprefix(_ARGUMENTS).rstrip(".")
            text %= {"reason": reason, "command": self._help_command(argv)}
            self.stderr.write(f"CommandError: {text}", str)
            sys.exit(error.returncode)

    def _help_command(self, argv: list[str]) -> str:
        words = [word for word in argv[2:3] if word in self._subparsers.choices]
        return " ".join(["manage.py", self._name, *words, "--help"])

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run a subcommand, without colours if the environment has NO_COLOR."""
        if os.environ.get("NO_COLOR") and not options["force_color"]:
            options["no_color"] = True
        return super().execute(*args, **options)

    def handle(self, *args: Any, subcommand: str | None, **options: Any) -> None:
        """Run a subcommand, or print the list of them."""
        if subcommand is None:
            self.print_lines(self._list())
        else:
            self.run_subcommand(subcommand, **options)

    def run_subcommand(self, subcommand: str, **options: Any) -> None:
        """Run the method of a subcommand."""
        getattr(self, f"handle_{subcommand}")(**options)

    def print_lines(self, lines: Iterable[str]) -> None:
        """Write lines, with escapes for letters that the terminal does not have."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        for line in lines:
            self.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding))

    def _list(self) -> Iterator[str]:
        texts = {action.dest: action.help for action in self._subparsers._choices_actions}  # noqa: SLF001
        width = max(map(len, texts))
        command = f"manage.py {self._name}"
        yield _("Usage: %(command)s SUBCOMMAND") % {"command": command}
        yield ""
        for name, text in texts.items():
            yield f"  {self.style.MIGRATE_LABEL(name.ljust(width))}  {text}"
        yield ""
        text = _("To see the options and examples of a subcommand: %(command)s SUBCOMMAND --help")
        yield text % {"command": command}


class _Formatter(argparse.HelpFormatter):
    """Keeps the lines of the examples."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = text.splitlines()
        return text if len(lines) > 1 else super()._fill_text(text, width, indent)


def add_subcommand(subparsers: Any, name: str, text: str, *examples: str) -> CommandParser:
    """Add a subcommand with `--json` and the options of every command, and return its parser.

    Each example is a command line without `python manage.py`.
    """
    shown = (f"  python manage.py {example}" for example in examples)
    parser: CommandParser = subparsers.add_parser(
        name,
        help=text,
        description=text,
        formatter_class=_Formatter,
        epilog="\n".join([_("examples:"), *shown]),
    )
    parser.add_argument(
        "--json", action="store_true", dest="as_json", help=_("print one JSON document")
    )
    # No defaults: they would override the options before the subcommand.
    django_options = parser.add_argument_group(_("options of every command"))
    for option in ("--traceback", "--no-color", "--force-color"):
        django_options.add_argument(option, action="store_true", default=argparse.SUPPRESS)
    for option in ("--settings", "--pythonpath"):
        django_options.add_argument(option, default=argparse.SUPPRESS)
    django_options.add_argument(
        "-v", "--verbosity", type=int, choices=range(4), default=argparse.SUPPRESS
    )
    return parser
