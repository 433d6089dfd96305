"""Which tokens of another issuer are accepted: their header, their signature, their claims."""

from __future__ import annotations

import hmac
import json
import time

import pytest
from joserfc.jwk import RSAKey

from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.signing import InvalidToken, NotMine
from mcp_oauth_discovery.verifiers import ApiKey, RemoteIssuer
from tests.outside.providers import MCP, encode, jwk, other_key, rsa_key, signed

HOUR = 3600


@pytest.mark.parametrize(
    "token",
    [
        "",
        "an opaque token",
        "a.b.c",
        "only.two",
        f"{encode({'alg': 'RS256'})}.{encode(b'no JSON')}.",
        f"{encode({'alg': 'RS256'})}.{encode(['a', 'list'])}.",
        f"{encode({'alg': 'RS256'})}.{encode(b'[' * 100_000)}.",
        f"{encode(['a', 'list'])}.{encode({})}.",
        f"{encode({'typ': 'JWT'})}.{encode({})}.",
        f"{encode({'alg': 'dir', 'enc': 'A128GCM'})}..{encode({})}.{encode({})}.",
        "\udcff",
    ],
)
def test_what_is_no_jwt_is_not_recognised(verify, token):
    with pytest.raises(NotMine):
        verify(token)


def test_other_issuer_is_not_recognised(provider, verify, server):
    for issuer in (f"{provider.issuer}/", "https://other.example.com", None, [provider.issuer]):
        with pytest.raises(NotMine):
            verify(provider.token(iss=issuer))
    assert server.received == []


def test_log_says_which_issuer_was_not_recognised(provider, make_issuer, rf, settings, caplog):
    settings.MCP_ISSUER = "https://app.example.com"
    caplog.set_level("INFO", "mcp_oauth_discovery")
    verifiers = [make_issuer(), ApiKey(dict, "sk_")]
    token = provider.token(iss=f"{provider.issuer}/")
    BearerProtection("/mcp", verify=verifiers)(
        rf.post("/mcp", headers={"authorization": f"Bearer {token}"})
    )
    [record] = caplog.records
    text = f"not_recognised: expected iss '{provider.issuer}', received iss '{provider.issuer}/'"
    assert text in record.getMessage()


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "at+jwt", "application/at+jwt", "AT+JWT"])
def test_type_of_an_access_token_is_accepted(provider, verify, typ):
    assert verify(provider.token(header={"typ": typ}))["iss"] == provider.issuer


@pytest.mark.parametrize("typ", ["", "logout+jwt", "dpop+jwt", "at+jwt+x", 7, ["JWT"]])
def test_other_types_are_refused(provider, refused, typ):
    assert refused(provider.token(header={"typ": typ})) == "wrong_type"


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"jku": "https://evil.example.com/jwks"},
        {"x5u": "https://evil.example.com/chain"},
        {"x5c": ["MIIC"]},
        {"jwk": jwk(other_key("P-256"))},
    ],
    ids=lambda header: next(iter(header)),
)
def test_header_that_supplies_a_key_is_refused(provider, refused, server, header):
    assert refused(provider.token(header=header)) == "header_not_allowed"
    assert server.received == []


def test_unknown_members_of_the_header_are_ignored(provider, verify):
    assert verify(provider.token(header={"nonce": "QltrBofYb5am7UJ8mCmOJjlNOXqr1bAu"}))


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RSA-OAEP", "rs256", "", ["RS256"], {}])
def test_other_algorithms_are_refused(provider, refused, server, algorithm):
    assert refused(provider.token(header={"alg": algorithm})) == "algorithm_not_allowed"
    assert server.received == []


def test_public_key_as_a_secret_does_not_verify(provider, refused):
    pem = provider.key.as_pem(private=False)
    header = {"alg": "HS256", "kid": provider.kid}
    message = f"{encode(header)}.{encode({'iss': provider.issuer, 'aud': MCP})}"
    mac = hmac.digest(pem, message.encode(), "sha256")
    assert refused(f"{message}.{encode(mac)}") == "algorithm_not_allowed"


@pytest.mark.parametrize(
    ("name", "algorithms"),
    [
        ("RSA", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
        ("P-256", ["ES256"]),
        ("P-384", ["ES384"]),
        ("P-521", ["ES512"]),
        ("Ed25519", ["EdDSA", "Ed25519"]),
    ],
)
def test_key_verifies_the_algorithms_of_its_kind(provider, verify, refused, name, algorithms):
    provider.key = rsa_key(1) if name == "RSA" else other_key(name)
    provider.publish(provider.jwk(alg=None))
    for algorithm in algorithms:
        assert verify(provider.token(header={"alg": algorithm}))
    other, key = ("RS256", rsa_key(2)) if name != "RSA" else ("ES256", other_key("P-256"))
    assert refused(provider.token(header={"alg": other}, key=key)) == "algorithm_not_allowed"


def test_algorithm_of_the_key_binds(provider, refused):
    provider.publish(provider.jwk(alg="RS256"), jwk(other_key("P-256"), kid="another"))
    assert refused(provider.token(header={"alg": "RS384"})) == "algorithm_not_allowed"
    assert refused(provider.token(header={"alg": "ES256"}, key=other_key("P-256"))) == "unknown_key"


@pytest.mark.parametrize("name", ["EdDSA", "Ed25519"])
def test_both_names_of_ed25519_mean_the_same(provider, verify, name):
    provider.key = other_key("Ed25519")
    provider.publish(provider.jwk(alg=name))
    for algorithm in ("EdDSA", "Ed25519"):
        assert verify(provider.token(header={"alg": algorithm}))


def test_algorithms_of_the_argument_are_the_only_ones(provider, make_issuer, verify, refused):
    remote = make_issuer(algorithms=["ES256"])
    assert refused(provider.token(), verifier=remote) == "algorithm_not_allowed"
    provider.key = other_key("P-256")
    provider.publish(provider.jwk(alg="ES256"))
    assert verify(provider.token(header={"alg": "ES256"}), verifier=remote)


def test_changed_token_is_refused(provider, refused):
    head, _, signature = provider.token().split(".")
    forged = {"iss": provider.issuer, "aud": MCP, "exp": time.time() + HOUR, "scope": "admin"}
    assert refused(f"{head}.{encode(forged)}.{signature}") == "bad_signature"


def test_token_by_another_key_of_the_same_name_is_refused(provider, refused):
    assert refused(provider.token(key=rsa_key(2))) == "bad_signature"


@pytest.mark.parametrize("kid", ["other", "", 7, ["a"], {"a": 1}])
def test_unknown_key_is_refused(provider, refused, kid):
    assert refused(provider.token(header={"kid": kid})) == "unknown_key"


def test_token_without_kid_is_tried_with_every_key(provider, verify, refused):
    provider.publish(jwk(rsa_key(2), kid="a"), jwk(rsa_key(1)), jwk(other_key("P-256")))
    assert verify(provider.token(header={"kid": None}))
    assert refused(provider.token(header={"kid": "b"})) == "unknown_key"


def test_token_without_kid_is_refused_if_there_are_many_keys(provider, refused):
    provider.publish(*(jwk(rsa_key(1), kid=f"{number}") for number in range(9)))
    assert refused(provider.token(header={"kid": None})) == "unknown_key"


def test_keys_of_one_name_are_all_tried(provider, verify):
    provider.publish(jwk(rsa_key(2), kid=provider.kid), provider.jwk())
    assert verify(provider.token())
    provider.key = rsa_key(2)
    assert verify(provider.token())


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"use": ["sig"]},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"alg": "RSA-OAEP"},
        {"alg": ["RS256"]},
        {"kty": "oct", "k": encode(b"secret" * 8)},
        {"kty": 7},
        {"kty": "EC", "crv": ["P-256"]},
        {"n": None},
        {"n": "AQAB"},
        {"n": 7},
        {"e": "not base64!"},
        {"e": "AA"},
    ],
    ids=json.dumps,
)
def test_key_that_may_not_verify_is_not_used(provider, refused, members):
    provider.publish(provider.jwk(**members), jwk(rsa_key(2), kid="another"))
    assert refused(provider.token()) == "unknown_key"


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_short_rsa_key_is_not_used(provider, refused):
    provider.key = RSAKey.generate_key(1024)
    provider.publish(provider.jwk(), jwk(rsa_key(2), kid="another"))
    assert refused(provider.token()) == "unknown_key"


def test_private_key_in_the_set_is_used_as_a_public_one(provider, verify):
    provider.publish({**rsa_key(1).as_dict(private=True), "kid": provider.kid})
    assert verify(provider.token())


def test_keys_that_are_not_objects_are_left_out(provider, verify):
    provider.publish("nonsense", None, [], provider.jwk())
    assert verify(provider.token())


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"typ": "ID"}, "wrong_type"),
        ({"typ": "Logout"}, "wrong_type"),
        ({"token_use": "id"}, "wrong_type"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "bad_claim"),
        ({"exp": "tomorrow"}, "bad_claim"),
        ({"exp": float("inf")}, "bad_claim"),
        ({"exp": True}, "bad_claim"),
        ({"nbf": 99999999999}, "not_yet_valid"),
        ({"nbf": "tomorrow"}, "bad_claim"),
        ({"aud": []}, "wrong_audience"),
        ({"aud": f"{MCP}/"}, "wrong_audience"),
        ({"aud": [[MCP]]}, "wrong_audience"),
        ({"aud": {MCP: 1}}, "wrong_audience"),
        ({"aud": MCP.upper()}, "wrong_audience"),
    ],
    ids=json.dumps,
)
def test_claims_that_do_not_fit_are_refused(provider, refused, claims, reason):
    assert refused(provider.token(**claims)) == reason


def test_clocks_may_differ_by_a_minute(provider, verify, refused):
    now = time.time()
    assert verify(provider.token(exp=now - 30, nbf=now + 30))
    assert refused(provider.token(exp=now - 90)) == "expired"
    assert refused(provider.token(nbf=now + 90)) == "not_yet_valid"


def test_audience_is_the_resource_by_default(provider, verify, refused):
    token = provider.token(aud="https://app.example.com/files/mcp")
    assert refused(token) == "wrong_audience"
    assert verify(token, resource="https://app.example.com/files/mcp")


@pytest.mark.parametrize("audience", ["api://one", ["api://two", "api://one"], ("api://one",)])
def test_audience_may_be_any_of_the_argument(provider, make_issuer, verify, refused, audience):
    remote = make_issuer(audience=audience)
    assert verify(provider.token(aud=["api://one", "api://three"]), verifier=remote)
    assert refused(provider.token(aud=MCP), verifier=remote) == "wrong_audience"


def test_scope_stays_if_the_token_has_both(provider, verify):
    claims = verify(provider.token(scope="mcp", scp=["admin"]))
    assert (claims["scope"], claims["scp"]) == ("mcp", ["admin"])


def test_refusal_has_what_was_expected_and_received(provider, verify):
    with pytest.raises(InvalidToken) as caught:
        verify(provider.token(aud="api://one"))
    assert caught.value.expected == {"aud": MCP}
    assert caught.value.received == {"aud": "api://one"}


def test_last_of_repeated_claims_is_the_signed_one(provider, verify):
    payload = json.dumps({"iss": "https://other.example.com", **dates(), "aud": MCP})
    payload = payload[:-1] + f', "iss": {json.dumps(provider.issuer)}}}'
    token = signed(provider.key, {"alg": "RS256", "kid": provider.kid}, payload.encode())
    assert verify(token)["iss"] == provider.issuer


def dates():
    return {"exp": time.time() + HOUR}


def test_two_verifiers_of_one_issuer_do_not_meet(provider, make_issuer, verify):
    for remote in (make_issuer(), make_issuer()):
        assert verify(provider.token(), verifier=remote)
    assert provider.requests_for_keys == 2


def test_repr_names_the_issuer():
    assert repr(RemoteIssuer("https://login.example.com")) == (
        "RemoteIssuer('https://login.example.com')"
    )
