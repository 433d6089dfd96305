"""Whatever is refused: neither the debug page nor the mail to the admins shows anything private."""

from __future__ import annotations

import json
import re

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from django.core.management import call_command
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys import encryption, jwk, policy
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing import sign_jwt
from tests import ORIGIN
from tests.keys import ED, PRIVATE_MEMBERS, VECTORS, as_file
from tests.mcp_keys import files
from tests.mcp_keys.unsuitable import UNSUITABLE

pytestmark = pytest.mark.django_db

PRIVATE = {
    **{f"{name}-pem": files.private_pem(native) for name, (native, _) in files.KEYS.items()},
    **{f"{name}-jwk": files.private_jwk(name) for name in files.KEYS},
    "encrypted": files.private_pem(files.ED, BestAvailableEncryption(b"password")),
}


@pytest.fixture(autouse=True)
def _page(settings):
    # The mail to the admins shows less: Django then hides what is marked as sensitive.
    settings.DEBUG = True
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]


def pages(act, *args, **kwargs):
    """Return what Django says, as HTML and as text, of the error that something ends with."""
    with pytest.raises(Exception) as caught:  # noqa: PT011
        act(*args, **kwargs)
    error = caught.value
    # Without the frame of this function, whose arguments are the secrets.
    beyond = error.__traceback__.tb_next
    report = ExceptionReporter(RequestFactory().get("/"), type(error), error, beyond)
    # Else there would be nothing to see.
    assert any("/mcp_oauth_discovery/" in one["filename"] for one in report.get_traceback_frames())
    return report.get_traceback_html() + report.get_traceback_text()


def quotable(text):
    """Return the pieces of a text that are long enough not to stand in any page by chance."""
    return set(re.findall(r"[\w+/=-]{16,}", text))


def secrets_of(key):
    members = {v for k, v in key.as_dict(private=True).items() if k in PRIVATE_MEMBERS}
    return members | quotable(jwk.to_pem(key))


LONG_ENOUGH = {
    name: octets for name, (octets, _) in UNSUITABLE.items() if quotable(octets.decode("latin-1"))
}


@pytest.mark.parametrize("octets", LONG_ENOUGH.values(), ids=LONG_ENOUGH)
def test_refused_file_is_not_shown(octets):
    page = pages(rotation.import_key, octets)
    assert not [part for part in quotable(octets.decode("latin-1")) if part in page]


@pytest.mark.parametrize("octets", PRIVATE.values(), ids=PRIVATE)
def test_private_file_that_is_to_be_public_is_not_shown(octets):
    page = pages(rotation.import_key, octets, public_only=True)
    assert not [part for part in quotable(octets.decode()) if part in page]


@pytest.mark.parametrize("name", ["EdDSA-pem", "EdDSA-jwk"])
def test_file_for_which_there_is_no_room_is_not_shown(name):
    rotation.rotate("EdDSA")
    rotation.rotate("EdDSA")
    page = pages(rotation.import_key, PRIVATE[name])
    assert not [part for part in quotable(PRIVATE[name].decode()) if part in page]


def test_file_that_the_command_refuses_is_not_shown(tmp_path):
    octets = files.private_pem(files.ED)
    (tmp_path / "key").write_bytes(octets)
    arguments = "mcp_keys", "import", "--public-only", str(tmp_path / "key")
    page = pages(call_command, *arguments)
    assert not [part for part in quotable(octets.decode()) if part in page]


def test_file_of_a_key_that_is_here_is_not_shown():
    octets = as_file(VECTORS[ED])
    rotation.import_key(octets)
    page = pages(rotation.import_key, octets)
    assert VECTORS[ED]["jwk"]["d"] not in page


def sealed(text):
    return encryption.encrypt(text, policy.encryption_keys())


OTHER = jwk.generate("EdDSA")
STORED = {
    "no-pem": lambda: "something that was private once upon a time",
    "no-ascii": lambda: "café-that-was-private",
    "cut": lambda: jwk.to_pem(OTHER)[:90],
    "of-another-key": lambda: jwk.to_pem(OTHER),
    "of-another-algorithm": lambda: jwk.to_pem(files.KEYS["ES256"][1]),
    "encrypted": lambda: PRIVATE["encrypted"].decode(),
    "not-encrypted-at-all": None,
}
ACTS = {
    "unseal": lambda: SigningKey.objects.get().unseal(),
    "sign": lambda: sign_jwt({"sub": "7"}),
    "reencrypt": rotation.reencrypt,
}


@pytest.mark.parametrize(
    ("made", "act"), [*[(name, "unseal") for name in STORED], ("cut", "sign"), ("cut", "reencrypt")]
)
def test_stored_private_half_that_is_none_is_told_and_not_shown(made, act):
    make = STORED[made]
    key = rotation.rotate("EdDSA")
    text = make() if make else jwk.to_pem(OTHER)
    SigningKey.objects.update(private_key=sealed(text) if make else text.replace("\n", ""))
    page = pages(ACTS[act])
    told = "The stored private key of" if make else "cannot be decrypted"
    assert told in page
    assert f"mcp_keys retire {key.kid}" in page
    assert not [part for part in quotable(text) if make and part in page]


def test_private_half_under_an_algorithm_that_is_not_known_is_told():
    rotation.rotate("EdDSA")
    SigningKey.objects.update(algorithm="ES384")
    page = pages(ACTS["unseal"])
    assert "The stored private key of" in page


def test_claims_that_are_no_json_do_not_give_the_key_away():
    key = rotation.rotate("EdDSA")
    page = pages(sign_jwt, {"sub": float("nan")})
    assert not [secret for secret in secrets_of(key.unseal()) if secret in page]


@pytest.mark.parametrize("act", [*ACTS.values(), lambda: rotation.rotate("ES256")])
def test_wrong_encryption_keys_are_not_shown(settings, act):
    rotation.rotate("EdDSA")
    good, bad = (Fernet.generate_key().decode()[cut:] for cut in (0, 8))
    settings.MCP_KEY_ENCRYPTION_KEYS = [good, bad]
    page = pages(act)
    assert "MCP_KEY_ENCRYPTION_KEYS" in page
    derived = encryption.derive_key(settings.SECRET_KEY)
    assert not [secret for secret in (good, bad, derived) if secret in page]
    assert json.dumps(good) not in page
