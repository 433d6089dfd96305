"""`mcp_keys import`: what it refuses."""

from __future__ import annotations

import json
import re

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import FormerKey, SigningKey
from tests.mcp_keys.command import ago, fails, mcp_keys, pending
from tests.mcp_keys.files import EC, ED, KEYS, private_jwk, private_pem, public_jwk, public_pem
from tests.mcp_keys.unsuitable import UNSUITABLE

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("octets", "problem"), UNSUITABLE.values(), ids=UNSUITABLE)
def test_import_refuses_unsuitable_keys_and_does_not_quote_them(key, file, octets, problem):
    line = fails("import", file(octets))
    assert re.search(problem, line)
    # Less than that may stand in any line by chance.
    quotable = re.findall(r"[\w+/=-]{16,}", octets.decode("latin-1"))
    assert not [part for part in quotable if part in line]


@pytest.mark.parametrize("name", ["not-a-pem", "rsa-1024-public", "neutral-point"])
def test_import_of_public_keys_refuses_unsuitable_ones(file, name):
    octets, problem = UNSUITABLE[name]
    assert re.search(problem, fails("import", file(octets), "--public-only"))


PRIVATE = {
    **{f"{name}-pem": private_pem(native) for name, (native, _) in KEYS.items()},
    **{f"{name}-jwk": private_jwk(name) for name in KEYS},
    "both-halves": public_pem(ED) + private_pem(ED),
}
PUBLIC = {
    **{f"{name}-pem": public_pem(native) for name, (native, _) in KEYS.items()},
    **{f"{name}-jwk": public_jwk(name) for name in KEYS},
}


@pytest.mark.parametrize("octets", PRIVATE.values(), ids=PRIVATE)
def test_import_of_public_keys_refuses_private_ones(file, octets):
    line = fails("import", file(octets), "--public-only")
    assert line.startswith("The file holds a private key. ")


@pytest.mark.parametrize("octets", PUBLIC.values(), ids=PUBLIC)
def test_import_of_private_keys_refuses_public_ones(file, octets):
    line = fails("import", file(octets))
    assert line == "The file holds a public key only, which cannot sign. Add --public-only."


@pytest.mark.parametrize("options", [[], ["--public-only"]], ids=["private", "public"])
def test_import_of_a_missing_file(tmp_path, options):
    path = str(tmp_path / "none")
    assert fails("import", path, *options) == f"{path} cannot be read: No such file or directory."


@pytest.mark.parametrize("options", [[], ["--public-only"]], ids=["private", "public"])
def test_import_of_a_device_that_never_ends(options):
    line = fails("import", "/dev/zero", *options)
    assert line.startswith("The file has more than 1048576 octets. ")


@pytest.mark.parametrize("path", ["a\0b", "\ud800"], ids=ascii)
def test_import_of_what_is_no_path(path):
    assert fails("import", path) == f"{path!r} cannot be the path of a file."


def test_import_of_a_directory(tmp_path):
    assert fails("import", str(tmp_path)) == f"{tmp_path} cannot be read: Is a directory."


def test_import_refuses_a_kid_that_is_here(file):
    path = file(private_pem(EC))
    mcp_keys("import", path)
    assert "was in the key store before" in fails("import", path)


def test_import_refuses_the_public_half_of_a_key_that_is_here(key, file):
    path = file(json.dumps(key.published_jwk).encode())
    assert "was in the key store before" in fails("import", path, "--public-only")


def test_import_refuses_a_kid_that_was_deleted(file):
    path = file(public_pem(EC))
    mcp_keys("import", path, "--public-only")
    SigningKey.objects.update(expires_at=ago(400))
    mcp_keys("prune")
    assert (SigningKey.objects.count(), FormerKey.objects.count()) == (0, 1)
    assert "was in the key store before" in fails("import", path, "--public-only")


def test_import_refuses_a_second_successor(key, file):
    rotation.rotate("EdDSA")
    line = fails("import", file(private_pem(ED)))
    assert line == f"The key {pending().kid} is pending for EdDSA. Revoke it first, or wait."
