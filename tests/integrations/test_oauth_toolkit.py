"""`docs/integrations/oauth-toolkit.md`: django-oauth-toolkit as the authorization server."""

from __future__ import annotations

import json

import pytest

from tests import ASM, ORIGIN, PRM
from tests.integrations.pages import page

PAGE = page("oauth-toolkit.md")
MCP = f"{ORIGIN}/mcp"


@pytest.fixture(scope="module")
def given(project):
    """Return what a client is given for what it asks, as an MCP client does."""
    return project.walk(
        {"allow": "true"},
        {
            "right": {"scope": "mcp", "resource": MCP},
            "revoked": {"scope": "mcp", "resource": MCP},
            "no resource": {"scope": "mcp"},
            "the origin": {"scope": "mcp", "resource": ORIGIN},
            "another resource": {"scope": "mcp", "resource": f"{ORIGIN}/other"},
            "another site": {"scope": "mcp", "resource": "https://evil.example/mcp"},
            "final slash": {"scope": "mcp", "resource": f"{MCP}/"},
            "no question": {"scope": "mcp", "resource": MCP, "approval_prompt": "auto"},
        },
    )


@pytest.fixture(scope="module")
def token(given):
    return given["right"]["access_token"]


def test_checks_find_nothing(project):
    project.manage("check", "--fail-level=WARNING")


def test_status_is_the_shown_one(curl, answer):
    assert answer.status == curl.status


def test_challenge_leads_to_the_metadata(site):
    challenge = site.ask("/mcp", "POST").headers["www-authenticate"]
    assert challenge == f'Bearer resource_metadata="{ORIGIN}{PRM}/mcp", scope="mcp"'
    assert site.ask(f"{PRM}/mcp").json["authorization_servers"] == [ORIGIN]
    assert site.ask(ASM).json["token_endpoint"] == f"{ORIGIN}/oauth/mcp/token"


def test_token_that_a_client_was_given_is_of_its_user(site, token):
    assert site.ask("/mcp", "POST", token=token).json == {"hello": "ada"}


@pytest.mark.parametrize("name", ["no resource", "final slash"])
def test_token_for_the_only_resource_is_taken(site, given, name):
    answer = site.ask("/mcp", "POST", token=given[name]["access_token"])
    assert answer.json == {"hello": "ada"}


def test_refresh_token_is_refused(site, given):
    assert site.ask("/mcp", "POST", token=given["right"]["refresh_token"]).status == 401


def test_revoked_token_is_refused(site, project, given):
    token = given["revoked"]["access_token"]
    assert site.ask("/mcp", "POST", token=token).status == 200
    project.execute(f"""
import hashlib
from oauth2_provider.models import get_access_token_model
checksum = hashlib.sha256({token!r}.encode()).hexdigest()
get_access_token_model().objects.get(token_checksum=checksum).revoke()
""")
    assert site.ask("/mcp", "POST", token=token).status == 401


def test_user_is_asked_again_whatever_the_link_says(given):
    # Where there is no page with a form, the walk ends.
    assert given["no question"]["access_token"]


@pytest.mark.parametrize("name", ["the origin", "another resource", "another site"])
def test_other_resource_is_refused_before_the_user_is_asked(given, name):
    assert given[name] == {"status": 400, "location": None}


# What the token endpoint answers to a NUL, and to a form that is too large.
FAILURES = """
import json
from django.test import Client
from mcp_oauth_discovery.models import SigningKey
client = Client(headers={"host": "app.example.com"})
texts = ("\\0", 3_000_000 * "x")
forms = [{"grant_type": "refresh_token", "refresh_token": text} for text in texts]
answers = [client.post("/oauth/mcp/token", form) for form in forms]
print(json.dumps([[one.status_code, one.json()["error"]] for one in answers]))
"""


def test_token_endpoint_answers_bad_input_in_json(project):
    assert json.loads(project.execute(FAILURES)) == [[400, "invalid_request"]] * 2


# Answers over plain http, to where no client is, and for a client that nobody knows. Only the admin
# could add this one.
PLAIN = """
import json
from django.contrib.auth import get_user_model
from django.test import Client
from oauth2_provider.models import Application
browser = Client(headers={"host": "app.example.com"})
user, _ = get_user_model().objects.get_or_create(username="ada")
browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
callback = "http://client.example/callback"
members = {"client_type": "public", "authorization_grant_type": "authorization-code"}
client = Application.objects.create(redirect_uris=callback, **members)
asked = {"response_type": "code", "code_challenge": "c" * 43, "code_challenge_method": "S256"}
asked |= {"client_id": client.client_id, "scope": "mcp"}
plain = {**asked, "redirect_uri": callback}
foreign = {**asked, "redirect_uri": "https://evil.example/callback"}
nobody = {**plain, "client_id": "nobody"}
answers = [browser.get("/oauth/mcp/authorize", one) for one in (asked, plain, foreign, nobody)]
for one in (plain, foreign, nobody):
    answers += [browser.post("/oauth/mcp/authorize", {**one, **b}) for b in ({}, {"allow": "true"})]
print(json.dumps([[one.status_code, one.headers.get("location")] for one in answers]))
"""


def test_no_answer_goes_over_plain_http_beyond_loopback(project):
    answers = json.loads(project.execute(PLAIN))
    assert answers == [[400, None]] * 10


# What a client gets from the two buttons of the page.
ANSWERS = """
import json
from urllib.parse import parse_qs, urlsplit
from django.contrib.auth import get_user_model
from django.test import Client
browser = Client(headers={"host": "app.example.com"})
user, _ = get_user_model().objects.get_or_create(username="ada")
browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
callback = "https://client.example/callback"
members = {"redirect_uris": [callback], "token_endpoint_auth_method": "none"}
client = browser.post("/oauth/mcp/register", members, "application/json").json()
asked = {"response_type": "code", "code_challenge": "c" * 43, "code_challenge_method": "S256"}
asked |= {"client_id": client["client_id"], "redirect_uri": callback, "scope": "mcp"}
answers = [browser.post("/oauth/mcp/authorize", {**asked, **b}) for b in ({}, {"allow": "true"})]
print(json.dumps([parse_qs(urlsplit(one["location"]).query) for one in answers]))
"""


def test_both_answers_of_the_page_have_the_announced_iss(site, project):
    cancelled, allowed = json.loads(project.execute(ANSWERS))
    assert cancelled["error"] == ["access_denied"]
    assert allowed["code"]
    assert cancelled["iss"] == allowed["iss"] == [site.ask(ASM).json["issuer"]] == [ORIGIN]
    assert site.ask(ASM).json["authorization_response_iss_parameter_supported"] is True


@pytest.mark.parametrize("name", ["oauth-authorization-server", "oauth-protected-resource"])
@pytest.mark.parametrize("suffix", ["", "/mcp"])
def test_documents_of_django_oauth_toolkit_are_not_there(site, name, suffix):
    assert site.ask(f"/oauth/mcp/.well-known/{name}{suffix}").status == 404


# The documents of django-oauth-toolkit, where a site includes all of its URLs.
WHOLE = """
import json, types
from django.conf import settings
from django.test import Client, override_settings
from django.urls import include, path
whole = types.ModuleType("whole")
whole.urlpatterns = [path("o/", include("oauth2_provider.urls"))]
found = []
for issuer in (settings.MCP_ISSUER, ""):
    provider = {**settings.OAUTH2_PROVIDER, "OIDC_ISS_ENDPOINT": issuer}
    with override_settings(ROOT_URLCONF=whole, OAUTH2_PROVIDER=provider):
        client = Client(headers={"host": "app.example.com"})
        for name in ("authorization-server", "protected-resource/mcp"):
            found.append(client.get(f"/o/.well-known/oauth-{name}", secure=True).json())
print(json.dumps(found))
"""


def test_included_whole_it_disagrees_as_the_page_says(site, project):
    theirs, resource, unpinned, _ = json.loads(project.execute(WHOLE))
    ours = site.ask(ASM).json
    assert theirs["issuer"] == ours["issuer"]
    assert set(theirs["grant_types_supported"]) > set(ours["grant_types_supported"])
    assert "none" in ours["token_endpoint_auth_methods_supported"]
    assert "none" not in theirs["token_endpoint_auth_methods_supported"]
    assert "jwks_uri" not in theirs
    assert unpinned["issuer"] == f"{ORIGIN}/o"
    assert resource["resource"] == f"{ORIGIN}/o/mcp"
