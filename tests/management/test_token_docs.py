"""The page about `mcp_discovery token` says what the command does."""

from __future__ import annotations

import re

import pytest
from django.urls import include, path

from mcp_oauth_discovery.doctor.printing import LONGEST
from mcp_oauth_discovery.doctor.project.tokens.verdicts import Outcome
from mcp_oauth_discovery.protection import bearer_required
from tests import ORIGIN
from tests.doctor.test_docs import subparsers
from tests.management.token_urls import page
from tests.markdown import blocks, read, section

pytestmark = pytest.mark.django_db

TEXT = section(read("docs/doctor.md"), "`mcp_discovery token`")


class Project:
    urlpatterns = [
        path("", include("mcp_oauth_discovery.urls")),
        path("mcp", bearer_required(scope="mcp files:write")(page)),
    ]


@pytest.fixture
def example(project):
    project.ROOT_URLCONF = Project
    project.MCP_RESOURCES = {}


def without_what_varies(output):
    """Return an output without dates, and without the kid."""
    output = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "DATE", output)
    output = re.sub(r"\b(iat|exp): \d+", r"\1: SECONDS", output)
    output = re.sub(r"\d+ seconds? ago|in \d+ minutes", "SPAN", output)
    return re.sub(r"[\w-]{43}", "KID", output)


@pytest.mark.usefixtures("example")
def test_example_is_what_the_command_prints(token, command):
    output, message = command(token(aud=f"{ORIGIN}/mcp/"))
    [documented] = blocks(TEXT, "text")
    printed = f"{output}CommandError: {message}\n"
    assert without_what_varies(documented) == without_what_varies(printed)


def test_every_option_is_documented():
    own = re.findall(r"^\| `([\w-]+)", TEXT, re.M)
    assert own == ["FILE", "--resource", "--host"]
    actions = subparsers()["token"]._actions  # noqa: SLF001
    names = {(one.option_strings or [one.dest.upper()])[-1] for one in actions}
    of_show = {one.option_strings[-1] for one in subparsers()["show"]._actions}  # noqa: SLF001
    assert names == of_show | set(own)


@pytest.mark.usefixtures("example")
def test_documented_json_is_printed(token, explained):
    document = explained(token()).document
    [resource] = document["resources"]
    for start, printed in {
        "the output is": document,
        "A rule is": document["rules"][0],
        "A resource is|A\nresource is": resource,
        "A view is": resource["views"][0],
    }.items():
        told = re.search(rf"(?:{start}) an object with (.+?)[.;]\s", TEXT, re.S)
        assert re.findall(r"`(\w+)`", told[1]) == list(printed)


def test_documented_outcomes_and_limits_are_those_of_the_code():
    told = re.search(r"the outcome is\s(.+?), and", TEXT, re.S)
    assert re.findall(r"`(\w+)`", told[1]) == [outcome.value for outcome in Outcome]
    assert f"cut after {LONGEST} characters" in " ".join(TEXT.split())
