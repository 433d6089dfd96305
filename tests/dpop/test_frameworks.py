"""What frameworks and django-cors-headers must know about DPoP, beside the answers themselves."""

from __future__ import annotations

import re

import pytest
from rest_framework.authentication import BaseAuthentication

from mcp_oauth_discovery.contrib.ninja import BearerAuth
from mcp_oauth_discovery.contrib.rest_framework import BearerAuthentication, BearerChallengeMixin
from mcp_oauth_discovery.cors import (
    DPOP_EXPOSED_HEADERS,
    DPOP_REQUEST_HEADERS,
    MCP_EXPOSED_HEADERS,
    MCP_REQUEST_HEADERS,
)
from mcp_oauth_discovery.protection import BearerProtection, bearer_required
from tests.dpop import endpoints


def test_class_that_verifies_no_proofs_cannot_offer_them():
    text = "The protection of Own has dpop, which only BearerAuthentication verifies."
    with pytest.raises(TypeError, match=f"^{re.escape(text)}"):

        class Own(BearerChallengeMixin, BaseAuthentication):
            protection = BearerProtection("/mcp", dpop="accept")


def test_class_that_verifies_proofs_can_offer_them():
    class Own(BearerAuthentication):
        protection = BearerProtection("/mcp", dpop="require")

    assert Own.protection.dpop == "require"


@pytest.mark.parametrize(
    ("dpop", "scheme"), [(None, "bearer"), ("accept", "bearer"), ("require", "dpop")]
)
def test_schema_of_ninja_names_the_scheme(dpop, scheme):
    auth = BearerAuth(BearerProtection("/mcp", dpop=dpop))
    assert auth.openapi_security_schema == {"type": "http", "scheme": scheme}


@pytest.mark.parametrize("dpop", [True, "", "Accept", "required", ["accept"]])
def test_other_values_of_the_option_fail_when_the_project_is_loaded(dpop):
    text = f'dpop is {dpop!r}; expected "accept" or "require".'
    for protect in (BearerProtection, bearer_required):
        with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
            protect("/mcp", dpop=dpop)


def test_django_cors_headers_lets_proofs_in_and_nonces_out(client, settings):
    settings.ROOT_URLCONF = "tests.dpop.endpoints"
    settings.CORS_ALLOW_HEADERS = (*MCP_REQUEST_HEADERS, *DPOP_REQUEST_HEADERS)
    settings.CORS_EXPOSE_HEADERS = (*MCP_EXPOSED_HEADERS, *DPOP_EXPOSED_HEADERS)
    path = f"{endpoints.prefix('accept', 'function')}/mcp"
    headers = {
        "host": "app.example.com",
        "origin": "https://client.example.com",
        "access-control-request-method": "POST",
    }
    preflight = client.options(path, headers=headers)
    assert "dpop" in preflight["Access-Control-Allow-Headers"].split(", ")
    answer = client.post(path, headers=headers)
    assert "dpop-nonce" in answer["Access-Control-Expose-Headers"].lower().split(", ")
