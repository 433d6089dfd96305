"""Public keys from elsewhere that are published under the kid that they had there."""

from __future__ import annotations

import pytest
from joserfc import jwt
from joserfc.jwk import JWKRegistry

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys.jwk import public_pem
from mcp_oauth_discovery.models import SigningKey, Unpublishable
from mcp_oauth_discovery.signing import InvalidToken, verify_jwt
from mcp_oauth_discovery.signing.published import published_keys
from tests import ORIGIN
from tests.keys import DAY, EC, ED, NOW, RSA, SECOND, VECTORS, as_file, overtaken
from tests.rotation.store import RETENTION, dates, prune, refused

pytestmark = pytest.mark.django_db

THUMBPRINT = VECTORS[ED]["thumbprint"]
# As Keycloak has them, which is the form of a thumbprint.
KEYCLOAK = "FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE"


def keep(kid="theirs", name=ED, **options):
    file = as_file(VECTORS[name], private=False, kid=kid)
    return rotation.import_key(
        file, **{"public_only": True, "keep_kid": True, "now": NOW, **options}
    )


def plain(name=ED):
    return rotation.import_key(as_file(VECTORS[name], private=False), public_only=True, now=NOW)


def jwks():
    return [key.jwk for key in published_keys.at(NOW)]


@pytest.mark.parametrize(
    ("name", "kid"),
    [
        (RSA, "theirs"),
        (EC, "theirs"),
        *[(ED, kid) for kid in ("theirs", "-1", "!", "x" * 64, "a:b/c#d?e=f&g", KEYCLOAK)],
    ],
)
def test_key_is_published_under_its_kid(name, kid):
    key = keep(kid, name)
    members = VECTORS[name]["jwk"]
    public = {
        member: members[member]
        for member in ("kty", "n", "e", "crv", "x", "y")
        if member in members
    }
    assert jwks() == [{**public, "kid": kid, "alg": VECTORS[name]["algorithm"], "use": "sig"}]
    assert SigningKey.objects.get().published_jwk == jwks()[0]
    assert (key.kid, dates(key)) == (kid, (NOW, NOW, NOW + RETENTION, None))


def test_token_that_another_program_signed_verifies(settings):
    settings.MCP_ISSUER = ORIGIN
    exp = int((NOW + DAY).timestamp())
    claims = {"iss": ORIGIN, "aud": f"{ORIGIN}/mcp", "exp": exp}
    theirs = JWKRegistry.import_key(VECTORS[RSA]["jwk"])
    header = {"alg": "RS256", "kid": "theirs", "typ": "at+jwt"}
    token = jwt.encode(header, dict(claims), theirs, default_type=None)
    with pytest.raises(InvalidToken, match="unknown key"):
        verify_jwt(token, audience=f"{ORIGIN}/mcp", now=NOW)
    keep("theirs", RSA)
    assert verify_jwt(token, audience=f"{ORIGIN}/mcp", now=NOW) == claims


def test_kid_that_is_the_thumbprint_is_like_any_other():
    key = keep(THUMBPRINT)
    assert (key.kid, key.public_jwk["kid"]) == (THUMBPRINT, THUMBPRINT)
    assert "jkt" not in key.public_jwk


@pytest.mark.parametrize("kid", ["", " ", "a b", "a\n", "é", "\0", "x" * 65, "\x7f"])
def test_kid_that_cannot_be_kept_is_refused(kid):
    reason = refused(keep, kid)
    assert reason.endswith("which cannot be kept; expected 1 to 64 visible ASCII characters.")


@pytest.mark.parametrize("kid", [7, True, None, ["x"], {}], ids=repr)
def test_kid_that_is_no_text_is_refused(kid):
    assert refused(keep, kid) == "The JWK has missing or malformed members."


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(as_file(VECTORS[ED], private=False), id="no-kid"),
        pytest.param(public_pem(VECTORS[ED]["jwk"]).encode(), id="pem"),
    ],
)
def test_file_without_a_kid_is_refused(file):
    reason = refused(rotation.import_key, file, public_only=True, keep_kid=True, now=NOW)
    assert reason == "The file has no kid to keep. Give a JWK with a kid."


def test_kid_of_a_key_that_signs_keeps_no_other_key():
    file = as_file(VECTORS[ED], private=False, kid="theirs")
    reason = refused(rotation.import_key, file, keep_kid=True, now=NOW)
    assert reason.startswith("A key that signs here has its thumbprint as kid. ")


def test_kid_of_another_key_is_refused():
    other = rotation.rotate("ES256", now=NOW)
    assert refused(keep, other.kid) == (
        f"The key {other.kid} was in the key store before; a kid is never used again."
    )


def test_two_keys_of_one_kid_are_refused():
    keep("theirs", ED)
    assert "The key theirs was in the key store before" in refused(keep, "theirs", RSA)


@pytest.mark.parametrize(
    "again",
    [plain, lambda: keep("another"), lambda: rotation.import_key(as_file(VECTORS[ED]), now=NOW)],
)
@pytest.mark.parametrize("end", [lambda key: None, lambda key: rotation.revoke(key, now=NOW)])
def test_key_of_another_kid_comes_only_once(again, end):
    end(keep())
    assert f"The key {THUMBPRINT} was in the key store before" in refused(again)


def test_kid_of_a_deleted_key_is_not_kept_again():
    rotation.revoke(keep(), now=NOW)
    prune(NOW + 365 * DAY)
    assert not SigningKey.objects.exists()
    assert "The key theirs was in the key store before" in refused(keep, "theirs", RSA)
    assert f"The key {THUMBPRINT} was in the key store before" in refused(plain)


def test_key_that_was_imported_under_its_thumbprint_can_still_have_its_kid():
    plain()
    keep()
    assert [key.kid for key in SigningKey.objects.all()] == ["theirs"]
    assert "was in the key store before" in refused(plain)


def test_key_that_was_revoked_under_its_thumbprint_stays_revoked():
    rotation.revoke(plain(), now=NOW)
    assert f"The key {THUMBPRINT} was in the key store before" in refused(keep)


def test_key_that_signs_here_gets_no_other_kid():
    rotation.import_key(as_file(VECTORS[ED]), now=NOW)
    assert f"The key {THUMBPRINT} was in the key store before" in refused(keep)


def test_key_that_is_revoked_meanwhile_stays_revoked():
    key = plain()
    with overtaken(lambda: rotation.revoke(key, now=NOW)):
        assert f"The key {THUMBPRINT} was in the key store before" in refusal()
    assert jwks() == []


def refusal():
    with pytest.raises(rotation.Refused) as caught:
        keep()
    return str(caught.value)


def test_revoked_key_leaves_the_jwk_set():
    rotation.revoke(keep(), now=NOW)
    assert jwks() == []


def test_key_leaves_the_jwk_set_after_the_retention():
    keep()
    assert published_keys.at(NOW + RETENTION - SECOND)
    assert not published_keys.at(NOW + RETENTION)


@pytest.mark.parametrize("name", ["jkt", "x"])
def test_public_half_that_was_altered_is_not_published(name):
    key = keep()
    other = {"jkt": VECTORS[EC]["thumbprint"], "x": VECTORS[EC]["jwk"]["x"]}
    SigningKey.objects.update(public_jwk={**key.public_jwk, name: other[name]})
    with pytest.raises(Unpublishable, match="that of another key"):
        _ = SigningKey.objects.get().published_jwk


def test_key_that_signs_has_no_other_thumbprint_than_its_kid():
    key = rotation.rotate("EdDSA", now=NOW)
    other = VECTORS[ED]["jwk"]["x"]
    SigningKey.objects.update(public_jwk={**key.public_jwk, "x": other, "jkt": THUMBPRINT})
    with pytest.raises(Unpublishable, match="that of another key"):
        _ = SigningKey.objects.get().published_jwk
