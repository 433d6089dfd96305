"""What both commands do with a command line: where options stand, how it fails, which colours."""

from __future__ import annotations

import os
import re
import shlex
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mcp_oauth_discovery.management.commands import mcp_discovery, mcp_keys

COMMANDS = {"mcp_discovery": mcp_discovery.Command, "mcp_keys": mcp_keys.Command}
LINES = {
    "mcp_discovery check": ["check", "https://app.example.com/mcp"],
    "mcp_discovery show": ["show"],
    "mcp_discovery token": ["token", "-"],
    "mcp_keys list": ["list"],
    "mcp_keys retire": ["retire", "kid"],
}
OPTIONS = {
    "no_color": (["--no-color"], True),
    "force_color": (["--force-color"], True),
    "traceback": (["--traceback"], True),
    "verbosity": (["-v", "2"], 2),
    "settings": (["--settings", "project.settings"], "project.settings"),
    "pythonpath": (["--pythonpath", "src"], "src"),
}
EVERY_LINE = pytest.mark.parametrize("line", LINES)


class Terminal(StringIO):
    def isatty(self):
        return True


@pytest.fixture
def coloured(monkeypatch):
    """Make Django think that it writes to a terminal, and say nothing else about colours."""
    monkeypatch.setattr("django.core.management.color.supports_color", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)


def parsed(line: str, *arguments: str) -> dict:
    name = line.split()[0]
    parser = COMMANDS[name]().create_parser("manage.py", name)
    return vars(parser.parse_args(arguments))


def ended(name: str, *arguments: str, **streams) -> tuple[int, str]:
    """Run a command as `manage.py` does: its exit status, and what is on standard error."""
    stderr = streams.setdefault("stderr", StringIO())
    with pytest.raises(SystemExit) as end:
        COMMANDS[name](**streams).run_from_argv(["manage.py", name, *arguments])
    return end.value.code, stderr.getvalue()


def subparsers(name: str) -> dict:
    parser = COMMANDS[name]().create_parser("manage.py", name)
    actions = parser._actions  # noqa: SLF001
    [choices] = [action.choices for action in actions if isinstance(action.choices, dict)]
    return choices


@pytest.mark.parametrize("name", COMMANDS)
def test_command_without_a_subcommand_lists_them_and_ends_in_0(name):
    output = StringIO()
    COMMANDS[name](stdout=output).run_from_argv(["manage.py", name])
    first, *lines = output.getvalue().splitlines()
    assert first == f"Usage: manage.py {name} SUBCOMMAND"
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert listed == list(subparsers(name))
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("name", COMMANDS)
def test_every_subcommand_has_examples_that_are_parsed(name):
    for subcommand, parser in subparsers(name).items():
        _, _, text = parser.format_help().partition("\nexamples:\n")
        examples = text.splitlines()
        assert examples, subcommand
        for example in examples:
            arguments = shlex.split(re.split("[<>]", example)[0])
            assert arguments[:4] == ["python", "manage.py", name, subcommand]
            assert parsed(name, *arguments[3:])["subcommand"] == subcommand


@EVERY_LINE
def test_option_of_every_command_stands_before_or_after_the_subcommand(line):
    for option, (written, value) in OPTIONS.items():
        assert parsed(line, *written, *LINES[line])[option] == value
        assert parsed(line, *LINES[line], *written)[option] == value


@EVERY_LINE
def test_option_that_is_not_given_is_as_django_has_it(line):
    told = parsed(line, *LINES[line])
    assert (told["verbosity"], told["settings"], told["pythonpath"]) == (1, None, None)
    assert not told["no_color"] | told["force_color"] | told["traceback"]


@pytest.mark.parametrize(
    ("line", "problem"),
    {
        "mcp_discovery walk": "invalid choice: 'walk'",
        "mcp_discovery check --nonsense": "unrecognized arguments: --nonsense",
        "mcp_discovery check --verbosity 9": "argument -v/--verbosity: invalid choice: 9",
        "mcp_keys retire": "the following arguments are required: kid",
        "mcp_keys rotate --algorithm HS256": "Unknown algorithm 'HS256'",
    }.items(),
)
def test_wrong_arguments_end_in_1_and_one_line(line, problem):
    name, *arguments = line.split()
    code, told = ended(name, *arguments)
    assert (code, told.count("\n")) == (1, 1)
    assert told.startswith("CommandError: ")
    assert problem in told


def test_command_line_is_parsed_once(monkeypatch):
    parsers = []

    class Command(mcp_discovery.Command):
        def create_parser(self, *args, **kwargs):
            parsers.append(super().create_parser(*args, **kwargs))
            return parsers[-1]

    monkeypatch.setitem(COMMANDS, "mcp_discovery", Command)
    ended(*FAILING)
    assert len(parsers) == 1


def test_error_of_a_subcommand_is_raised_with_traceback():
    command = mcp_discovery.Command(stderr=StringIO())
    line = ["manage.py", *FAILING, "--traceback"]
    with pytest.raises(CommandError, match="nonsense"):
        command.run_from_argv(line)


def test_wrong_arguments_are_an_exception_for_a_program():
    with pytest.raises(CommandError, match="unrecognized arguments"):
        call_command("mcp_keys", "list", "--nonsense")


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan", "soon", "3600"])
def test_wrong_seconds_are_told_in_words(seconds):
    _, told = ended("mcp_discovery", "check", f"--timeout={seconds}")
    assert told.startswith(
        f"CommandError: argument --timeout: {seconds!r} is not a number of seconds above 0 and "
        "below 3600. "
    )


def test_help_ends_in_0(capsys):
    assert ended("mcp_discovery", "check", "--help") == (0, "")
    assert capsys.readouterr().out.count("usage:") == 1


FAILING = ["mcp_discovery", "check", "--only", "nonsense"]


def test_last_line_is_red_on_a_terminal(coloured):
    assert "\x1b[" in ended(*FAILING, stderr=Terminal())[1]


def test_last_line_has_no_colour_where_the_environment_wants_none(coloured, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in ended(*FAILING, stderr=Terminal())[1]


@pytest.mark.parametrize("place", [1, 4])
def test_last_line_has_no_colour_with_the_option(coloured, place):
    line = [*FAILING[:place], "--no-color", *FAILING[place:]]
    assert "\x1b[" not in ended(*line, stderr=Terminal())[1]


def test_wrong_arguments_are_told_without_colours(coloured):
    assert "\x1b[" not in ended("mcp_discovery", "--nonsense", stderr=Terminal())[1]


@pytest.mark.parametrize("arguments", [[], ["no-such-code"]])
def test_reader_that_needs_no_more_is_no_failure_of_the_command(monkeypatch, capsys, arguments):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        output.write("a line")
        with pytest.raises(SystemExit, match="1"):
            mcp_discovery.Command().run_from_argv(
                ["manage.py", "mcp_discovery", "explain", *arguments]
            )
        monkeypatch.undo()
    assert "BrokenPipe" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["mcp_keys", "retire"], "manage.py mcp_keys retire --help"),
        (["mcp_keys", "rotat"], "manage.py mcp_keys --help"),
        (["mcp_keys", "--wrong"], "manage.py mcp_keys --help"),
    ],
    ids=["argument", "subcommand", "option"],
)
def test_error_about_arguments_says_what_to_type(arguments, command):
    _, printed = ended(*arguments)
    assert printed.endswith(f". To see what to type: {command}\n")
