"""The page about the commands has each subcommand, with its options, an example and its JSON."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import call_command

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.management.init.project import Server
from mcp_oauth_discovery.management.init.snippets import Where
from mcp_oauth_discovery.management.init.steps import steps
from tests.init.test_steps import NOTHING
from tests.management.test_subcommands import COMMANDS, parsed, subparsers
from tests.markdown import blocks, headings, read, section

PAGE = read("docs/commands.md")
KEYS = section(PAGE, "`mcp_keys`")
INIT = section(PAGE, "`mcp_discovery init`")
# What every subcommand takes.
COMMON = {
    *("--json", "--help"),
    *("--traceback", "--no-color", "--force-color", "--settings", "--pythonpath", "--verbosity"),
}
SUBCOMMANDS = [(name, subcommand) for name in COMMANDS for subcommand in subparsers(name)]
EVERY_SUBCOMMAND = pytest.mark.parametrize(("name", "subcommand"), SUBCOMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_subcommand_has_a_heading(name):
    documented = headings(section(PAGE, f"`{name}`"), 3)
    assert documented == [f"`{name} {subcommand}`" for subcommand in subparsers(name)]


@EVERY_SUBCOMMAND
def test_every_option_is_documented(name, subcommand):
    text = section(PAGE, f"`{name} {subcommand}`")
    documented = re.findall(r"^\| `(--[\w-]+|[A-Z]+\b)", text, re.M)
    actions = subparsers(name)[subcommand]._actions  # noqa: SLF001
    named = {(action.option_strings or [action.dest.upper()])[-1] for action in actions}
    assert sorted(documented) == sorted(named - COMMON)


@EVERY_SUBCOMMAND
def test_every_subcommand_has_an_example_that_is_parsed(name, subcommand):
    [example] = blocks(section(PAGE, f"`{name} {subcommand}`"), "console")
    line = example.splitlines()[0].removeprefix("$ ")
    assert line.startswith(f"python manage.py {name} {subcommand}")
    assert parsed(name, *shlex.split(line)[3:])["subcommand"] == subcommand


def test_options_of_every_subcommand_are_documented():
    assert set(re.findall(r"--[\w-]+", section(PAGE, "What both commands do"))) >= COMMON


@pytest.fixture
def run(settings, tmp_path):
    """Return a function that runs a subcommand with `--json` on keys that it can work on."""
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    active = rotation.rotate("EdDSA")
    pem = tmp_path / "key.pem"
    pem.write_text(jwk.to_pem(jwk.generate("ES256")))
    arguments = {"retire": [active.kid], "revoke": [active.kid], "import": [str(pem)]}

    def run(name: str) -> dict:
        output = StringIO()
        call_command("mcp_keys", name, *arguments.get(name, ()), "--json", stdout=output)
        return json.loads(output.getvalue())

    return run


@pytest.mark.django_db
@pytest.mark.parametrize("subcommand", subparsers("mcp_keys"))
def test_documented_json_of_the_keys_is_printed(run, subcommand):
    text = section(PAGE, f"`mcp_keys {subcommand}`").partition("JSON: ")[2]
    documented = re.findall(r"`(\w+)`", text)
    assert [name for name in documented if name not in ("kid", "null")] == list(run(subcommand))


@pytest.mark.django_db
def test_documented_key_object_is_printed(run):
    text = re.search(r"A key in a JSON document is an object with (.+?)\. ", KEYS, re.S)
    [key] = run("list")["keys"]
    assert re.findall(r"`(\w+)`", text[1]) == list(key)


def test_documented_json_of_the_doctor_is_that_of_its_page():
    doctor = read("docs/doctor.md")
    for subcommand in ("explain", "show", "token", "export"):
        text = section(PAGE, f"`mcp_discovery {subcommand}`").partition("JSON: ")[2]
        there = section(doctor, f"`mcp_discovery {subcommand}`")
        documented = re.search(r"output is an object with (.+?)[.;]\s", there, re.S)
        assert re.findall(r"`(\w+)`", text) == re.findall(r"`(\w+)`", documented[1]), subcommand


@pytest.mark.django_db
def test_documented_json_of_init_is_printed():
    output = StringIO()
    call_command("mcp_discovery", "init", "--json", stdout=output)
    document = json.loads(output.getvalue())
    outer, step = INIT.partition("JSON: ")[2].split("A step is an object with ")
    assert re.findall(r"`(\w+)`", outer) == list(document)
    assert re.findall(r"`(\w+)`", step.partition(".")[0]) == list(document["steps"][0])
    places = {where.value for where in Where}
    assert set(re.findall(r"`(\w+)`", step.partition("`where` is ")[2].partition(".")[0])) == {
        *places,
        "null",
    }


def test_documented_steps_and_servers_are_all_there_are():
    documented = re.findall(r"^\| `([\w-]+)` \| ", INIT, re.M)
    everything = {
        step.name: None
        for server in Server
        for step in steps(replace(NOTHING, server=server, providers=("https://a.example.com",)))
    }
    assert documented == list(everything)
    assert {server.value for server in Server} <= set(re.findall(r"\| `([\w-]+)` \|", INIT))
