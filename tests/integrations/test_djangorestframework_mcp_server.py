"""`docs/integrations/djangorestframework-mcp-server.md`: its server behind `protect`."""

from __future__ import annotations

import json

import pytest

from tests import ORIGIN, PRM
from tests.integrations.pages import page

pytestmark = pytest.mark.clients

PAGE = page("djangorestframework-mcp-server.md")
OWN_ENVIRONMENT = True
MCP = f"{ORIGIN}/mcp"
CHALLENGE = f'Bearer resource_metadata="{ORIGIN}{PRM}/mcp", scope="mcp"'
VERSION = {"MCP-Protocol-Version": "2025-11-25", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def given(project):
    """Return what a client is given for what it asks, as an MCP client does."""
    resources = {"right": MCP, "other": f"{MCP}/other"}
    requests = {name: {"scope": "mcp", "resource": uri} for name, uri in resources.items()}
    return project.walk({"allow": "Authorize"}, requests)


@pytest.fixture(scope="module")
def token(given):
    return given["right"]["access_token"]


def call(site, token, **headers):
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami"}}
    body = json.dumps(message)
    return site.ask("/mcp", "POST", token=token, headers={**VERSION, **headers}, body=body)


def test_checks_find_nothing(project):
    project.manage("check", "--fail-level=WARNING")


def test_status_is_the_shown_one(curl, answer):
    assert answer.status == curl.status


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_challenge_leads_to_the_metadata(site, method):
    assert site.ask("/mcp", method).headers["www-authenticate"] == CHALLENGE
    assert site.ask(f"{PRM}/mcp").json["resource"] == MCP


def test_tool_knows_the_user(site, token):
    assert call(site, token).json["result"]["structuredContent"] == {"username": "ada"}


def test_other_resource_and_refresh_token_are_refused(site, given):
    # The consent page shows this error to the user.
    assert given["other"] == {"status": 400, "location": None}
    assert call(site, given["right"]["refresh_token"]).status == 401


def test_page_of_another_origin_needs_a_token_alone(site, token):
    assert call(site, token, Origin="https://client.example").status == 200


# A server that is routed without `protect`, and a tool with a scope that the token lacks.
REFUSED = """
import json
from types import SimpleNamespace
from django.test import RequestFactory
from rest_framework_mcp import ScopeRequired
from rest_framework_services import SelectorKind
from project import servers
servers.server.selector_tool(
    name="purge", kind=SelectorKind.RETRIEVE, description="Purge.",
    permissions=[ScopeRequired("purge")],
)(lambda *, user: {})
message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "purge"}}
headers = {"host": "app.example.com", "mcp-protocol-version": "2025-11-25"}
request = RequestFactory().post("/mcp", message, "application/json", headers=headers)
unprotected = servers.endpoint.callback(request)
request.mcp_claims, request.mcp_user = {"scope": "mcp"}, SimpleNamespace(pk=1)
denied = servers.endpoint.callback(request)
print(json.dumps([[a.status_code, a["www-authenticate"]] for a in (unprotected, denied)]))
"""


def test_backend_refuses_what_protect_has_not_checked_and_names_the_scope_of_a_tool(project):
    unprotected, denied = json.loads(project.execute(REFUSED))
    assert unprotected[0] == 401
    other = CHALLENGE.replace('scope="mcp"', 'scope="purge"')
    assert denied == [403, f'{other}, error="insufficient_scope"']


# What its default backend says of tokens for this resource, for another one and for none.
DEFAULT = """
import json
from datetime import timedelta
from django.contrib.auth import get_user_model
from django.test import RequestFactory
from django.utils import timezone
from oauth2_provider.models import get_access_token_model
from rest_framework_mcp.auth.backends import DjangoOAuthToolkitBackend
url = "https://app.example.com/mcp"
user, _ = get_user_model().objects.get_or_create(username="ada")
stored = {"right": [url], "other": [url + "/other"], "none": []}
for name, resource in stored.items():
    get_access_token_model().objects.create(
        user=user, token=name, scope="mcp", resource=resource,
        expires=timezone.now() + timedelta(hours=1),
    )
accepted = []
for enforce in (False, True):
    backend = DjangoOAuthToolkitBackend(resource_url=url, enforce_audience=enforce)
    for name in stored:
        request = RequestFactory().get("/mcp", headers={"authorization": "Bearer " + name})
        accepted.append(backend.authenticate(request) is not None)
print(json.dumps([accepted, backend.www_authenticate_challenge(error="invalid_token")]))
"""


def test_default_backend_accepts_every_resource_or_none_as_the_page_says(project):
    accepted, challenge = json.loads(project.execute(DEFAULT))
    assert accepted == [True] * 3 + [False] * 3
    assert f'resource_metadata="{MCP}/.well-known/oauth-protected-resource"' in challenge
