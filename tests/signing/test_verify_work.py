"""How often `verify_jwt` parses, decodes and verifies, counted in calls and not in seconds."""

from __future__ import annotations

import json

import pytest
from joserfc import util
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry, validate_compact

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.signing import sign_jwt
from mcp_oauth_discovery.signing.published import PublishedKey, published_keys
from tests.keys import NOW, make_key
from tests.signing.calls import calls
from tests.signing.tokens import CLAIMS, refused, verify

pytestmark = pytest.mark.django_db


IMPORTS = [kind.binding.import_from_dict.__func__ for kind in (RSAKey, ECKey, OKPKey)]


@pytest.fixture
def token(each):
    token = sign_jwt(CLAIMS, algorithm=each.algorithm, now=NOW)
    # The reading itself parses every key, to compare its thumbprint.
    published_keys.at(NOW)
    return token


def test_first_verification_parses_the_key(token):
    with calls(*IMPORTS) as counted:
        verify(token)
    assert counted() == 1


def test_further_verifications_use_the_parsed_key(token):
    verify(token)
    with calls(*IMPORTS) as counted:
        verify(token)
        refused(f"{token[:-4]}AAAA")
    assert counted() == 0


def test_parsed_key_belongs_to_its_reading(key):
    (before,) = published_keys.at(NOW)
    parsed = before.parsed
    rotation.revoke(key, now=NOW)
    (after,) = published_keys.at(NOW)
    assert before.parsed is parsed
    assert after.parsed.thumbprint() == after.kid != before.kid


@pytest.mark.parametrize(
    ("function", "most"),
    [(util.urlsafe_b64decode, 3), (json.loads, 2), (validate_compact, 1)],
    ids=["parts", "json", "signature"],
)
def test_each_part_of_a_token_is_read_once(token, function, most):
    verify(token)
    with calls(function) as counted:
        verify(token)
    assert counted() == most


def test_warm_verification_makes_no_registry(token):
    verify(token)
    with calls(JWSRegistry.__init__) as counted:
        verify(token)
    assert counted() == 0


def test_only_the_key_of_the_token_is_looked_at(token):
    for _ in range(3):
        make_key("EdDSA")
    verify(token)
    with calls(PublishedKey.is_published) as counted:
        verify(token)
    assert counted() == 1
