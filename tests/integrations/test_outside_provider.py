"""`docs/integrations/outside-provider.md`: tokens of an issuer elsewhere, for each provider."""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from tests import ORIGIN, PRM
from tests.integrations.pages import page
from tests.integrations.projects import make
from tests.markdown import blocks, section
from tests.outside.providers import FORMS, GUID, MCP, Provider, rsa_key
from tests.outside.servers import serving

PAGE = page("outside-provider.md")
AUTH0 = "https://TENANT.auth0.com/"
# The lines of each provider, by the form of its stand-in.
LINES = dict(
    zip(
        ("auth0", "keycloak", "entra", "okta", "cognito", "workos"),
        blocks(PAGE.text, "py"),
        strict=True,
    )
)


@pytest.fixture(scope="module")
def provider():
    """Auth0 as the page has it, whose issuer has a final slash."""
    with serving() as server:
        yield Provider(FORMS["auth0"], server, server)


@pytest.fixture(scope="module")
def project(provider, tmp_path_factory):
    here = replace(PAGE, text=PAGE.text.replace(AUTH0, provider.issuer))
    return make(here, tmp_path_factory.mktemp("page"), Path(sys.executable), {})


@pytest.fixture(scope="module")
def token(provider):
    return provider.token()


def test_checks_find_nothing(project):
    project.manage("check", "--fail-level=WARNING")


def test_status_is_the_shown_one(curl, answer):
    assert answer.status == curl.status


def test_metadata_names_the_provider_to_the_letter(site, provider):
    metadata = site.ask(f"{PRM}/mcp").json
    assert metadata["resource"] == MCP
    assert metadata["authorization_servers"] == [provider.issuer]


def test_challenge_leads_to_the_metadata(site):
    challenge = site.ask("/mcp", "POST").headers["www-authenticate"]
    assert challenge == f'Bearer resource_metadata="{ORIGIN}{PRM}/mcp", scope="mcp"'


def test_token_by_another_key_of_the_same_name_is_refused(site, provider):
    answer = site.ask("/mcp", "POST", token=provider.token(key=rsa_key(2)))
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_id_token_has_no_scope(site, provider):
    answer = site.ask("/mcp", "POST", token=provider.token(scope=None))
    assert answer.status == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


# The lines of each provider


def assigned(name, provider):
    """Return the settings of the lines of a provider, with the stand-in in its place."""
    lines = re.sub(r'"https://(?!app\.)[^"]+"', repr(provider.issuer), LINES[name])
    settings = {}
    exec(lines.replace("CLIENT-ID", GUID), settings)  # noqa: S102
    return {key: value for key, value in settings.items() if key.isupper()}


@pytest.fixture(params=LINES)
def view(request, settings):
    """The protected view of the page with the lines of one provider."""
    with ExitStack() as stack:
        server = stack.enter_context(serving())
        provider = Provider(FORMS[request.param], server, server)
        settings.MCP_RESOURCE = MCP
        for key, value in assigned(request.param, provider).items():
            setattr(settings, key, value)
        names = {}
        exec(PAGE.files["urls.py"], names)  # noqa: S102
        assert django_settings.PROVIDER_SCOPE
        yield names["mcp"], provider


def test_provider_has_three_lines():
    assert {name: len(lines.splitlines()) for name, lines in LINES.items()} == dict.fromkeys(
        LINES, 3
    )


def test_token_of_the_provider_lets_in(rf, view):
    mcp, provider = view
    token = provider.token()
    request = rf.post("/mcp", headers={"authorization": f"Bearer {token}"})
    assert mcp(request).status_code == 200


def test_token_without_the_scope_is_answered_with_the_one_to_request(rf, view, settings):
    mcp, provider = view
    token = provider.token(scope=None, scp="other")
    response = mcp(rf.post("/mcp", headers={"authorization": f"Bearer {token}"}))
    assert response.status_code == 403
    assert f'scope="{settings.PROVIDER_SCOPE}"' in response["WWW-Authenticate"]


def test_token_for_another_audience_is_refused(rf, view):
    mcp, provider = view
    token = provider.token(aud=f"{ORIGIN}/other")
    request = rf.post("/mcp", headers={"authorization": f"Bearer {token}"})
    assert mcp(request).status_code == 401


def test_outage_of_the_provider_is_no_reason_to_sign_in_again(rf, view):
    mcp, provider = view
    provider.server.replies.clear()
    request = rf.post("/mcp", headers={"authorization": f"Bearer {provider.token()}"})
    response = mcp(request)
    assert response.status_code == 503
    assert int(response["Retry-After"]) >= 1
    assert not response.has_header("WWW-Authenticate")


def test_lines_in_the_settings_are_those_of_auth0():
    code = PAGE.files["settings.py"]
    assert all(line.split("  #")[0] in code for line in LINES["auth0"].splitlines())


def test_table_has_every_provider():
    table = section(PAGE.text, "What differs")
    for name in ("Auth0", "Keycloak", "Entra", "Okta", "Cognito", "WorkOS", "Google"):
        assert name in table
