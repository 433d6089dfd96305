"""Faults of an endpoint that shows them only to requests with a token."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from joserfc import jwt

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.transport.messages import Failure, Fault, Trouble
from mcp_oauth_discovery.doctor.walk.credentials import Credentials, Refusal
from mcp_oauth_discovery.standards.token_parts import read_parts
from tests.doctor.planting import harmless, planted
from tests.doctor.world import ENDPOINT, HTML, KEYS, ORIGIN, PRIVATE, PRM, World

RSA = KEYS[0]["kid"]
METADATA = f'resource_metadata="{PRM}"'
INVALID = f'Bearer {METADATA}, scope="mcp", error="invalid_token"'
SCOPE = f'Bearer {METADATA}, error="insufficient_scope", scope="mcp"'
JSON_RPC = b'{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}}'


def reply(status: int, challenge: str = "", body: bytes = b"", **headers: str) -> Any:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if challenge:
        fields["WWW-Authenticate"] = challenge
    return status, fields, body, 0.0


REFUSED = reply(401, INVALID)
LET_IN = reply(400, body=JSON_RPC)


def to_all(world: World, *answer: Any, **headers: str) -> None:
    """Answer every token in the header like this, and none in the query."""
    world.tokens = lambda token, query: reply(*answer, **headers) if token else None


def to_made_up(world: World, *answer: Any, **headers: str) -> None:
    """Answer the made-up token in the header like this, and refuse every other one."""

    def tokens(token: str, query: str) -> Any:
        return reply(*answer, **headers) if token.startswith("made-up") else REFUSED

    world.tokens = lambda token, query: tokens(token, query) if token else None


@planted(
    "token-accepted",
    shows=("let in. The answer is 400 for the empty body, not 401",),
)
def any_token_opens_the_endpoint(world: World):
    to_all(world, 400, "", JSON_RPC)


@planted("token-accepted", shows=("A made-up token seems to be let in. The answer is 406 for",))
def any_token_gets_to_the_accept_header(world: World):
    to_all(world, 406, "", b'{"error": "Not Acceptable"}')


@planted("token-accepted", shows=("let in. The answer is 202, not 401.",))
def any_token_gets_an_empty_answer(world: World):
    to_all(world, 202)


@planted("token-refusal-status", shows=("403 to a made-up token, 403 to a token without",))
def bad_tokens_are_forbidden(world: World):
    to_all(world, 403)


@planted("token-refusal-status", shows=("302 to a made-up token",))
def bad_tokens_lead_to_a_login(world: World):
    to_all(world, 302, Location="/login")


@planted("token-refusal-status")
def bad_tokens_get_a_page(world: World):
    to_all(world, 200, "", HTML, Content_Type="text/html")


@planted("token-refusal-status", shows=("400 to a made-up token.",))
def opaque_tokens_are_bad_requests(world: World):
    to_made_up(world, 400, "", b'{"detail": "Invalid token: not enough segments"}')


@planted("token-refusal-status")
def opaque_tokens_are_bad_requests_with_a_challenge(world: World):
    to_made_up(world, 400, f'Bearer {METADATA}, error="invalid_request"')


@planted("token-server-error", shows=("500 to a made-up token.",))
def opaque_tokens_break_the_parser(world: World):
    to_made_up(world, 500)


@planted("token-server-error", shows=("500 to a token without a signature", "KeyError: 'kid'"))
def unsigned_tokens_break_the_verifier(world: World):
    def send(method: str, url: str, headers: Any = (), body: bytes = b"") -> Any:
        answer = World.send(world, method, url, headers, body)
        is_failure = not isinstance(answer, Failure) and answer.status == 500
        if is_failure:
            object.__setattr__(answer, "fault", Fault("KeyError: 'kid'"))
        return answer

    def tokens(token: str, query: str) -> Any:
        return reply(500) if token.startswith("ey") else REFUSED if token else None

    world.tokens = tokens
    world.send = send  # type: ignore[method-assign]


@planted("token-refusal-challenge")
def no_challenge_to_bad_tokens(world: World):
    to_all(world, 401)


@planted("token-refusal-metadata")
def no_metadata_for_bad_tokens(world: World):
    to_all(world, 401, 'Bearer error="invalid_token"')


@planted("token-refusal-metadata", shows=("https://old.example.com/prm",))
def other_metadata_for_bad_tokens(world: World):
    to_all(
        world, 401, 'Bearer error="invalid_token", resource_metadata="https://old.example.com/prm"'
    )


@planted("token-refusal-error", shows=("error is unauthorized",))
def own_error_for_bad_tokens(world: World):
    to_all(world, 401, f'Bearer {METADATA}, error="unauthorized"')


@planted(
    "token-refusal-bare", shows=("the same as the one without a token", "WSGIPassAuthorization")
)
def endpoint_that_never_looks_at_tokens(world: World):
    to_all(world, 401, f'Bearer {METADATA}, scope="mcp"')


@planted("token-refusal-bare", shows=("If you can",))
def challenge_to_a_token_that_only_describes(world: World):
    to_all(world, 401, f'Bearer {METADATA}, scope="mcp", error_description="Expired"')


@planted("answer-server-error")
def proxy_that_fails_now_and_then(world: World):
    world.reply("GET", ENDPOINT, status=502)
    failed = (502, {}, b"", 0.0)
    world.tokens = lambda token, query: (
        failed if token.endswith(".") else REFUSED if token else None
    )


@planted("token-unsigned-accepted")
def algorithm_none(world: World):
    world.tokens = lambda token, query: (
        LET_IN if token.endswith(".") else REFUSED if token else None
    )


@planted("token-query-accepted")
def token_in_the_query_is_never_verified(world: World):
    world.tokens = lambda token, query: REFUSED if token else LET_IN


@planted("token-query-read")
def token_in_the_query_is_verified(world: World):
    world.tokens = lambda token, query: REFUSED


@harmless
def token_in_the_query_is_a_bad_request(world: World):
    bad = reply(400, f'Bearer {METADATA}, error="invalid_request"')
    world.tokens = lambda token, query: REFUSED if token else bad


@harmless
def limit_of_requests_with_tokens(world: World):
    to_all(world, 429)


@harmless
def firewall_against_tokens(world: World):
    to_all(world, 403, cf_mitigated="challenge")


@harmless
def no_answer_to_tokens(world: World):
    world.tokens = lambda token, query: Failure("POST", ENDPOINT, Trouble.BROKEN, "closed")


@planted("challenge-dpop-alone", "challenge-no-metadata")
def endpoint_without_bearer_challenges(world: World):
    world.challenge = 'DPoP algs="ES256"'
    world.server["dpop_signing_alg_values_supported"] = ["ES256"]


# Tokens that the project signs: the stand-in writes the claims, and the endpoint judges them.

Judge = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]


def sign(claims: Mapping[str, Any], typ: str) -> str:
    parts = ({"alg": "RS256", "typ": typ}, {"iss": ORIGIN, **claims})
    written = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(part.rstrip("=") for part in written), "c2lnbmF0dXJlLW9mLXRoZS1zaXRl"])


def judged_by(world: World, judge: Judge, **credentials: Any) -> None:
    """Have the endpoint answer own tokens as a function of their header and claims says."""

    def tokens(token: str, query: str) -> Any:
        parts = read_parts(token)
        if not token or parts.header is None or parts.claims is None or token.endswith("."):
            return REFUSED if token else None
        return judge(parts.header, parts.claims)

    world.tokens = tokens
    world.credentials = Credentials(issuer=ORIGIN, sign=sign, **credentials)


def strict(header: Mapping[str, Any], claims: Mapping[str, Any], without: str = "") -> Any:
    """Judge a token by every rule but one."""
    is_good = {
        "typ": header["typ"] == "at+jwt",
        "aud": claims["aud"] == ENDPOINT,
        "exp": claims["exp"] > time.time(),
    }
    if not all(is_good[name] for name in is_good if name != without):
        return REFUSED
    has_scope = "mcp" in claims.get("scope", "").split()
    return LET_IN if has_scope or without == "scope" else reply(403, SCOPE)


def lax(name: str) -> Judge:
    return partial(strict, without=name)


def to_too_little_scope(*answer: Any) -> Judge:
    """Judge a token by every rule, and answer like this if it has no scope."""

    def judge(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Any:
        return strict(header, claims) if "scope" in claims else reply(*answer)

    return judge


in_process = partial(planted, in_process=True)


@in_process()
def endpoint_with_every_rule(world: World):
    judged_by(world, strict)


@in_process("challenge-dpop-alone")
def endpoint_that_takes_no_bearer_token(world: World):
    """Its refusal says nothing about the claims of the token."""
    world.challenge = f'DPoP algs="ES256", {METADATA}, scope="mcp"'
    world.server["dpop_signing_alg_values_supported"] = ["ES256"]
    judged_by(world, lambda *token: REFUSED)


@in_process("challenge-scope-missing")
def endpoint_without_scopes(world: World):
    world.challenge = f"Bearer {METADATA}"
    judged_by(world, lax("scope"))


@in_process("challenge-scope")
def endpoint_with_scopes_that_nothing_can_have(world: World):
    world.challenge = f'Bearer {METADATA}, scope="mcp  files"'
    judged_by(world, lax("scope"))


@in_process()
def view_that_fails_on_every_empty_body(world: World):
    judged_by(world, lambda *token: reply(500) if strict(*token) is LET_IN else strict(*token))


@in_process("token-audience-unchecked", shows=("another resource is let in. The answer is 400",))
def tokens_for_other_services_open_this_one(world: World):
    judged_by(world, lax("aud"))


@in_process("token-audience-unchecked", shows=("The answer is 500, as to a valid token",))
def view_that_fails_lets_in_tokens_for_other_services(world: World):
    def judge(*token: Any) -> Any:
        return reply(500) if lax("aud")(*token) is LET_IN else strict(*token)

    judged_by(world, judge)


@in_process("token-expiry-unchecked")
def tokens_live_forever(world: World):
    judged_by(world, lax("exp"))


@in_process("token-type-unchecked")
def id_tokens_are_access_tokens(world: World):
    judged_by(world, lax("typ"))


@in_process("token-scope-unchecked", shows=("The challenge names mcp",))
def scope_is_announced_and_not_checked(world: World):
    judged_by(world, lax("scope"))


@in_process("token-scope-refusal", shows=("401 to a token without any scope, with error=invalid",))
def too_little_scope_is_a_401(world: World):
    judged_by(world, to_too_little_scope(401, INVALID))


@in_process("token-scope-refusal", shows=("403 to a token without any scope, without an error",))
def too_little_scope_is_a_bare_403(world: World):
    judged_by(world, to_too_little_scope(403))


@in_process("token-scope-unnamed")
def needed_scope_is_a_secret(world: World):
    judged_by(world, to_too_little_scope(403, f'Bearer {METADATA}, error="insufficient_scope"'))


@in_process()
def too_little_scope_is_not_found(world: World):
    judged_by(world, to_too_little_scope(503))


@in_process("token-server-error", shows=("500 to an expired token.",))
def expired_tokens_break_the_verifier(world: World):
    def judge(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Any:
        return strict(header, claims) if claims["exp"] > time.time() else reply(500)

    judged_by(world, judge)


def refuse(*token: Any) -> Any:
    return REFUSED


@in_process("token-own-refused", shows=("aud is not https", "Set MCP_RESOURCE."))
def good_tokens_are_refused_by_a_rule(world: World):
    def explain(token: str, url: str) -> tuple[Refusal, ...]:
        # As a project does it: in the language of the reader.
        problem = gettext("aud is not https://app.example.com/mcp/.")
        refusal = Refusal("aud", problem, gettext("Set MCP_RESOURCE."))
        return refusal, refusal

    judged_by(world, refuse, explain=explain)


@in_process()
def good_tokens_are_refused_by_a_verifier_that_knows_its_own(world: World):
    refusal = Refusal("verify", "shop.verify refuses the token. It has been revoked.")
    judged_by(world, refuse, explain=lambda token, url: (refusal,))


@in_process("token-own-doubted", shows=("401 to a valid token",))
def good_tokens_are_refused_by_other_code(world: World):
    judged_by(world, refuse, explain=lambda token, url: ())


@in_process("token-own-doubted", shows=("Its user is not found.",))
def good_tokens_of_an_unknown_user(world: World):
    refusal = Refusal("user", "sub is 7, and no user has that.")
    judged_by(world, refuse, explain=lambda token, url: (refusal,))


@in_process()
def scope_that_only_the_403_names(world: World):
    def judge(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Any:
        has_scope = "files" in claims.get("scope", "").split()
        needed = reply(403, SCOPE.replace('scope="mcp"', 'scope="mcp files"'))
        return strict(header, claims) if has_scope else needed

    judged_by(world, judge)


@in_process("token-own-doubted")
def good_tokens_are_refused_by_unknown_code(world: World):
    judged_by(world, refuse)


@in_process()
def tokens_cannot_be_verified_now(world: World):
    judged_by(world, lambda *token: reply(503))


@in_process()
def project_that_cannot_sign(world: World):
    judged_by(world, refuse)
    world.credentials = Credentials(issuer=ORIGIN)


@in_process()
def own_tokens_get_no_answer(world: World):
    judged_by(world, lambda *token: Failure("POST", ENDPOINT, Trouble.BROKEN, "closed"))


@in_process()
def project_with_tokens_of_another_site(world: World):
    judged_by(world, refuse)
    world.credentials = replace(world.credentials, issuer="https://other.example.com")


# The token of the user.


def token(typ: str = "at+jwt", alg: str = "RS256", kid: str = RSA, **claims: Any) -> str:
    """Return a token that the healthy site has signed, with claims; `...` leaves one out."""
    hour = int(time.time()) + 3600
    good = {"iss": ORIGIN, "aud": ENDPOINT, "exp": hour, "scope": "mcp", **claims}
    kept = {name: value for name, value in good.items() if value is not ...}
    header = {"alg": alg, "typ": typ, **({"kid": kid} if kid else {})}
    return jwt.encode(header, kept, PRIVATE["RS256"], default_type=None)


def presented(world: World, text: str, answer: Any = REFUSED) -> None:
    """Send a token that gets an answer; every other one is refused."""
    world.credentials = Credentials(read_parts(text))
    world.tokens = lambda bearer, query: answer if bearer == text else REFUSED if bearer else None


@planted("token-let-in", shows=("400 to the empty POST with it",))
def good_token_of_the_user(world: World):
    presented(world, token(), LET_IN)


@planted("token-refused", shows=("No rule that the doctor knows refuses it",))
def token_that_is_refused_for_no_reason(world: World):
    presented(world, token())


@planted("token-refused", shows=("401: invalid_token: It is too old.",))
def token_with_a_description(world: World):
    challenge = f'Bearer {METADATA}, error="invalid_token", error_description="It is too old"'
    presented(world, token(), reply(401, challenge))


@planted("token-refused", shows=("403: the body: no admission.",))
def token_that_a_proxy_refuses(world: World):
    presented(world, token(), reply(403, body=b"no admission"))


@harmless
def token_without_an_answer(world: World):
    presented(world, token(), Failure("POST", ENDPOINT, Trouble.BROKEN, "closed"))


@planted("endpoint-open", "token-unsent", shows=("The endpoint requires no token",))
def token_for_an_open_endpoint(world: World):
    world.reply(ENDPOINT, body={"jsonrpc": "2.0"})
    world.credentials = Credentials(read_parts(token()))


@in_process("token-refused", shows=("The token expired", "Get a new token."))
def token_that_the_project_explains(world: World):
    text = token(exp=5)
    presented(world, text)
    refusal = Refusal("exp", "The token expired.", "Get a new token.")
    world.credentials = Credentials(read_parts(text), explain=lambda token, url: (refusal,))
