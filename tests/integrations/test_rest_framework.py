"""`docs/integrations/rest-framework.md`: an endpoint that is an APIView."""

from __future__ import annotations

import pytest

from tests import ORIGIN, PRM
from tests.integrations.pages import page

PAGE = page("rest-framework.md")
CHALLENGE = f'Bearer resource_metadata="{ORIGIN}{PRM}/mcp", scope="mcp"'
OTHER_TOKENS = {
    "another scope": ('"scope": "mcp"', '"scope": "read"'),
    "another audience": (f"{ORIGIN}/mcp", f"{ORIGIN}/other"),
    "expired": ("+ 300", "- 300"),
}


def test_checks_ask_for_an_authorization_server_alone(project):
    assert project.checks() == ["mcp_oauth_discovery.W017"]


def test_status_is_the_shown_one(curl, answer):
    assert answer.status == curl.status


def test_challenge_leads_to_the_metadata(site):
    headers = site.ask("/mcp", "POST").headers
    assert headers["www-authenticate"] == CHALLENGE
    assert headers["access-control-expose-headers"].lower() == "www-authenticate"
    assert headers["cache-control"] == "no-store"
    metadata = site.ask(f"{PRM}/mcp").json
    assert metadata["resource"] == f"{ORIGIN}/mcp"
    assert metadata["scopes_supported"] == ["mcp"]


def test_view_knows_user_and_client(site, token):
    answer = site.ask("/mcp", "POST", token=token)
    assert answer.json == {"hello": "ada", "client": "shell"}


@pytest.mark.parametrize(
    ("name", "status"), [("another scope", 403), ("another audience", 401), ("expired", 401)]
)
def test_token_is_refused(site, other_tokens, name, status):
    answer = site.ask("/mcp", "POST", token=other_tokens[name])
    assert answer.status == status
    assert f'resource_metadata="{ORIGIN}{PRM}/mcp"' in answer.headers["www-authenticate"]


def test_negotiation_of_rest_framework_would_say_406(project, tmp_path):
    changed = PAGE.files["views.py"].replace("    content_negotiation_class = FirstRenderer\n", "")
    code = f"""
import sys, types
from django.test import RequestFactory
views = types.ModuleType("project.changed")
exec({changed!r}, vars(views))
request = RequestFactory().get("/mcp", headers={{"accept": "text/event-stream"}})
print(views.MCPView.as_view()(request).status_code)
"""
    assert project.execute(code) == "406"
