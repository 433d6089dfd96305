"""What is known about outside providers: which origins are outside, and the form of issuers."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.steps.outside import form_of, is_outside, issuer_to_name
from mcp_oauth_discovery.doctor.walk.observations import Walk
from tests.doctor.provider_forms_more import PROVIDERS
from tests.doctor.world import ENDPOINT, ORIGIN, PAGE

OTHER = "https://login.example.net/.well-known/jwks.json"


@pytest.mark.parametrize(("url", "expected"), [(OTHER, True), (f"{ORIGIN}/any", False)])
def test_other_origins_are_outside(url, expected):
    assert is_outside(Walk(ENDPOINT, PAGE), url) is expected


def test_every_origin_that_answers_in_process_belongs_to_the_project():
    assert not is_outside(Walk(ENDPOINT, PAGE, in_process=True), OTHER)


@pytest.mark.parametrize(
    "provider",
    [provider for provider in PROVIDERS if provider.name != "fusionauth"],
    ids=lambda provider: provider.name,
)
def test_form_of_the_issuers_of_each_provider_is_known(provider):
    assert "https://" in form_of(provider.issuer)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.example.net",
        "https://id.execute-api.eu-west-1.amazonaws.com/prod",
        "https://auth0.com.example.net",
        "no URL",
    ],
)
def test_no_form_is_made_up_for_other_hosts(issuer):
    assert form_of(issuer) == ""


@pytest.mark.parametrize(
    ("issuer", "start"),
    [
        ("https://login.example.net/one", "Write exactly https://login.example.net/one in "),
        ("https://id.example.net", "If https://id.example.net is your provider, write exactly "),
        ("http://login.example.net", "The provider does not know its public URL"),
    ],
)
def test_issuer_of_a_provider_is_written_out(issuer, start):
    assert issuer_to_name("https://login.example.net", issuer).startswith(start)
