"""docs/pipelines.md: its commands exist, and it says what the formats and statuses are."""

from __future__ import annotations

import re
import shlex

import pytest

from mcp_oauth_discovery.doctor.steps import ENTRIES
from mcp_oauth_discovery.management.checking import FORMATS
from mcp_oauth_discovery.management.commands.mcp_discovery import Command
from tests.markdown import blocks, first_column, read, section

PAGE = read("docs/pipelines.md")
COMMANDS = re.findall(r"manage\.py mcp_discovery ([^>\n]+)", PAGE)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_have_existing_options(command):
    parser = Command().create_parser("manage.py", "mcp_discovery")
    assert parser.parse_args(shlex.split(command)).subcommand == "check"


def test_there_are_commands_for_each_kind_of_pipeline():
    assert len(COMMANDS) == 5
    assert [len(blocks(PAGE, language)) for language in ("yaml", "console", "text")] == [2, 1, 1]


def test_every_format_is_in_the_table():
    assert [name for name in first_column(PAGE) if name in FORMATS] == list(FORMATS)


def test_code_in_the_example_exists():
    assert {"prm-resource-mismatch"} == set(re.findall(r"explain ([\w-]+)", PAGE)) & set(ENTRIES)


def test_upload_has_the_file_that_the_check_writes():
    workflow = section(PAGE, "GitHub Actions")
    assert re.search(r"> (\S+)\n", workflow)[1] == re.search(r"sarif_file: (\S+)", workflow)[1]
    job = section(PAGE, "GitLab")
    assert re.search(r"> (\S+)\n", job)[1] == re.search(r"junit: (\S+)", job)[1]


def test_page_is_short():
    assert len(PAGE.splitlines()) <= 155
