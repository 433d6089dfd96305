"""The README, followed to the letter in an empty project: its endpoint lets a signed-in user in."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.error
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest

from tests import ASM
from tests.integrations.pages import parse_curl
from tests.markdown import read, section
from tests.tutorial.forms import Browser
from tests.tutorial.readers import PASSWORD, USER, Reader, free_address
from tests.tutorial.steps import Command, around, at, commands, steps
from tests.tutorial.terminals import Terminal

pytestmark = pytest.mark.clients

PAGE = section(read("README.md"), "Install")
START = "django-admin startproject mysite ."
CALLBACK = "http://127.0.0.1:4711/callback"
VERIFIER = "v" * 43


@pytest.fixture(scope="module")
def reader(machine: Callable[[str], Terminal]) -> Iterator[Reader]:
    assert f"`{START}` after\nthe first step" in PAGE
    reader = Reader(machine("readme"), free_address())
    (install, *before), server, _ = around(steps(at(reader.address, PAGE)), "runserver")
    reader.do(Command("python3 -m venv .venv"))
    reader.do(Command("source .venv/bin/activate"))
    reader.do(install)
    reader.do(Command(START))
    for step in before:
        reader.do(step)
    with reader.serving(server):
        yield reader


def asked(request: Request) -> tuple[int, Any, str]:
    """Return the status, the headers and the text of an answer."""
    try:
        with urlopen(request, timeout=60) as response:  # noqa: S310
            return response.status, response.headers, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def token_for(reader: Reader) -> str:
    """Register a client, let the user allow it access, and return its token."""
    origin = f"http://{reader.address}"
    metadata = json.loads(asked(Request(f"{origin}{ASM}"))[2])  # noqa: S310
    members = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    json_type = {"Content-Type": "application/json"}
    body = json.dumps(members).encode()
    registration = Request(metadata["registration_endpoint"], body, json_type)  # noqa: S310
    client = {"client_id": json.loads(asked(registration)[2])["client_id"]}
    client |= {"redirect_uri": CALLBACK, "resource": f"{origin}/mcp"}
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    question = {**client, "response_type": "code", "code_challenge": challenge}
    question |= {"code_challenge_method": "S256", "scope": "mcp"}
    user = Browser()
    user.open(f"{metadata['authorization_endpoint']}?{urlencode(question)}")
    user.press("Sign in", username=USER, password=PASSWORD)
    [code] = parse_qs(urlsplit(user.leave("Allow")).query)["code"]
    grant = {**client, "grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    answer = asked(Request(metadata["token_endpoint"], urlencode(grant).encode()))  # noqa: S310
    return str(json.loads(answer[2])["access_token"])


def test_doctor_finds_no_problems(reader: Reader):
    printed = reader.printed["python manage.py mcp_discovery check"]
    assert printed.endswith("\nNo problems found.\n")


def test_init_finds_no_missing_step(reader: Reader):
    assert "`python manage.py mcp_discovery init`" in PAGE
    printed = reader.terminal.run("python manage.py mcp_discovery init --json")
    assert json.loads(printed)["complete"]


def test_request_of_the_page_gets_the_challenge(reader: Reader):
    [line] = [line for line in commands(at(reader.address, PAGE)) if line.startswith("curl ")]
    curl = parse_curl(f"{line.removeprefix('curl ')}  # 401")
    status, headers, _ = asked(Request(curl.url, method=curl.method))  # noqa: S310
    assert status == curl.status
    assert headers["WWW-Authenticate"].startswith("Bearer resource_metadata=")


def test_user_who_allows_a_client_access_reaches_the_view(reader: Reader):
    reader.do(Command(f"python manage.py createsuperuser --username {USER} --email a@example.com"))
    headers = {"Authorization": f"Bearer {token_for(reader)}"}
    request = Request(f"http://{reader.address}/mcp", b"", headers)
    status, _, body = asked(request)
    assert (status, json.loads(body)) == (200, {"hello": USER})


def test_no_command_of_the_page_is_left_out(reader: Reader):
    others = [line for line in commands(PAGE) if line not in reader.printed]
    assert others == [
        "python manage.py runserver",
        "curl -i -X POST http://127.0.0.1:8000/mcp",
    ]
