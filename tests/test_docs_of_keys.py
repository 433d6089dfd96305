"""The pages about keys say what the code does: states, refusals, examples."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from django.contrib.admin import AdminSite
from django.contrib.admin.utils import label_for_field
from django.utils.text import capfirst

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.admin import SigningKeyAdmin
from mcp_oauth_discovery.keys.cache import READ_AT_MOST_EVERY
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.signing.unsealed import MOST_KEPT
from tests.markdown import blocks, read, section

KEYS = read("docs/keys.md")
REFERENCE = read("docs/keys-reference.md")


def test_documented_states_are_all_there_are():
    rows = re.findall(r"^\| (\w+) \| ", section(KEYS, "The timeline"), re.M)
    assert rows[rows.index("State") + 1 :] == [state.value for state in State]


def test_documented_columns_are_those_of_the_list():
    model_admin = SigningKeyAdmin(SigningKey, AdminSite())
    columns = [
        label_for_field(name, SigningKey, model_admin) for name in SigningKeyAdmin.list_display
    ]
    rows = re.findall(r"^\| ([A-Z][\w ]+) \| ", section(REFERENCE, "The list of keys"), re.M)
    assert rows == ["Column", *map(capfirst, columns)]


@pytest.mark.django_db
def test_documented_days_are_those_of_the_defaults():
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    first, found = None, []
    for day in range(180):
        now = start + timedelta(days=day)
        key = rotation.rotate("EdDSA", now=now, if_due=True)
        first = first or key
        states = {one: one.state(now).value for one in SigningKey.objects.order_by("pk")}
        seen = states.pop(first), next(iter(states.values()), "")
        if key.created_at == now or (found and seen != found[-1][1:]):
            found.append((f"day {day}", *seen))
    rows = re.findall(r"^\| (day \d+) \| .+ \| (\w+) \| (\w*) ?\|$", KEYS, re.M)
    assert found == rows


def test_documented_refusals_are_all_there_are():
    source = read("mcp_oauth_discovery/signing/rules.py")
    raised = set(re.findall(r'f?"(The token [^"]+|The signature [^"]+)"', source))
    told = set(re.findall(r"`(The [^`]+)`", section(REFERENCE, "What `verify_jwt` refuses")))
    written = {text.replace("{name}", name) for text in raised for name in ("exp", "nbf")}
    assert told == written


@pytest.fixture
def endpoints(settings):
    """Return the names of both endpoints of the page, on a site that has a key."""
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA")
    names: dict = {}
    for code in blocks(section(REFERENCE, "Sign and verify"), "python"):
        exec(compile(code, "example", "exec"), names)  # noqa: S102
    return names


@pytest.mark.django_db
def test_documented_endpoints_go_together(endpoints, rf):
    token = endpoints["access_token"](7, "client", endpoints["RESOURCE"], "mcp")
    response = endpoints["mcp"](rf.post("/mcp", headers={"authorization": f"Bearer {token}"}))
    assert json.loads(response.content) == {"hello": "7"}


@pytest.mark.django_db
def test_documented_endpoint_refuses_a_token_for_somebody_else(endpoints, rf):
    token = endpoints["access_token"](7, "client", "https://app.example.com/mc", "mcp")
    response = endpoints["mcp"](rf.post("/mcp", headers={"authorization": f"bearer {token}"}))
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == (
        f'Bearer resource_metadata="{endpoints["METADATA"]}", error="invalid_token", '
        'error_description="The token is not valid for this resource"'
    )


@pytest.mark.django_db
def test_documented_endpoint_names_no_error_where_there_is_no_token(endpoints, rf):
    response = endpoints["mcp"](rf.post("/mcp"))
    assert (response.status_code, "error" in response["WWW-Authenticate"]) == (401, False)


@pytest.fixture
def lines(settings):
    """Return the names of the two lines for the endpoints, on a site that has a key."""
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA")
    [code] = blocks(section(KEYS, "Start"), "python")
    assert "sign_jwt({" in code
    assert "verify_jwt(token, audience=" in code
    assert "except InvalidToken" in code
    names: dict = {}
    exec(compile(code, "example", "exec"), names)  # noqa: S102
    return names


@pytest.mark.django_db
def test_documented_lines_go_together(lines):
    token = lines["access_token"](7, lines["RESOURCE"])
    assert lines["user_of"](token) == "7"


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "a.b.c", "for-another-resource"])
def test_documented_line_refuses_what_is_no_token_for_it(lines, token):
    if token == "for-another-resource":
        token = lines["access_token"](7, "https://app.example.com/other")
    assert lines["user_of"](token) is None


def test_page_says_for_how_long_and_how_many_private_keys_are_in_memory():
    text = " ".join(section(REFERENCE, "Private keys in memory").split())
    assert f"for at most {READ_AT_MOST_EVERY.seconds} seconds" in text
    assert f"At most {MOST_KEPT} keys are in memory" in text
