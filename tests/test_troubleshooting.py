"""docs/troubleshooting.md leads from the words of a client to codes and checks that exist."""

from __future__ import annotations

import re

import pytest

from mcp_oauth_discovery import checks
from mcp_oauth_discovery.checks.registry import RULES
from mcp_oauth_discovery.doctor.findings import Severity
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEPS
from tests.markdown import CHECKOUT, DOCUMENTATION, headings, read, section

PAGE = read("docs/troubleshooting.md")
WORDS = [title for part in headings(PAGE, 2) for title in headings(section(PAGE, part), 3)]
LABELS = ("- **Who**", "- **Cause**", "- **Doctor**")

# Whatever begins like a code is meant to be one. These are other words of the page.
PREFIXES = {entry.code.partition("-")[0] for entry in ENTRIES.values()} | {
    step.name.partition("-")[0] for step in STEPS
}
OTHERS = {"form-action"}

# What a client would show for these nobody has seen. Everything else leads to its fix.
UNREACHABLE: dict[str, str] = {}


def codes(text: str) -> set[str]:
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", text)) - OTHERS
    return {code for code in named if code.partition("-")[0] in PREFIXES}


def ids(text: str) -> set[str]:
    return set(re.findall(r"\b([EW]\d{3})\b", text))


def test_every_code_on_the_page_exists():
    assert codes(PAGE) - set(ENTRIES) == set()


def test_every_check_on_the_page_exists():
    assert ids(PAGE) - {*checks.ERROR_IDS, *RULES} == set()


def test_every_code_that_clients_stop_at_or_stumble_over_is_named():
    felt = {
        code
        for code, entry in ENTRIES.items()
        if entry.clients or entry.severity in (Severity.ERROR, Severity.CRITICAL)
    }
    assert felt - codes(PAGE) == set(UNREACHABLE)


def test_page_promises_no_more_of_a_silent_doctor_than_that():
    introduction = " ".join(PAGE.partition("## ")[0].split())
    assert "`No problems found.` means that discovery is right" not in introduction
    assert (
        "`No problems found.` means only this: from that machine and at that moment" in introduction
    )
    assert "the doctor saw nothing in discovery that stops the clients it knows" in introduction


def test_every_section_says_who_why_which_code_and_what_to_do():
    for title in WORDS:
        items = re.findall(r"^- (?:\*\*\w+\*\*)?", section(PAGE, title), re.M)
        assert tuple(items[:3]) == LABELS, title
        assert len(items) == 4, title


def test_every_section_leads_to_a_code_or_says_that_there_is_none():
    for title in WORDS:
        told = section(PAGE, title).partition("- **Doctor**: ")[2]
        assert codes(told) or told.startswith("nothing"), title


def test_first_command_is_the_doctor_with_a_url():
    first = re.search(r"```console\n(.+?)\n```", PAGE)
    assert first[1] == "python manage.py mcp_discovery check https://app.example.com/mcp"


@pytest.mark.parametrize(
    ("page", "link"),
    {
        "README.md": f"{DOCUMENTATION}/troubleshooting.html",
        "docs/index.md": "troubleshooting.md",
        "docs/doctor.md": "troubleshooting.md",
        "docs/checks.md": "troubleshooting.md",
    }.items(),
)
def test_page_is_linked(page, link):
    assert f"]({link})" in read(page)


@pytest.mark.parametrize(
    "words",
    [
        "OAuth error: access_denied",
        "OAuth authorization failed: access_denied",
        "Access was denied by the authorization server",
        "No authorization code received",
        "access_denied",
        "authorizationCode is required",
        "Server returned 403 after trying upscoping",
        "Authorization failed: access_denied",
    ],
)
def test_words_said_to_be_those_of_a_test_are_in_it(words):
    sources = section(PAGE, "Where the messages come from")
    assert f"`{words}`" in sources
    named = set(re.findall(r"`(tests/clients/\w+\.py)`", sources))
    assert all((CHECKOUT / name).is_file() for name in named)
    assert any(words in read(name) for name in named)
