"""`verify_proof`: each rule of RFC 9449 §4.3, with a proof that breaks it alone."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta, timezone
from functools import partial
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from django.core.cache import cache
from django.core.cache.backends import locmem

from mcp_oauth_discovery.protection import (
    InvalidProof,
    NonceRequired,
    Unavailable,
    verify_proof,
)
from mcp_oauth_discovery.protection.dpop import nonces
from tests import ORIGIN
from tests.dpop import proofs
from tests.dpop.proofs import (
    CLIENT,
    EDWARDS,
    OTHER_CURVE,
    RESOURCE,
    RSA,
    THIEF,
    encoded,
    header_of,
    parts,
    signed,
    without,
)

TOKEN = "a.token"
# The proofs are made and verified at this time, however long the tests take.
NOW = 1_800_000_000
claims_of = partial(proofs.claims_of, iat=NOW)
make_proof = partial(proofs.make_proof, iat=NOW)


def verified(proof, **arguments):
    now = datetime.fromtimestamp(NOW, timezone.utc)
    defaults = {"method": "POST", "url": RESOURCE, "token": TOKEN, "now": now}
    return verify_proof(proof, **{**defaults, **arguments})


def refusal(proof, **arguments):
    with pytest.raises(InvalidProof) as caught:
        verified(proof, **arguments)
    assert (caught.value.error, caught.value.reason) == ("invalid_dpop_proof", "invalid_proof")
    return str(caught.value)


def symmetric():
    """Return a proof whose "signature" anyone can make with the public key."""
    jwk = CLIENT.as_dict(private=False)
    text = parts({"typ": "dpop+jwt", "alg": "HS256", "jwk": jwk}, claims_of(TOKEN))
    secret = json.dumps(jwk).encode()
    return f"{text}.{encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def with_octets():
    jwk = {"kty": "oct", "k": encoded(b"secret" * 8)}
    text = parts({"typ": "dpop+jwt", "alg": "HS256", "jwk": jwk}, claims_of(TOKEN))
    return f"{text}.{encoded(hmac.new(b'secret' * 8, text.encode(), hashlib.sha256).digest())}"


def with_short_key():
    # By hand, because joserfc warns of such a key.
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505
    number = key.public_key().public_numbers().n.to_bytes(128, "big")
    jwk = {"kty": "RSA", "n": encoded(number), "e": "AQAB"}
    text = parts({"typ": "dpop+jwt", "alg": "RS256", "jwk": jwk}, claims_of(TOKEN))
    return f"{text}.{encoded(key.sign(text.encode(), PKCS1v15(), SHA256()))}"


def with_header(key=CLIENT, **members):
    return signed({**header_of(key), **members}, claims_of(TOKEN), key)


def with_jwk(**members):
    return with_header(jwk={**CLIENT.as_dict(private=False), **members})


def lacking(*names):
    return signed(header_of(), without(claims_of(TOKEN), *names))


HEADERS = {
    "no typ": lambda: signed(without(header_of(), "typ"), claims_of(TOKEN)),
    "typ of an access token": lambda: with_header(typ="at+jwt"),
    "typ JWT": lambda: with_header(typ="JWT"),
    "typ that is no text": lambda: with_header(typ=["dpop+jwt"]),
    "alg none": lambda: parts(header_of(alg="none"), claims_of(TOKEN)) + ".",
    "alg None": lambda: parts(header_of(alg="None"), claims_of(TOKEN)) + ".",
    "alg missing": lambda: parts(without(header_of(), "alg"), claims_of(TOKEN)) + ".AAAA",
    "alg a list": lambda: parts(header_of(alg=["ES256"]), claims_of(TOKEN)) + ".AAAA",
    "HS256 with the public key": symmetric,
    "HS256 with a key of its own": with_octets,
    "asymmetric alg that is not offered": lambda: make_proof(TOKEN, key=RSA, alg="PS256"),
    "key of another curve": lambda: signed(
        header_of(OTHER_CURVE), claims_of(TOKEN), OTHER_CURVE, "ES384"
    ),
    "key of another type": lambda: signed(header_of(EDWARDS), claims_of(TOKEN), EDWARDS, "EdDSA"),
    "short RSA key": with_short_key,
    "no jwk": lambda: signed(without(header_of(), "jwk"), claims_of(TOKEN)),
    "jwk a text": lambda: with_header(jwk="key"),
    "private jwk": lambda: with_header(jwk=CLIENT.as_dict(private=True)),
    "private member of another type": lambda: with_jwk(k="AAAA"),
    "x that is no number": lambda: with_jwk(x="!"),
    "x a list": lambda: with_jwk(x=[1]),
    "point that is not on the curve": lambda: with_jwk(x=encoded(b"\1" * 32)),
    "another kty": lambda: with_jwk(kty="RSA"),
    "kty a list": lambda: with_jwk(kty=["EC"]),
    "unknown curve": lambda: with_jwk(crv="P-1"),
    "jku": lambda: with_header(jku="https://evil.example.com/keys"),
    "crit": lambda: signed(header_of(crit=["b64"]), claims_of(TOKEN), CLIENT, "ES256"),
}
SIGNATURES = {
    "key of another": lambda: signed(header_of(CLIENT), claims_of(TOKEN), THIEF),
    "no signature": lambda: make_proof(TOKEN).rpartition(".")[0] + ".",
    "claims of another proof": lambda: ".".join(
        [
            *parts(header_of(), claims_of(TOKEN)).split("."),
            make_proof(TOKEN).rpartition(".")[2],
        ]
    ),
    "claims a list": lambda: signed(header_of(), [1]),
}
FORMS = {
    "empty": lambda: "",
    "no JWT": lambda: "proof",
    "two proofs": lambda: f"{make_proof(TOKEN)}, {make_proof(TOKEN)}",
    "comma at the end": lambda: f"{make_proof(TOKEN)},",
    "space at the end": lambda: f"{make_proof(TOKEN)} ",
    "not ASCII": lambda: "\xe9" + make_proof(TOKEN),
    "header a list": lambda: f"{parts([], claims_of(TOKEN))}.AAAA",
    "very long header": lambda: signed(header_of(x="x" * 5000), claims_of(TOKEN)),
}
CLAIMS = {
    "htm of another method": {"htm": "GET"},
    "htm in lower case": {"htm": "post"},
    "htm a list": {"htm": ["POST"]},
    "htu of another host": {"htu": "https://evil.example.com/mcp"},
    "htu of another scheme": {"htu": RESOURCE.replace("https", "http")},
    "htu of another port": {"htu": f"{ORIGIN}:8443/mcp"},
    "htu of another path": {"htu": f"{ORIGIN}/mcp2"},
    "htu in another case": {"htu": f"{ORIGIN}/MCP"},
    "htu with a final slash": {"htu": f"{RESOURCE}/"},
    "htu of the origin": {"htu": ORIGIN},
    "htu with a user": {"htu": RESOURCE.replace("//", "//ada@")},
    "htu a path": {"htu": "/mcp"},
    "htu empty": {"htu": ""},
    "htu a list": {"htu": [RESOURCE]},
    "iat before the window": {"iat": NOW - 301},
    "iat after the window": {"iat": NOW + 301},
    "iat NaN": {"iat": float("nan")},
    "iat infinite": {"iat": float("inf")},
    "iat too large for a float": {"iat": 10**400},
    "iat a text": {"iat": str(NOW)},
    "iat a truth value": {"iat": True},
    "iat null": {"iat": None},
    "jti empty": {"jti": ""},
    "jti a number": {"jti": 7},
    "ath of another token": {"ath": encoded(hashlib.sha256(b"other").digest())},
    "ath padded": {"ath": claims_of(TOKEN)["ath"] + "="},
    "ath empty": {"ath": ""},
    "ath the token": {"ath": TOKEN},
}


@pytest.mark.parametrize("make", HEADERS.values(), ids=HEADERS)
def test_header_that_breaks_one_rule_is_refused(make):
    refusal(make())


@pytest.mark.parametrize("make", SIGNATURES.values(), ids=SIGNATURES)
def test_signature_that_is_not_of_the_key_is_refused(make):
    assert refusal(make()) == "The signature of the DPoP proof is invalid"


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS)
def test_what_is_not_exactly_one_proof_is_refused(make):
    refusal(make())


@pytest.mark.parametrize("claims", CLAIMS.values(), ids=CLAIMS)
def test_claim_that_breaks_one_rule_is_refused(claims):
    refusal(make_proof(TOKEN, **claims))


@pytest.mark.parametrize("name", ["htm", "htu", "iat", "jti", "ath"])
def test_claim_that_is_missing_is_refused(name):
    refusal(lacking(name))


@pytest.mark.parametrize(
    ("key", "alg"),
    [(CLIENT, "ES256"), (EDWARDS, "EdDSA"), (RSA, "RS256")],
    ids=["ES256", "EdDSA", "RS256"],
)
def test_proof_says_which_key_made_it(key, alg):
    proof = verified(make_proof(TOKEN, key=key, alg=alg, jti="first"))
    assert (proof.thumbprint, proof.jti) == (key.thumbprint(), "first")


def test_only_the_named_algorithms_are_accepted():
    proof = make_proof(TOKEN, key=EDWARDS, alg="EdDSA")
    assert verified(proof, algorithms=["EdDSA"])
    refusal(proof, algorithms=["ES256"])


def test_symmetric_algorithm_is_refused_even_if_it_is_named():
    refusal(with_octets(), algorithms=["HS256", "none"])


@pytest.mark.parametrize("typ", ["dpop+jwt", "DPoP+JWT", "application/dpop+jwt"])
def test_type_may_be_written_in_each_way(typ):
    assert verified(with_header(typ=typ))


@pytest.mark.parametrize(
    "htu",
    [
        RESOURCE.replace("https", "HTTPS"),
        RESOURCE.replace("app.", "APP."),
        f"{ORIGIN}:443/mcp",
        f"{RESOURCE}?session=1",
        f"{RESOURCE}#part",
        f"{ORIGIN}/%6Dcp",
    ],
)
def test_htu_may_be_written_in_each_way_that_means_the_same(htu):
    assert verified(make_proof(TOKEN, htu=htu))


@pytest.mark.parametrize("seconds", [-300, 0, 299.5, 300])
def test_clock_of_the_client_may_be_five_minutes_off(seconds):
    assert verified(make_proof(TOKEN, iat=NOW + seconds))


def test_proof_of_a_token_request_needs_no_token():
    assert verified(lacking("ath"), token=None)


def test_unknown_claims_and_headers_are_ignored():
    assert verified(signed(header_of(kid="1"), claims_of(TOKEN, nonce="n", extra=1)))


def test_text_of_a_refusal_has_nothing_of_the_proof():
    proof = make_proof(TOKEN, htu="https://evil.example.com/mcp", jti="recognisable")
    assert "evil" not in refusal(proof)


class TestUse:
    def test_proof_is_accepted_once(self):
        proof = verified(make_proof(TOKEN))
        proof.use()
        with pytest.raises(InvalidProof) as caught:
            proof.use()
        assert (caught.value.error, caught.value.reason) == (
            "invalid_dpop_proof",
            "replayed_proof",
        )

    def test_proof_is_remembered_for_as_long_as_it_is_valid(self, monkeypatch):
        latest, ten_minutes = make_proof(TOKEN, iat=NOW + 300), 600
        verified(latest).use()
        later = time.time() + ten_minutes
        monkeypatch.setattr(locmem, "time", SimpleNamespace(time=lambda: later))
        proof = verified(latest, now=datetime.fromtimestamp(NOW + ten_minutes, timezone.utc))
        with pytest.raises(InvalidProof, match="used before"):
            proof.use()

    def test_same_jti_of_another_key_is_another_proof(self):
        verified(make_proof(TOKEN, jti="shared")).use()
        verified(make_proof(TOKEN, jti="shared", key=THIEF)).use()

    def test_cache_has_neither_jti_nor_thumbprint(self):
        # The `jti` comes from the client: it may be long, and have characters that no key may have.
        proof = verified(make_proof(TOKEN, jti="a b\n" * 500))
        proof.use()
        keys = [key for key in cache._cache if "dpop" in key]  # noqa: SLF001
        assert keys
        assert max(map(len, keys)) < 150

    def test_jti_may_have_half_a_character(self):
        # JSON can have a surrogate alone, which UTF-8 cannot.
        proof = verified(make_proof(TOKEN, jti="\ud800"))
        proof.use()
        with pytest.raises(InvalidProof):
            proof.use()

    @pytest.mark.usefixtures("broken_cache")
    def test_proof_is_not_accepted_if_the_cache_fails(self):
        with pytest.raises(Unavailable, match="cannot remember a DPoP proof"):
            verified(make_proof(TOKEN)).use()


class TestNonce:
    @pytest.fixture(autouse=True)
    def _required(self, settings):
        settings.MCP_DPOP_NONCE_REQUIRED = True

    @pytest.mark.parametrize("claims", [{}, {"nonce": ""}, {"nonce": "mine"}, {"nonce": 1}])
    def test_proof_without_a_nonce_of_this_server_is_refused_with_one(self, claims):
        with pytest.raises(NonceRequired) as caught:
            verified(make_proof(TOKEN, **claims))
        assert caught.value.error == "use_dpop_nonce"
        assert verified(make_proof(TOKEN, nonce=caught.value.nonce))

    @pytest.mark.parametrize(("age", "is_valid"), [(299, True), (301, False), (-59, True)])
    def test_nonce_is_valid_for_five_minutes(self, age, is_valid):
        now = datetime.now(timezone.utc)
        nonce = nonces.new_nonce(now - timedelta(seconds=age))
        assert nonces.is_valid(nonce, now) is is_valid

    def test_nonce_from_the_future_is_refused(self):
        now = datetime.now(timezone.utc)
        assert not nonces.is_valid(nonces.new_nonce(now + timedelta(minutes=2)), now)

    def test_nonce_that_another_signer_made_is_refused(self, settings):
        now = datetime.now(timezone.utc)
        nonce = nonces.new_nonce(now)
        settings.SECRET_KEY = "another"
        assert not nonces.is_valid(nonce, now)

    def test_other_errors_come_before_the_nonce(self):
        refusal(make_proof(TOKEN, htm="GET"))
