"""docs/doctor.md says what the doctor does: codes, options, JSON, limits."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date

import pytest
from django.core.management.base import CommandParser

from mcp_oauth_discovery.doctor.clients import PUBLISHED
from mcp_oauth_discovery.doctor.examination import MOST_ALIKE
from mcp_oauth_discovery.doctor.findings import Severity, documentation, finding
from mcp_oauth_discovery.doctor.output.text import MOST_URLS, PLAIN, lines, summary
from mcp_oauth_discovery.doctor.printing import LONGEST, pointed
from mcp_oauth_discovery.doctor.report import EndpointReport, Report
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEPS
from mcp_oauth_discovery.doctor.steps.delivery import ANSWER_TOO_LARGE
from mcp_oauth_discovery.doctor.transport import framing, network
from mcp_oauth_discovery.doctor.transport.deadlines import BUDGET
from mcp_oauth_discovery.doctor.transport.messages import SIZE_LIMIT
from mcp_oauth_discovery.doctor.walk import cards, probes, redirects, walker
from mcp_oauth_discovery.doctor.walk.challenges import LONGEST_HEADER
from mcp_oauth_discovery.doctor.walk.reading import DEEPEST
from mcp_oauth_discovery.management.commands.mcp_discovery import Command
from tests.doctor.world import ENDPOINT, JWKS, ORIGIN, PRM, SERVER
from tests.markdown import CHECKOUT, blocks, headings, read, section

PAGE = read("docs/doctor.md")
CHECK = section(PAGE, "`mcp_discovery check`")
SHOW = section(PAGE, "`mcp_discovery show`")


def rows(text: str) -> list[list[str]]:
    """Return the rows of the tables in a text, without their heads."""
    table = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]
    return [row for row in cells if not row[0].startswith(("---", "Code", "Option", "Severity"))]


def test_table_of_the_codes_is_the_generated_one():
    script = [sys.executable, str(CHECKOUT / "docs" / "doctor_table.py")]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    subprocess.run([*script, "--check"], env=environment, check=True)


@pytest.mark.parametrize("step", STEPS, ids=[step.name for step in STEPS])
def test_table_has_each_code_of_a_step_once(step):
    documented = [row[0] for row in rows(section(section(PAGE, "Codes"), step.title))]
    assert documented == [f'<a id="{one.code}"></a>`{one.code}`' for one in step.entries]


def test_address_of_a_code_leads_to_its_row():
    page, _, anchor = documentation("cors-document").rpartition("#")
    assert page.endswith("/doctor.html")
    assert PAGE.count(f'| <a id="{anchor}"></a>`cors-document` | ') == 1


def test_page_of_yesterday_is_out_of_date(tmp_path):
    for name in ("doctor.md", "doctor_table.py"):
        shutil.copy(CHECKOUT / "docs" / name, tmp_path)
    page = tmp_path / "doctor.md"
    page.write_text(PAGE.replace("`jwks-weak`", "`jwks-feeble`"), encoding="utf-8")
    script = [sys.executable, str(tmp_path / "doctor_table.py")]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    assert subprocess.run([*script, "--check"], env=environment).returncode == 1
    subprocess.run(script, env=environment, check=True)
    assert page.read_text(encoding="utf-8") == PAGE


@pytest.mark.parametrize("client", PUBLISHED, ids=[client.value for client in PUBLISHED])
def test_each_page_that_a_client_is_judged_by_is_cited_with_the_day_of_reading(client):
    text = section(CHECK, "What Anthropic and OpenAI publish")
    _, read_on, pages = PUBLISHED[client]
    day = date.fromisoformat(read_on)
    assert f"read on {day.day} {day:%B %Y}" in text
    assert [page for page in pages if f"]({page})" not in text] == []


def test_codes_of_what_is_published_exist():
    text = section(CHECK, "What Anthropic and OpenAI publish")
    codes = {code for row in rows(text) for code in re.findall(r"`([\w-]+)`", row[-1])}
    assert codes <= set(ENTRIES)
    assert len(codes) >= 10


def test_every_subcommand_has_a_heading():
    assert [one for one in headings(PAGE, 2) if "mcp_discovery" in one] == [
        f"`mcp_discovery {name}`"
        for name in subparsers()
        # It is on the page of the commands.
        if name != "init"
    ]


def subparsers() -> dict[str, CommandParser]:
    parser = CommandParser()
    Command().add_arguments(parser)
    [choices] = [action.choices for action in parser._actions if action.choices]  # noqa: SLF001
    return choices


def test_every_option_is_documented():
    actions = subparsers()["check"]._actions  # noqa: SLF001
    named = {(one.option_strings or [one.dest.upper()])[-1] for one in actions} - {"--help"}
    of_every_command = re.search(r"((?:`--[\w-]+`[^`]{1,5})+)are those of every Django", CHECK)
    documented = [
        *re.findall(r"^\| `([\w-]+)", CHECK, re.M),
        *re.findall(r"--[\w-]+", of_every_command[1]),
    ]
    assert {one for one in documented if one == "URL" or one.startswith("--")} == named


def test_every_option_of_export_is_documented():
    page = section(PAGE, "`mcp_discovery export`")
    own = ["DIRECTORY", "--format", "--check"]
    assert re.findall(r"^\| `([\w-]+)", page, re.M) == own
    actions = subparsers()["export"]._actions  # noqa: SLF001
    named = {(one.option_strings or [one.dest.upper()])[-1] for one in actions}
    assert named == {*own, "--json", "--help"} | {
        (one.option_strings)[-1]
        for one in subparsers()["show"]._actions  # noqa: SLF001
        if one.dest != "host"
    }


def test_documented_defaults_are_the_defaults():
    check = subparsers()["check"]
    assert f"otherwise `{check.get_default('origin')}`" in CHECK.lower()
    assert f"last octet: {check.get_default('timeout'):g} |" in CHECK
    assert f"all answers together: {check.get_default('budget'):g} |" in CHECK


def test_severities_are_documented_in_their_order():
    documented = [row[0] for row in rows(section(CHECK, "Severities"))]
    assert documented == [f"`{severity.value}`" for severity in Severity]


@pytest.mark.django_db
def test_documented_json_is_printed(healthy, run):
    document = json.loads(run("check", "--json")[0])
    text = section(CHECK, "JSON")
    for start, printed in {
        "The document is": document,
        "There is one report": document["reports"][0],
        "A finding is": document["reports"][0]["findings"][0],
        "A client is": document["reports"][0]["clients"][0],
    }.items():
        told = re.search(rf"{start}.+?an object with (.+?)\.\s", text, re.S)
        assert re.findall(r"`(\w+)`", told[1]) == list(printed)


@pytest.mark.django_db
def test_documented_json_of_a_fault_and_of_a_skipped_step_is_printed(healthy, run):
    healthy.MCP_METADATA_MAX_AGE = 90_000
    [report] = json.loads(run("check", "--json", "--only", "caching")[0])["reports"]
    text = section(CHECK, "JSON")
    extra = re.search(r"also has (.+?)\.\s", text, re.S)
    assert re.findall(r"`(\w+)`", extra[1]) == list(report["findings"][0])[-2:]
    skipped = re.search(r"in `skipped`, as an object with (.+?)\.\s", text, re.S)
    assert re.findall(r"`(\w+)`", skipped[1]) == list(report["skipped"][0])
    assert f"`{report['clients'][0]['outcome']}`" in text


def test_documented_report_is_printed():
    """The example is made of the entries, so that it changes with their words."""
    cause = finding(
        replace(ENTRIES["prm-resource-mismatch"], explains=("card-endpoint",)),
        PRM,
        pointed(f"{ORIGIN}/api", ENDPOINT),
    )
    card = finding(ENTRIES["card-endpoint"], f"{ENDPOINT}/server-card")
    pages = [finding(ENTRIES["cors-document"], url) for url in (PRM, SERVER, JWKS)]
    report = Report((EndpointReport(ENDPOINT, (cause, card, *pages)),))
    output = list(lines(report, PLAIN))
    printed = [*output[: output.index("Clients")], "…", summary(report)]
    [example] = blocks(section(CHECK, "How to read a report"), "text")
    assert example.splitlines() == printed, "\n".join(printed)


def test_documented_number_of_urls_is_the_number():
    assert MOST_URLS == 8
    assert "the first eight of many" in section(CHECK, "How to read a report")


def test_documented_number_of_findings_is_the_number():
    text = section(CHECK, "JSON")
    assert (MOST_ALIKE, "at most five findings" in text) == (5, True)
    assert f"cut after {LONGEST} characters" in " ".join(text.split())


@pytest.mark.django_db
def test_documented_json_of_show_is_printed(healthy, run):
    document = json.loads(run("show", "--json")[0])
    [outer, inner, source] = re.findall(r"object with (.+?)[.;,]\s+[AaiuU]", SHOW + " A", re.S)
    [first, *_] = document["documents"]
    assert re.findall(r"`(\w+)`", outer) == list(document)
    assert re.findall(r"`(\w+)`", inner) == list(first)
    assert re.findall(r"`(\w+)`", source) == list(first["sources"]["resource"])


def test_documented_limits_are_the_limits():
    text = section(CHECK, "What it sends")
    assert f"{SIZE_LIMIT // 1024} KiB" in text
    assert probes.BURST == 10
    assert "ten of them in a row" in text
    assert (walker.MOST_SERVERS, redirects.MOST_HOPS) == (3, 5)
    assert "most three" in text
    assert "five times at most" in text
    assert cards.MOST_CARDS == 3
    assert "at most three for other cards" in " ".join(text.replace("\n ", "").split())
    assert f"{LONGEST_HEADER} characters of `WWW-Authenticate`" in text
    assert f"more than {DEEPEST} levels deep" in " ".join(text.split())
    assert f"{SIZE_LIMIT // 1024} KiB" in ANSWER_TOO_LARGE.seen
    # With the start and the report: less than half a minute.
    assert network.HTTPTransport("https://a.example.com").budget == BUDGET == 25


def test_documented_number_of_interim_answers_is_the_number():
    assert framing.MOST_INTERIM == 100
    assert "a hundred of them at most" in section(CHECK, "What it sends")


def test_documented_json_of_explain_is_printed(run):
    text = section(PAGE, "`mcp_discovery explain`")
    document = json.loads(run("explain", "prm-resource-mismatch", "--json")[0])
    outer, example = re.findall(r"object with (.+?)\.\s", text, re.S)
    assert re.findall(r"`(\w+)`", outer) == list(document)
    assert re.findall(r"`(\w+)`", example) == list(document["example"])


def test_documented_explanation_is_the_beginning_of_the_real_one(run):
    [example] = blocks(section(PAGE, "`mcp_discovery explain`"), "console")
    command, _, output = example.partition("\n")
    assert run(*command.partition("mcp_discovery ")[2].split())[0].startswith(output)
