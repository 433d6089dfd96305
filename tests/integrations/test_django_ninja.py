"""`docs/integrations/django-ninja.md`: an API of django-ninja."""

from __future__ import annotations

import pytest

from tests import ORIGIN, PRM
from tests.integrations.pages import page

PAGE = page("django-ninja.md")
CHALLENGE = f'Bearer resource_metadata="{ORIGIN}{PRM}/mcp", scope="mcp"'
OTHER_TOKENS = {
    "another scope": ('"scope": "mcp"', '"scope": "read"'),
    "another audience": (f"{ORIGIN}/mcp", f"{ORIGIN}/other"),
    "expired": ("+ 300", "- 300"),
    "no user": ("str(user.pk)", '"12345"'),
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


def test_operation_knows_user_and_client(site, token):
    answer = site.ask("/mcp", "POST", token=token)
    assert answer.json == {"hello": "ada", "client": "shell"}
    assert answer.headers["cache-control"] == "private"


def test_operation_may_want_a_further_scope(site, project, token):
    refusal = site.ask("/mcp", token=token)
    assert refusal.json == {"error": "insufficient_scope"}
    assert 'scope="mcp reports"' in refusal.headers["www-authenticate"]
    code = PAGE.files["make_token.py"].replace('"scope": "mcp"', '"scope": "mcp reports"')
    assert set(site.ask("/mcp", token=project.execute(code)).json) == {"reader"}


@pytest.mark.parametrize(
    ("name", "status"),
    [("another scope", 403), ("another audience", 401), ("expired", 401), ("no user", 401)],
)
def test_token_is_refused(site, other_tokens, name, status):
    answer = site.ask("/mcp", "POST", token=other_tokens[name])
    assert answer.status == status
    assert f'resource_metadata="{ORIGIN}{PRM}/mcp"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("api.py", "BearerAuth(BearerProtection(", "(BearerProtection("),
        ("urls.py", "bearer_urls(api)", "api.urls"),
    ],
)
def test_wrong_wiring_is_reported(project, name, right, wrong):
    code = f"""
import sys, types
from mcp_oauth_discovery.checks import protections
changed = types.ModuleType("project.{name[:-3]}")
exec({PAGE.files[name].replace(right, wrong)!r}, vars(changed))
if {name!r} == "api.py":
    sys.modules["project.api"] = changed
    changed = types.ModuleType("project.urls")
    exec({PAGE.files["urls.py"]!r}, vars(changed))
sys.modules["project.urls"] = changed
print([one.id for one in protections.check_contracts()])
"""
    assert project.execute(code) == "['mcp_oauth_discovery.W038']"
