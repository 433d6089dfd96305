"""The pages of the preset are translated, in each of their forms."""

from __future__ import annotations

import pytest
from django.utils.translation import gettext_lazy

from mcp_oauth_discovery.contrib.oauth_toolkit import oauth2_provider_settings
from tests.preset.conftest import browser, preset, question, visitor  # noqa: F401
from tests.translations.pseudo import faults

AUTHORIZE, LOGIN = "/oauth/mcp/authorize", "/oauth/mcp/login"
SCOPE = "Use the MCP server of this site on your behalf"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pseudo")]


def page(response, status=200):
    assert response.status_code == status
    return response.content.decode()


@pytest.mark.parametrize("names_server", [True, False], ids=["server", "no-server"])
def test_consent_is_translated(preset, browser, question, names_server):  # noqa: F811
    preset.OAUTH2_PROVIDER = oauth2_provider_settings(scopes={"mcp": gettext_lazy(SCOPE)})
    if not names_server:
        del question["resource"]
    text = page(browser.get(AUTHORIZE, question))
    assert SCOPE in text
    assert faults(text) == []


@pytest.mark.parametrize(
    "changed", [{"scope": "other"}, {"client_id": "other"}], ids=["scope", "client"]
)
def test_refusal_is_translated(browser, question, changed):  # noqa: F811
    text = page(browser.get(AUTHORIZE, {**question, **changed}), 400)
    assert "⟦This link does not work⟧" in text
    assert faults(text) == []


def test_sign_in_is_translated(visitor):  # noqa: F811
    assert faults(page(visitor.get(LOGIN))) == []
    assert faults(page(visitor.post(LOGIN, {"username": "ada"}))) == []
