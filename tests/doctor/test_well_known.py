from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.walk.well_known import (
    Role,
    last_address,
    resource_addresses,
    server_addresses,
)

H = "https://h.example.com"
PRM = f"{H}/.well-known/oauth-protected-resource"
OAUTH = f"{H}/.well-known/oauth-authorization-server"
OPENID = f"{H}/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (H, [PRM]),
        (f"{H}/", [PRM]),
        (f"{H}/mcp", [f"{PRM}/mcp", PRM]),
        (f"{H}/a/mcp/", [f"{PRM}/a/mcp/", f"{PRM}/a/mcp", PRM]),
        (f"{H}/mcp?tenant=7", [f"{PRM}/mcp?tenant=7", PRM]),
        (f"{H}?tenant=7", [f"{PRM}?tenant=7"]),
    ],
)
def test_addresses_of_a_resource(endpoint, expected):
    assert [url for _, url in resource_addresses(endpoint)] == expected


@pytest.mark.parametrize(
    ("issuer", "last"), [(H, None), (f"{H}/", None), (f"{H}/t1", OAUTH), (f"{H}/t1/", OAUTH)]
)
def test_last_address_of_a_server_is_the_root(issuer, last):
    assert last_address(issuer) == last


def test_named_address_comes_first():
    [first, *_] = resource_addresses(f"{H}/mcp", "https://h.example.com/metadata")
    assert first == (Role.CHALLENGE, "https://h.example.com/metadata")


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        (H, [OAUTH, OPENID]),
        (f"{H}/", [OAUTH, OPENID]),
        (
            f"{H}/t1",
            [f"{OAUTH}/t1", f"{OPENID}/t1", f"{H}/t1/.well-known/openid-configuration"],
        ),
        (
            f"{H}/t1/",
            [f"{OAUTH}/t1", f"{OPENID}/t1", f"{H}/t1/.well-known/openid-configuration"],
        ),
    ],
)
def test_addresses_of_a_server(issuer, expected):
    assert [url for _, url in server_addresses(issuer)] == expected
