"""Which rules refuse a real token, as the documents, the keys and the clock show it over HTTP."""

from __future__ import annotations

import time

import pytest

from mcp_oauth_discovery.doctor.walk.credentials import Credentials
from mcp_oauth_discovery.standards.token_parts import read_parts
from tests.doctor.faults_tokens import REFUSED, SCOPE, presented, reply, token
from tests.doctor.world import ENDPOINT, KEYS, ORIGIN, PRM, World, diagnose

HOUR = 3600


def rules(text: str, world: World | None = None, answer=REFUSED) -> list[str]:
    """Return the sentences about a token that the healthy site refuses."""
    world = world or World()
    presented(world, text, answer)
    [refused] = [one for one in diagnose(world) if one.code == "token-refused"]
    return refused.seen.split("\n")[1:]


def seconds(distance: int) -> int:
    return int(time.time()) + distance


@pytest.mark.parametrize(
    ("claims", "start"),
    [
        ({"iss": "https://evil.example"}, "iss is https://evil.example; authorization_servers has"),
        ({"iss": ...}, "It has no iss; authorization_servers has https://app.example.com."),
        ({"iss": f"{ORIGIN}/"}, "iss is https://app.example.com/; authorization_servers has"),
        ({"aud": "https://other.example/mcp"}, "aud is https://other.example/mcp; the resource is"),
        ({"aud": ...}, "It has no aud; the resource is https://app.example.com/mcp."),
        ({"aud": []}, "It has no aud; the resource is https://app.example.com/mcp."),
        ({"aud": ["a", "b"]}, "aud is ['a', 'b']; the resource is"),
        ({"aud": f"{ENDPOINT}/"}, "aud is https://app.example.com/mcp/; the resource is"),
        ({"exp": ...}, "It has no exp that is a number."),
        ({"exp": True}, "It has no exp that is a number."),
        ({"exp": 5}, "It expired: exp is 1970-01-01 00:00:05 UTC."),
        ({"exp": -1e18}, "It expired: exp is -1e+18."),
        ({"nbf": seconds(2 * HOUR)}, "It is not valid yet: nbf is 2"),
        ({"nonce": "n"}, "It looks like an ID token."),
        ({"typ": "JWT"}, "typ is JWT; strict servers require at+jwt (RFC 9068 §4)."),
        ({"scope": "openid"}, "It lacks the scope mcp of the challenge."),
        ({"scope": ["openid"]}, "It lacks the scope mcp of the challenge."),
        ({"scope": 7}, "It lacks the scope mcp of the challenge."),
        ({"cnf": {"jkt": "x"}}, "It has cnf: it needs a proof of possession"),
        ({"kid": "gone"}, "No published key has its kid gone; the JWK Set has"),
        ({"kid": KEYS[1]["kid"]}, "alg is RS256; its key is for EdDSA."),
    ],
)
def test_rule_that_refuses_is_named(claims, start):
    [rule] = rules(token(**claims))
    assert rule.startswith(start)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [ENDPOINT, "https://other.example"]},
        {"scope": ["mcp", "files"]},
        {"scope": ..., "scp": "mcp"},
        {"typ": "application/at+JWT"},
    ],
)
def test_claims_that_no_rule_refuses(claims):
    assert rules(token(**claims)) == ["No rule that the doctor knows refuses it."]


def test_clocks_may_differ_by_less_than_a_minute():
    assert rules(token(nbf=seconds(30))) == ["No rule that the doctor knows refuses it."]


def test_difference_of_the_audience_is_named():
    assert rules(token(aud=f"{ENDPOINT}/"))[0].endswith("The final slash differs.")


def test_every_rule_is_named_together():
    text = token(iss="https://evil.example", aud="x", exp=5, typ="JWT", scope="a")
    assert len(rules(text)) == 5


def test_changed_token_is_named():
    header, _, signature = token().split(".")
    _, claims, _ = token(sub="another").split(".")
    [rule] = rules(f"{header}.{claims}.{signature}")
    assert rule.startswith("The published keys did not sign it")


def test_token_without_signature_is_named():
    parts = token().split(".")
    header = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0"
    assert rules(f"{header}.{parts[1]}.") == ["alg is none: it has no signature."]


def test_token_without_kid_is_tried_with_every_key():
    assert rules(token(kid="")) == ["No rule that the doctor knows refuses it."]


def test_signature_is_not_judged_without_the_keys():
    world = World()
    del world.server["jwks_uri"]
    assert rules(token(kid="gone"), world) == ["No rule that the doctor knows refuses it."]


def test_scope_of_the_answer_counts_before_that_of_the_first_challenge():
    world = World()
    world.challenge = world.challenge.replace('scope="mcp"', 'scope="read"')
    answer = reply(403, SCOPE.replace('scope="mcp"', 'scope="mcp write"'))
    assert rules(token(), world, answer) == ["It lacks the scope write of the challenge."]


def test_site_without_metadata_expects_its_url_as_the_audience():
    world = World()
    world.reply("GET", PRM, status=404)
    [rule] = rules(token(aud="x"), world)
    assert rule == f"aud is x; the resource is {ENDPOINT}."


def test_opaque_token_cannot_be_read():
    assert rules("opaque-token-of-ada") == ["It is opaque, not a JWT: only the server can read it."]


def test_encrypted_token_cannot_be_read():
    [rule] = rules("eyJhbGciOiJkaXIifQ....x")
    assert rule.startswith("It is encrypted, or its claims are no JSON object")


def test_parts_do_not_show_the_token():
    parts = read_parts(token())
    assert parts.token not in repr(parts)
    assert parts.segments[-1] not in repr(Credentials(parts))


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        (429, "That is a limit of requests, and says nothing about the token. Check again later."),
        (500, "That is a failure of the server. The token itself may be good."),
        (403, "No rule that the doctor knows refuses it."),
    ],
)
def test_answer_that_no_rule_explains_says_what_its_status_means(status, rule):
    assert rules(token(), answer=reply(status)) == [rule]


@pytest.mark.parametrize(
    ("claims", "fix"),
    [
        ({"aud": f"{ENDPOINT}/"}, f"request it with resource={ENDPOINT}, and have the"),
        ({"iss": "https://evil.example"}, f"Get the token from {ORIGIN}."),
        ({"exp": 5}, "Get a new token."),
        ({"nonce": "n"}, "Send the access token of the same answer."),
        ({"scope": "openid"}, "Get a token with the scope mcp."),
        ({"kid": "gone"}, "publish the key that signs."),
    ],
)
def test_fix_is_that_of_the_first_rule_that_refuses(claims, fix):
    world = World()
    presented(world, token(**claims))
    [result] = [one for one in diagnose(world) if one.code == "token-refused"]
    assert fix in result.fix
