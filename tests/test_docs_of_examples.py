"""Each example on a page runs, each command has the options that it names, each name exists.

The pages of `docs/integrations/` are whole projects, which `tests/integrations/` makes.
"""

from __future__ import annotations

import json
import logging.config
import re
import shlex
import sys
from argparse import _SubParsersAction
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from cryptography.fernet import Fernet
from django.core.management import CommandError, get_commands, load_command_class
from django.core.management.base import CommandParser
from django.http import HttpResponse
from django.utils.module_loading import import_string
from django_mcpz.server import MCPServer

from mcp_oauth_discovery.protection import BearerProtection
from tests.markdown import PAGES, blocks, read

# Blocks that need a project of their own, or a request. These tests have both.
RUN_ELSEWHERE = {
    "README.md": "tests/tutorial/test_readme.py",
    "docs/challenges.md": "tests/test_challenges_steps.py",
    "docs/howto/containers.md": "tests/howto/test_containers.py",
    "docs/howto/dpop.md": "tests/howto/test_dpop.py",
    "docs/howto/service-accounts.md": "tests/howto/test_service_accounts.py",
    "docs/tenants.md": "tests/test_tenants.py",
    "docs/testing.md": "tests/doctor/test_examine.py",
    "docs/tutorial.md": "tests/tutorial/test_tutorial.py",
}
# Commands of apps that the settings of the tests do not have.
FURTHER_COMMANDS = {
    "collectstatic": "django.contrib.staticfiles",
    "cleartokens": "oauth2_provider",
    "spectacular": "drf_spectacular",
    "start": "example_project",
}
# A command, up to what ends it in a shell or in a sentence.
COMMAND = re.compile(r"manage\.py (\w[^|<>;)&#'\n]*)")


def pages_with(language: str) -> list[str]:
    alone = [page for page in PAGES if not page.startswith("docs/integrations/")]
    return [page for page in alone if blocks(read(page), language)]


@pytest.fixture
def names(monkeypatch) -> dict:
    """Return what the files of a new project have above an example, or its page imports."""
    for name in re.findall(r'os\.environ\["(\w+)"\]', "".join(map(read, PAGES))):
        monkeypatch.setenv(name, Fernet.generate_key().decode())
    views = ModuleType("project.views")
    views.mcp = lambda request: HttpResponse()
    monkeypatch.setitem(sys.modules, "project.views", views)
    lists = {name: [] for name in ("INSTALLED_APPS", "MIDDLEWARE", "urlpatterns")}
    settings = {"BASE_DIR": Path("/srv/site"), "DATABASES": {"default": {}}}
    server = {"MCPServer": MCPServer, "signed_in": BearerProtection("/mcp")}
    return {**lists, **settings, **server, "timedelta": timedelta, "__name__": "example"}


@pytest.mark.parametrize(
    "page", [page for page in pages_with("python") if page not in RUN_ELSEWHERE]
)
def test_python_examples_run(names, page):
    for number, block in enumerate(blocks(read(page), "python"), 1):
        exec(compile(block, f"{page}, block {number}", "exec"), dict(names))  # noqa: S102


def test_examples_that_run_elsewhere_are_read_there():
    for page, module in RUN_ELSEWHERE.items():
        assert page in read(module), module


def test_dotted_names_in_examples_exist():
    named = {
        name
        for page in PAGES
        for language in ("python", "py")
        for block in blocks(read(page), language)
        for name in re.findall(r'"(mcp_oauth_discovery(?:\.\w+)*\.[A-Za-z]\w*)"', block)
    }
    # What `include` takes, and the IDs of checks.
    modules = {"mcp_oauth_discovery.urls", "mcp_oauth_discovery.contrib.oauth_toolkit.urls"}
    for name in sorted(named - modules):
        if not re.fullmatch(r"mcp_oauth_discovery\.[EW]\d{3}", name):
            import_string(name)


@pytest.fixture
def loggers():
    """Give the loggers back what the tests need."""
    changed = [logging.getLogger(name) for name in ("mcp_oauth_discovery", "django.security")]
    before = [(logger.level, logger.handlers[:], logger.propagate) for logger in changed]
    yield
    for logger, (level, handlers, propagate) in zip(changed, before, strict=True):
        logger.level, logger.handlers, logger.propagate = level, handlers, propagate


@pytest.mark.parametrize("page", ["docs/configuration.md", "docs/logging.md"])
def test_logging_examples_are_accepted(names, loggers, page):
    examples = [block for block in blocks(read(page), "python") if "LOGGING = " in block]
    assert examples
    for example in examples:
        exec(compile(example, page, "exec"), names)  # noqa: S102
        logging.config.dictConfig(names["LOGGING"])


def parser_of(name: str) -> CommandParser:
    app = FURTHER_COMMANDS.get(name) or get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    return command.create_parser("manage.py", name)


def commands_in(text: str) -> list[str]:
    """Return what follows `manage.py` in the blocks of a page: for shells, cron, systemd and CI."""
    languages = ("console", "ini", "text", "yaml")
    lines = "\n".join(block for language in languages for block in blocks(text, language))
    return COMMAND.findall(lines.replace("\\\n", " "))


@pytest.mark.parametrize("page", [page for page in PAGES if commands_in(read(page))])
def test_commands_are_accepted(page):
    for command in commands_in(read(page)):
        name, *arguments = shlex.split(command)
        try:
            # It exits after `--help`.
            with suppress(SystemExit):
                parser_of(name).parse_args(arguments)
        except CommandError as error:
            pytest.fail(f"{command}: {error}")


def test_subcommands_and_options_in_the_text_exist():
    for page in PAGES:
        for name, rest in re.findall(
            r"`(?:manage\.py )?(mcp_keys|mcp_discovery) ([^`]+)`", read(page)
        ):
            actions = parser_of(name)._actions  # noqa: SLF001
            [action] = [each for each in actions if isinstance(each, _SubParsersAction)]
            subcommand, *options = rest.split()
            assert subcommand in {*action.choices, "SUBCOMMAND"}, f"{page}: {name} {rest}"
            for option in options:
                known = action.choices[subcommand]._option_string_actions  # noqa: SLF001
                assert option[:2] != "--" or option in {*known, "--"}, f"{page}: {name} {rest}"


@pytest.mark.parametrize(
    ("language", "load"), [("json", json.loads), ("yaml", yaml.safe_load)], ids=["json", "yaml"]
)
def test_data_in_examples_is_well_formed(language, load):
    for page in PAGES:
        for block in blocks(read(page), language):
            assert load(block), page
