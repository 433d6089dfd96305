"""Do the views of a project accept the tokens that django-oauth-toolkit issues?"""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.project.issuing import refused_tokens

pytestmark = pytest.mark.django_db

GENERATOR = "mcp_oauth_discovery.contrib.oauth_toolkit.access_token"


@pytest.fixture
def random_tokens(healthy):
    """The toolkit issues random strings, and the endpoint accepts only JWTs."""
    healthy.ROOT_URLCONF = "tests.doctor.toolkit_urls"
    healthy.OAUTH2_PROVIDER = {}
    return healthy


def test_random_tokens_for_a_view_that_accepts_only_jwts_are_an_error(random_tokens, run):
    output, message = run("check")
    assert "jwks-cannot-sign" in output
    assert "the view at /mcp" in " ".join(output.split())
    assert "Expected: tokens that the MCP endpoint accepts\n" in output
    assert message.startswith("1 error")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("OAUTH2_PROVIDER", {"ACCESS_TOKEN_GENERATOR": GENERATOR}),
        ("OAUTH2_PROVIDER", {"OAUTH2_SERVER_KWARGS": {"token_generator": str}}),
        ("MCP_ISSUER", None),
        ("MCP_AUTHORIZATION_SERVERS", ["https://login.example.com"]),
        ("ROOT_URLCONF", "tests.doctor.protected_urls"),
        ("INSTALLED_APPS", ["django.contrib.contenttypes", "mcp_oauth_discovery"]),
    ],
)
def test_project_whose_tokens_may_be_accepted_has_no_fault(random_tokens, setting, value):
    setattr(random_tokens, setting, value)
    assert list(refused_tokens()) == []
