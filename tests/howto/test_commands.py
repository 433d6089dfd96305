"""The pages about running a site name commands and settings that exist."""

from __future__ import annotations

import re
import shlex

import pytest
from django.core.management import get_commands, load_command_class

from tests.markdown import PAGES, read

HOWTO = [page for page in PAGES if page.startswith("docs/howto/")]
# Up to where the shell continues with something else.
COMMAND = re.compile(
    r"manage\.py ((?:mcp_|migrate|check|showmigrations|collectstatic)[^\n`;&>\")]*)"
)


def commands(page: str) -> list[str]:
    return [command.strip() for command in COMMAND.findall(read(page))]


PAGES_WITH_COMMANDS = [page for page in [*HOWTO, "docs/how-discovery-works.md"] if commands(page)]


@pytest.mark.parametrize("page", PAGES_WITH_COMMANDS)
def test_commands_have_existing_options(page):
    for command in commands(page):
        name, *arguments = shlex.split(command)
        app = get_commands().get(name, "django.contrib.staticfiles")
        parser = load_command_class(app, name).create_parser("manage.py", name)
        parser.parse_args(arguments)


@pytest.mark.parametrize("page", HOWTO)
def test_page_is_short(page):
    prose = re.sub(r"^```.*?^```$", "", read(page), flags=re.M | re.S)
    assert len(prose.splitlines()) <= 150
