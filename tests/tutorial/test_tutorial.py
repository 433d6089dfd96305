"""`docs/tutorial.md`, followed to the letter: from an empty folder to a signed-in client."""

from __future__ import annotations

import functools
import http.client
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.clients.programs import running
from tests.clients.users import profile_in
from tests.deprecations import LENIENT
from tests.markdown import blocks, headings, read, section
from tests.tutorial import forms
from tests.tutorial.readers import PASSWORD, USER, Reader, free_address
from tests.tutorial.steps import Command, around, at, commands, steps
from tests.tutorial.terminals import Terminal

pytestmark = pytest.mark.clients

PAGE = read("docs/tutorial.md")
LAST = "7. Go to production"
# Programs of others. `tests/clients/test_inspector.py` runs one of them.
OTHER_CLIENTS = section(PAGE, "Other clients")
CLIENT = "python client.py"
# It needs the public site. The test runs it without the URL, in the process of the project.
NEEDS_THE_SITE = "python manage.py mcp_discovery check https://app.example.com/mcp"


def local_part() -> str:
    """Return the steps before production."""
    titles = [title for title in headings(PAGE, 2) if title[0].isdigit()]
    assert titles[-1] == LAST
    text = "".join(section(PAGE, title) for title in titles[:-1])
    return text.replace(OTHER_CLIENTS, "")


@pytest.fixture(scope="module")
def followed(machine: Callable[[str], Terminal]) -> Iterator[Reader]:
    """Follow the page as far as the client, which needs its user."""
    reader = Reader(machine("tutorial"), free_address())
    second = Terminal(reader.terminal.folder, reader.terminal.environment)
    before, server, after = around(steps(at(reader.address, local_part())), "runserver")
    for step in before:
        reader.do(step)
    with reader.serving(server):
        reader.terminal = second
        for step in after:
            if step != Command(CLIENT):
                reader.do(step)
        yield reader


def with_forms(url: str) -> None:
    user = forms.Browser()
    user.open(url)
    user.press("Sign in", username=USER, password=PASSWORD)
    user.press("Allow")


def with_chromium(browser: Browser, url: str) -> None:
    with profile_in(browser) as context:
        page = context.new_page()
        page.goto(url)
        page.locator("[name=username]").fill(USER)
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Allow", exact=True).click()
        page.get_by_text("You can close this page.").wait_for()


@pytest.fixture(params=["chromium", "forms"])
def answer(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what the user does with the page that a client opens."""
    if request.param == "forms":
        return with_forms
    return functools.partial(with_chromium, request.getfixturevalue("browser"))


def test_newest_django_is_installed(followed: Reader):
    assert "Requirement already satisfied" in followed.terminal.run("pip install --upgrade Django")


def test_doctor_finds_no_problems(followed: Reader):
    [check] = [line for line in followed.printed if "mcp_discovery check" in line]
    assert followed.printed[check].endswith("\nNo problems found.\n")


def test_client_signs_in_and_prints_what_the_page_shows(
    followed: Reader, answer: Callable[[str], None]
):
    terminal = followed.terminal
    [shown] = blocks(section(PAGE, "6. Sign in with a client"), "text")
    command = [str(terminal.folder / ".venv/bin/python"), *CLIENT.split()[1:]]
    assert (terminal.folder / "client.py").exists()
    environment = {**terminal.environment, **LENIENT}
    with running(command, cwd=terminal.folder, env=environment) as client:
        answer(client.out.find(r"http\S+"))
        assert "".join(client.out) == shown


def test_requests_are_those_of_the_table(followed: Reader):
    log = followed.log.read_text()
    found = re.findall(r'"([A-Z]+) ([^\s?]+)\S* HTTP/1.1" (\d+)', log)
    rows = re.findall(r"^\| `([A-Z]+) (\S+)` (\d+)(?:, then (\d+))? \|", PAGE, re.M)
    assert len(rows) == 8
    for method, path, *statuses in rows:
        assert {(method, path, status) for status in statuses if status} <= set(found)


@dataclass
class Production:
    reader: Reader

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        """Send a request as the nginx of the page passes it on."""
        [proxy] = blocks(section(PAGE, LAST), "nginx")
        headers = dict(re.findall(r"proxy_set_header (\S+) ([^;$]+);", proxy))
        connection = http.client.HTTPConnection(self.reader.address, timeout=60)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, body


@pytest.fixture(scope="module")
def production(followed: Reader) -> Iterator[Production]:
    """Follow the last step in the same folder, in another terminal."""
    terminal = Terminal(followed.terminal.folder, followed.terminal.environment)
    reader = Reader(terminal, free_address())
    found = steps(at(reader.address, section(PAGE, LAST)))
    before, server, _ = around(found, "gunicorn --bind")
    for step in before:
        reader.do(step)
    with reader.serving(server):
        yield Production(reader)


def test_deployment_check_has_only_the_advice_that_the_page_names(production: Production):
    printed = production.reader.printed["python manage.py check --deploy"]
    named = re.findall(r"`(security\.W\d+)`", section(PAGE, LAST))
    assert re.findall(r"\((\w+\.[EWI]\d+)\)", printed) == named


def test_doctor_finds_no_problems_in_production(production: Production):
    line = NEEDS_THE_SITE.rpartition(" ")[0]
    assert production.reader.terminal.run(line).endswith("\nNo problems found.\n")


def test_documents_have_the_public_address(production: Production):
    status, body = production.ask("/.well-known/oauth-protected-resource/mcp")
    assert (status, json.loads(body)["resource"]) == (200, "https://app.example.com/mcp")
    assert production.ask("/mcp", "POST")[0] == 401


def test_sign_in_page_has_its_style_in_production(production: Production):
    status, page = production.ask("/oauth/mcp/login")
    [style] = re.findall(r'href="(/static/\S+\.css)"', page)
    assert (status, production.ask(style)[0]) == (200, 200)


def test_lines_of_cron_run(production: Production):
    terminal = production.reader.terminal
    [crontab] = blocks(section(PAGE, LAST), "text")
    lines = re.findall(r"^[\d*]+ [\d*]+ \* \* \*  mysite  (.+)$", crontab, re.M)
    assert len(lines) == 3
    variables = terminal.folder.with_name("mysite.env")
    names = "DJANGO_SETTINGS_MODULE", "SECRET_KEY"
    variables.write_text("".join(f"{one}='{terminal.environment[one]}'\n" for one in names))
    cron = Terminal(terminal.folder, {"PATH": terminal.environment["PATH"]})
    for line in lines:
        moved = line.replace("/srv/mysite", str(terminal.folder))
        assert cron.run(moved.replace("/etc/mysite.env", str(variables))) == ""


def test_no_command_of_the_page_is_left_out(followed: Reader, production: Production):
    ran: set[Any] = {*followed.printed, *production.reader.printed, CLIENT, NEEDS_THE_SITE}
    page = PAGE.replace(OTHER_CLIENTS, "")
    given = {at(followed.address, line) for line in commands(page)}
    served = {line for line in given if "runserver" in line or "gunicorn --bind" in line}
    assert len(served) == 2
    assert given - served == ran
