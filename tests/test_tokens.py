"""What a token is taken for; `test_users.py` has its users, `test_protection.py` the rest."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.protection import granted_scope


@pytest.mark.parametrize(
    ("claims", "granted"),
    [
        ({"scope": "a b"}, {"a", "b"}),
        ({"scope": ["a", 7]}, {"a"}),
        ({}, {""}),
        ({"scope": 7}, set()),
    ],
)
def test_granted_scope_is_that_of_the_token(claims, granted):
    assert granted_scope(claims) == granted
