"""`mcp_keys reencrypt`"""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from mcp_oauth_discovery import rotation
from tests.mcp_keys.command import active, document, fails, mcp_keys

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "Encrypted 0 private keys with the newest encryption key.\n"),
        (1, "Encrypted 1 private key with the newest encryption key.\n"),
        (2, "Encrypted 2 private keys with the newest encryption key.\n"),
    ],
)
def test_reencrypt_says_how_many(count, said):
    for _ in range(count):
        rotation.rotate("EdDSA")
    assert mcp_keys("reencrypt") == said


def test_reencrypt_makes_former_secrets_dispensable(key, settings):
    settings.MCP_KEY_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert document("reencrypt") == {"reencrypted": [key.kid]}
    settings.SECRET_KEY = "another one"
    assert active().unseal().thumbprint() == key.kid


def test_reencrypt_with_a_lost_secret_names_the_way_out(key, settings):
    settings.SECRET_KEY = "another one"
    line = fails("reencrypt")
    assert line.startswith(f"The private key of {key.kid} cannot be decrypted: ")
    assert "Put the former SECRET_KEY into SECRET_KEY_FALLBACKS" in line
