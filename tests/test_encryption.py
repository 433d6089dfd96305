from __future__ import annotations

import traceback

import pytest
from cryptography.fernet import Fernet

from mcp_oauth_discovery.keys import encryption

OLD, NEW, OTHER = (encryption.derive_key(secret) for secret in ("old", "new", "other"))


def test_what_is_encrypted_is_decrypted():
    assert encryption.decrypt(encryption.encrypt("schlüssel", [NEW]), [NEW]) == "schlüssel"


def test_what_is_encrypted_cannot_be_read():
    assert "private" not in encryption.encrypt("private", [NEW])


def test_first_key_encrypts():
    assert encryption.decrypt(encryption.encrypt("text", [NEW, OLD]), [NEW]) == "text"


@pytest.mark.parametrize("keys", [[NEW, OLD], [OLD, NEW]], ids=["last", "first"])
def test_every_key_decrypts(keys):
    assert encryption.decrypt(encryption.encrypt("text", [OLD]), keys) == "text"


@pytest.mark.parametrize(
    "token", [encryption.encrypt("text", [OTHER]), "", "nonsense", "é"], ids=["other-key", *"abc"]
)
def test_what_no_key_opens_cannot_be_decrypted(token):
    with pytest.raises(encryption.CannotDecrypt):
        encryption.decrypt(token, [NEW, OLD])


def test_what_was_tampered_with_cannot_be_decrypted():
    token = encryption.encrypt("text", [NEW])
    changed = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    with pytest.raises(encryption.CannotDecrypt):
        encryption.decrypt(changed, [NEW])


def test_derived_key_is_the_same_for_ever():
    # A change of this value would lock every project out that has not set its own keys.
    assert encryption.derive_key("secret") == "Q430Ax2cVAExk7M3HbbsctqtDM6i7lFH7k2iofGRaOE="


def test_derived_key_is_a_fernet_key():
    assert Fernet(NEW)


def test_secrets_that_differ_derive_keys_that_differ():
    assert len({encryption.derive_key(secret) for secret in ("a", "b", "A", "é", "")}) == 5


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        pytest.param([NEW, "nonsense"], "number 2 is not a Fernet key", id="nonsense"),
        pytest.param(["é" * 43], "number 1 is not a Fernet key", id="beyond-ascii"),
        pytest.param([""], "number 1 is not a Fernet key", id="empty"),
        pytest.param([NEW[:-4]], "number 1 is not a Fernet key", id="short"),
        pytest.param([NEW.encode()], "number 1 is not a string", id="bytes"),
        pytest.param([None], "number 1 is not a string", id="none"),
    ],
)
def test_what_is_no_key_is_named_by_its_place(keys, problem):
    with pytest.raises(ValueError, match=f"^{problem}$"):
        encryption.check_keys(keys)


def test_keys_pass_the_check():
    encryption.check_keys([NEW, OLD, Fernet.generate_key().decode()])


def test_no_key_is_in_a_traceback():
    with pytest.raises(encryption.CannotDecrypt) as caught:
        encryption.decrypt(encryption.encrypt("text", [OTHER]), [NEW])
    assert NEW not in "".join(traceback.format_exception(caught.value))


def test_no_key_is_in_the_traceback_of_a_check():
    keys = [NEW, NEW[::-1]]
    with pytest.raises(ValueError, match="number 2") as caught:
        encryption.check_keys(keys)
    text = "".join(traceback.format_exception(caught.value))
    assert not any(key in text for key in keys)
