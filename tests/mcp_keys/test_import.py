"""`mcp_keys import`: what it takes in, and what it says of it."""

from __future__ import annotations

from io import StringIO

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat
from django.core.management import call_command
from joserfc.jwk import OKPKey

from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey, State
from tests.mcp_keys.command import active, document, fails, mcp_keys, pending
from tests.mcp_keys.files import ED, KEYS, RSA, private_jwk, private_pem, public_jwk, public_pem

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("form", ["pem", "jwk"])
@pytest.mark.parametrize("algorithm", KEYS)
def test_import_takes_in_a_private_key(file, algorithm, form):
    native, key = KEYS[algorithm]
    said = mcp_keys(
        "import", file(private_pem(native) if form == "pem" else private_jwk(algorithm))
    )
    start = stamp(active(algorithm).activates_at)
    assert said == f"{algorithm}: imported {key.thumbprint()}, signs from {start}.\n"
    assert active(algorithm).unseal().as_dict(private=True) == key.as_dict(private=True)


@pytest.mark.parametrize("form", ["pem", "jwk"])
@pytest.mark.parametrize("algorithm", KEYS)
def test_import_takes_in_a_public_key(file, algorithm, form):
    native, key = KEYS[algorithm]
    path = file(public_pem(native) if form == "pem" else public_jwk(algorithm))
    said = mcp_keys("import", path, "--public-only")
    imported = SigningKey.objects.get()
    until = stamp(imported.expires_at)
    assert said == f"{algorithm}: imported {key.thumbprint()}, published until {until}.\n"
    assert (imported.private_key, imported.is_published(), active(algorithm)) == ("", True, None)


def test_imported_key_is_the_successor_of_the_active_one(key, file):
    mcp_keys("import", file(private_pem(ED)))
    assert (active(), pending().kid) == (key, KEYS["EdDSA"][1].thumbprint())


def test_imported_kid_that_begins_with_a_dash_comes_after_two(file):
    # No key that is made here has such a kid.
    made = (OKPKey.generate_key("Ed25519") for _ in range(10_000))
    key = next(key for key in made if key.thumbprint().startswith("-"))
    mcp_keys("import", file(private_pem(key.private_key)))
    mcp_keys("revoke", "--", key.thumbprint())
    assert SigningKey.objects.get(kid=key.thumbprint()).state() is State.REVOKED


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_import_reads_what_openssl_has_written(file, form, ends):
    mcp_keys("import", file(private_pem(RSA, form=form).replace(b"\n", ends)))
    assert active("RS256").kid == KEYS["RS256"][1].thumbprint()


def test_import_as_json_tells_the_key(file):
    imported = document("import", file(private_jwk("EdDSA")))["imported"]
    assert (imported["kid"], imported["state"]) == (active().kid, "active")


@pytest.mark.parametrize(
    ("make", "options", "advice"),
    [
        (private_jwk, [], ""),
        (
            public_jwk,
            ["--public-only"],
            " To publish it under the other kid, run the command again with --keep-kid.",
        ),
    ],
    ids=["private", "public"],
)
@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["text", "json"])
def test_import_warns_of_a_kid_that_will_not_be_found(file, make, options, advice, as_json):
    stdout, stderr = StringIO(), StringIO()
    path = file(make("EdDSA", kid="2011-04-29"))
    call_command("mcp_keys", "import", path, *options, *as_json, stdout=stdout, stderr=stderr)
    assert stderr.getvalue() == (
        "Warning: the file has the kid '2011-04-29'. The key is published as "
        f"{SigningKey.objects.get().kid}; tokens with the other kid cannot be verified "
        f"with this JWK Set.{advice}\n"
    )
    assert "Warning" not in stdout.getvalue()


def test_import_does_not_warn_of_the_thumbprint(file):
    mcp_keys("import", file(private_jwk("EdDSA", kid=KEYS["EdDSA"][1].thumbprint())))


def test_import_does_what_its_warning_advises(file):
    path = file(public_jwk("EdDSA", kid="2011-04-29"))
    call_command("mcp_keys", "import", path, "--public-only", stdout=StringIO(), stderr=StringIO())
    said = mcp_keys("import", path, "--public-only", "--keep-kid")
    imported = SigningKey.objects.get()
    until = stamp(imported.expires_at)
    assert said == f"EdDSA: imported 2011-04-29, published until {until}.\n"
    assert imported.published_jwk["kid"] == imported.kid == "2011-04-29"


def test_import_keeps_a_kid_as_json(file):
    path = file(b'{"keys": [%b]}' % public_jwk("RS256", kid="https://login.example.com/#1"))
    imported = document("import", path, "--public-only", "--keep-kid")["imported"]
    assert imported["kid"] == "https://login.example.com/#1"
    assert imported["in_jwk_set"] is True


def test_import_keeps_no_kid_of_a_private_key(file):
    path = file(private_jwk("EdDSA", kid="mine"))
    assert fails("import", path, "--keep-kid") == (
        "A key that signs here has its thumbprint as kid. Add --public-only, or leave out "
        "--keep-kid."
    )
    assert fails("import", path, "--public-only", "--keep-kid").startswith(
        "The file holds a private key. "
    )


def der(native):
    return native.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("algorithm", KEYS)
def test_import_takes_in_der(file, algorithm):
    native, key = KEYS[algorithm]
    mcp_keys("import", file(der(native)), "--public-only")
    assert SigningKey.objects.get().kid == key.thumbprint()
