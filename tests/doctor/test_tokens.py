"""Which tokens the doctor sends, and where; the token of the user appears nowhere."""

from __future__ import annotations

import dataclasses

import pytest

from mcp_oauth_discovery.doctor.findings import Severity
from mcp_oauth_discovery.doctor.steps.tokens import STEP
from mcp_oauth_discovery.doctor.transport.messages import Failure, Fault, Trouble
from mcp_oauth_discovery.doctor.walk.credentials import Credentials, Token
from mcp_oauth_discovery.doctor.walk.tokens import MADE_UP, ask_with_given_token, is_let_in
from mcp_oauth_discovery.doctor.walk.walker import Walker
from mcp_oauth_discovery.management.watching import RequestLines
from mcp_oauth_discovery.standards.token_parts import read_parts
from tests.doctor.faults_tokens import LET_IN, METADATA, judged_by, presented, reply, strict, token
from tests.doctor.world import ENDPOINT, HTML, ORIGIN, PRM, World, diagnose, report_on


def walked(world: World, url: str = ENDPOINT, in_process: bool = False):
    walker = Walker(
        world,
        page_origin="https://page.example.net",
        probes={"tokens": STEP.probes},
        inside=frozenset({ORIGIN}) if in_process else None,
        credentials=world.credentials,
    )
    return walker.walk(url)


def sent(world: World) -> list[tuple[str, str, str]]:
    """Return the requests with a token: method, URL, and the token in the header."""
    return [
        (method, url, headers.get("Authorization", "").removeprefix("Bearer "))
        for method, url, headers in world.requests
        if "Authorization" in headers or "access_token" in url
    ]


def test_three_forged_tokens_are_sent_and_one_of_them_in_the_query():
    world = World()
    walked(world)
    made_up, in_query, (method, url, unsigned) = sent(world)
    assert made_up == ("POST", ENDPOINT, MADE_UP)
    assert in_query == ("POST", f"{ENDPOINT}?access_token={MADE_UP}", "")
    assert (method, url, unsigned[-1]) == ("POST", ENDPOINT, ".")


def test_unsigned_token_has_all_that_a_good_one_has():
    world = World()
    walked(world)
    parts = read_parts(sent(world)[2][2])
    assert parts.header == {"alg": "none", "typ": "at+jwt"}
    assert (parts.claims["iss"], parts.claims["aud"]) == (ORIGIN, ENDPOINT)
    assert (parts.claims["scope"], parts.claims["exp"] - parts.claims["iat"]) == ("mcp", 60)


def test_unsigned_token_for_a_site_without_metadata_has_its_urls():
    world = World()
    world.reply("GET", PRM, status=404)
    world.challenge = "Bearer"
    walked(world)
    claims = read_parts(sent(world)[2][2]).claims
    assert (claims["iss"], claims["aud"], "scope" in claims) == (ORIGIN, ENDPOINT, False)


def test_query_of_an_endpoint_is_kept():
    world, url = World(), f"{ENDPOINT}?tenant=a"
    world.reply(url, status=401)
    walked(world, url)
    assert sent(world)[1][1] == f"{url}&access_token={MADE_UP}"


def test_nothing_more_is_sent_after_a_made_up_token_was_let_in():
    world = World()
    world.tokens = lambda token, query: LET_IN
    walked(world)
    assert len(sent(world)) == 1


@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_endpoint_that_does_not_ask_for_a_token_gets_none(status):
    world = World()
    world.reply(ENDPOINT, status=status)
    world.credentials = Credentials(read_parts(token()))
    walked(world)
    assert sent(world) == []


def test_firewall_gets_no_token():
    world = World()
    world.reply("POST", ENDPOINT, status=401, cf_mitigated="challenge")
    walked(world)
    assert sent(world) == []


def test_own_tokens_are_sent_in_process_alone():
    world = World()
    judged_by(world, strict)
    walked(world)
    assert len(sent(world)) == 3


def test_own_tokens_are_one_for_each_rule_and_in_no_url():
    world = World()
    judged_by(world, strict)
    walk = walked(world, in_process=True)
    assert {url for _, url, bearer in sent(world) if bearer} == {ENDPOINT}
    assert set(walk.tokens) == set(Token) - {Token.GIVEN}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resource", f"{ENDPOINT}/"),
        ("authorization_servers", ["https://login.example.net"]),
        ("authorization_servers", ORIGIN),
    ],
)
def test_no_own_token_is_sent_for_a_resource_or_an_issuer_that_is_another(name, value):
    world = World()
    judged_by(world, strict)
    world.prm[name] = value
    assert Token.OWN not in walked(world, in_process=True).tokens


def test_no_own_token_is_sent_if_the_project_has_no_metadata_or_cannot_sign():
    world = World()
    judged_by(world, strict)
    world.reply("GET", PRM, status=404)
    assert Token.OWN not in walked(world, in_process=True).tokens
    world = World()
    judged_by(world, strict)
    world.signing = (Fault("no key"),)
    report_on(world, in_process=True)
    assert len(sent(world)) == 3


def test_given_token_is_sent_once_to_the_endpoint_and_in_no_url():
    world, text = World(), token()
    presented(world, text, LET_IN)
    diagnose(world)
    assert [one for one in sent(world) if one[2] == text] == [("POST", ENDPOINT, text)]
    assert not [url for _, url, _ in world.requests if text in url]


def test_given_token_does_not_follow_a_redirect():
    world, text = World(), token()
    presented(world, text, reply(307, Location="/elsewhere"))
    assert "token-refused" in [one.code for one in diagnose(world)]
    assert [url for _, url, bearer in sent(world) if bearer == text] == [ENDPOINT]


def test_given_token_is_not_sent_in_the_clear():
    world, url = World(), "http://app.example.com/mcp"
    world.reply(url, status=401)
    world.credentials = Credentials(read_parts(token()))
    walk = walked(world, url)
    assert Token.GIVEN not in walk.tokens
    [unsent] = [one for one in diagnose(world, url) if one.code == "token-unsent"]
    assert "anyone on the way could read the token" in unsent.seen
    assert "https URL" in unsent.fix


def test_given_token_is_sent_to_this_machine_and_in_process_without_tls():
    for url, in_process in (("http://localhost:8000/mcp", False), ("http://a.example/mcp", True)):
        world = World()
        world.reply(url, status=401)
        world.credentials = Credentials(read_parts(token()))
        assert Token.GIVEN in walked(world, url, in_process).tokens


def test_given_token_is_not_sent_where_a_name_of_this_machine_leads_away():
    url = "http://app.localhost:8000/mcp"
    for addresses, is_sent in ((("127.0.0.1", "::1"), True), (("127.0.0.1", "192.0.2.7"), False)):
        world = World()
        world.addresses["app.localhost"] = addresses
        world.reply(url, status=401)
        world.credentials = Credentials(read_parts(token()))
        assert (Token.GIVEN in walked(world, url).tokens) is is_sent


def test_given_token_without_an_answer_is_neither_good_nor_explained():
    world, explained = World(), []
    presented(world, token(), Failure("POST", ENDPOINT, Trouble.TIMEOUT, "late"))
    world.credentials = dataclasses.replace(
        world.credentials, explain=lambda *asked: explained.append(asked)
    )
    assert "tokens" in [one.step for one in report_on(world).skipped]
    assert explained == []


def test_given_token_is_not_sent_to_an_endpoint_beside_the_one_that_it_is_for():
    world, other = World(), f"{ORIGIN}/files"
    text = token(aud=other)
    world.credentials = Credentials(read_parts(text), frozenset({ENDPOINT, other}))
    diagnose(world, in_process=True)
    assert text not in [bearer for _, _, bearer in sent(world)]
    [unsent] = [one for one in diagnose(world, in_process=True) if one.code == "token-unsent"]
    assert "It is for another endpoint of this project." in unsent.seen
    assert "the endpoint that the token is for" in unsent.fix
    assert "https" not in unsent.fix


BOTH = f'Bearer {METADATA}, DPoP algs="ES256", {METADATA}'


def test_given_token_that_is_bound_to_a_key_is_not_sent_where_a_proof_is_accepted():
    world, text = World(), token(cnf={"jkt": "x"})
    world.challenge = BOTH
    presented(world, text)
    [unsent] = [one for one in diagnose(world) if one.code.startswith("token-")]
    assert text not in [bearer for _, _, bearer in sent(world)]
    assert "It is bound to a key" in unsent.seen
    assert unsent.fix.startswith("Nothing here")


def test_given_token_that_is_bound_to_a_key_is_sent_where_only_bearer_tokens_are_accepted():
    world, text = World(), token(cnf={"jkt": "x"})
    presented(world, text)
    assert "token-refused" in [one.code for one in diagnose(world)]


@pytest.mark.parametrize(("challenge", "is_named"), [(f"DPoP {METADATA}", True), (BOTH, False)])
def test_given_token_without_a_key_is_explained_where_dpop_alone_is_offered(challenge, is_named):
    world = World()
    world.challenge = challenge
    presented(world, token())
    [refused] = [one for one in diagnose(world) if one.code == "token-refused"]
    assert ("It is not bound to a key" in refused.seen) is is_named


def test_given_token_is_not_sent_where_none_is_needed_and_the_fix_says_what_to_do():
    world = World()
    world.reply(ENDPOINT, status=404)
    world.credentials = Credentials(read_parts(token()))
    [unsent] = [one for one in diagnose(world) if one.code == "token-unsent"]
    assert unsent.fix.startswith("Protect the endpoint, or run the check with the URL")


OPAQUE = "opaque-token-of-ada-lovelace"


@pytest.mark.parametrize("text", [token(), OPAQUE, f"{OPAQUE}.v1", f"{OPAQUE}/+=="])
def test_given_token_is_nowhere_in_the_report_even_if_the_site_repeats_it(text):
    world = World()
    description = f"The token {text} is bad"
    challenge = f'Bearer error="invalid_token", error_description="{description}"'
    presented(world, text, reply(401, challenge, description.encode(), X_Token=text))
    walk = walked(world)
    outcome = walk.tokens[Token.GIVEN].outcome
    written = f"{report_on(world)!r} {outcome!r} {walk!r}"
    assert "The token *** is bad" in written
    assert text not in written
    assert max(text.split(".")[2:] or [OPAQUE]) not in written


@pytest.mark.parametrize(
    "repeated", ["1%2F%2Fada-lovelace%2B", r"1\/\/ada-lovelace+", "1//ada-lovel"]
)
def test_given_token_is_hidden_where_it_is_escaped_or_cut(repeated):
    world = World()
    presented(world, "1//ada-lovelace+", reply(401, body=f"Bad: {repeated}".encode()))
    assert walked(world).tokens[Token.GIVEN].answer.body == b"Bad: ***"


def test_given_token_is_in_no_line_about_a_request_and_in_no_later_answer():
    class Echo(World):
        def send(self, method, url, headers=(), body=b""):
            answer = super().send(method, url, headers, body)
            fields = (*answer.headers, ("Location", f"/login?{OPAQUE}"))
            return dataclasses.replace(answer, headers=fields)

    world, written = Echo(), []
    world.credentials = Credentials(read_parts(OPAQUE))
    Walker(
        world,
        page_origin="https://page.example.net",
        probes={"tokens": STEP.probes},
        credentials=world.credentials,
        watch=RequestLines(written.append),
    ).walk(ENDPOINT)
    assert [line for line in written if "Location: /login?***" in line]
    assert not [line for line in written if OPAQUE in line]


@pytest.mark.parametrize("fault", [None, Fault("ValueError: opaque-token-of-ada-lovelace")])
def test_given_token_is_not_in_a_fault_of_the_project(fault):
    class Echo(World):
        def send(self, method, url, headers=(), body=b""):
            answer = super().send(method, url, headers, body)
            object.__setattr__(answer, "fault", fault)
            return answer

    world = Echo()
    presented(world, "opaque-token-of-ada-lovelace", reply(500))
    walk = walked(world)
    assert "ada-lovelace" not in repr(walk.tokens[Token.GIVEN])


def test_given_token_is_not_in_the_reason_of_a_failure():
    world = World()
    text = "opaque-token-of-ada-lovelace"
    presented(world, text, Failure("POST", ENDPOINT, Trouble.BROKEN, f"bad header: {text}"))
    assert walked(world).tokens[Token.GIVEN].outcome.reason == "bad header: ***"


def test_report_of_a_healthy_site_says_that_the_token_is_let_in():
    world = World()
    presented(world, token(), LET_IN)
    [found] = [one for one in diagnose(world) if one.severity is not Severity.PASS]
    assert (found.code, found.severity) == ("token-let-in", Severity.INFO)


@pytest.mark.parametrize(
    ("status", "body", "lets_in"),
    [
        (200, b'{"jsonrpc": "2.0"}', True),
        (202, b"", True),
        (204, b"", True),
        (400, b"", True),
        (400, b'{"detail":"JSON parse error - Expecting value: line 1 column 1 (char 0)"}', True),
        (400, b"SyntaxError: Unexpected token in JSON at position 0", True),
        (400, b"The input does not contain any JSON tokens.", True),
        (400, b'{"jsonrpc":"2.0","error":{"message":"Bad Request: Missing session ID"}}', True),
        (406, b"Not Acceptable: Client must accept text/event-stream", True),
        (415, b'{"detail":"Unsupported media type"}', True),
        (422, b'{"detail":[{"type":"missing","loc":["body"]}]}', True),
        (200, HTML, False),
        (200, b'{"error": {"code": -32001, "message": "Unauthorized"}}', False),
        (200, b'{"errors": ["Not authenticated"]}', False),
        (200, b'{"error": {"code": -32000, "message": "Authentication failed"}}', False),
        (200, b'{"error": "Forbidden"}', False),
        (400, b"Access denied", False),
        (400, b"You are not logged in", False),
        (400, b'{"message": "Missing authorization"}', False),
        (400, b'{"error": "invalid_token"}', False),
        (400, b'{"error": "invalid_request"}', False),
        (400, b"Malformed token", False),
        (400, b"JWT could not be decoded", False),
        (401, b"", False),
        (404, b"", False),
        (500, b"", False),
    ],
)
def test_answer_to_the_body_is_known_from_one_to_the_token(status, body, lets_in):
    world = World()
    world.tokens = lambda token, query: reply(status, body=body)
    assert is_let_in(walked(world).tokens[Token.MADE_UP]) is lets_in


@pytest.mark.parametrize(("body", "lets_in"), [(b"", True), (b"let in", True), (b" <p>No", False)])
def test_text_is_let_in_and_a_page_is_not(body, lets_in):
    world = World()
    world.tokens = lambda token, query: reply(200, body=body, Content_Type="text/html")
    assert is_let_in(walked(world).tokens[Token.MADE_UP]) is lets_in


def test_endpoint_that_asks_for_no_token_has_the_step_skipped():
    world = World()
    world.reply(ENDPOINT, body={"jsonrpc": "2.0"})
    [skipped] = [one for one in report_on(world).skipped if one.step == "tokens"]
    assert skipped.reason == "the endpoint does not answer 401 without a token"


def test_step_without_probes_is_skipped():
    assert "tokens" in [one.step for one in report_on(World(), probes=False).skipped]


def test_limit_of_requests_is_no_judgement():
    world = World()
    world.tokens = lambda token, query: reply(429)
    assert "tokens" in [one.step for one in report_on(world).skipped]


def test_no_given_token_is_no_request():
    world = World()
    walk = walked(world)
    before = len(world.requests)
    ask_with_given_token(walk, lambda url: None, world)
    assert len(world.requests) == before
