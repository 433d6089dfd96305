"""Faults of the MCP endpoint and of its challenge."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.transport.messages import Trouble
from tests.doctor.planting import harmless, planted
from tests.doctor.world import ENDPOINT, HTML, ORIGIN, PRM, PRM_ROOT, World

METADATA = f'resource_metadata="{PRM}"'
LED = f'{METADATA}, scope="mcp"'
ALGORITHMS = "dpop_signing_alg_values_supported"
REQUIRED = "dpop_bound_access_tokens_required"


def _no_metadata(world: World):
    world.reply("GET", PRM, status=404)


@planted("endpoint-not-found")
def no_endpoint(world: World):
    world.reply(ENDPOINT, status=404)
    _no_metadata(world)


@planted("endpoint-not-found")
def endpoint_that_is_gone(world: World):
    world.reply(ENDPOINT, status=410)


@planted("endpoint-not-routed", in_process=True)
def endpoint_beside_django(world: World):
    world.reply(ENDPOINT, status=404)


@planted("prm-not-found", "endpoint-not-routed", in_process=True)
def project_without_the_urls(world: World):
    world.reply(ENDPOINT, status=404)
    _no_metadata(world)


@planted("endpoint-open")
def server_without_sign_in(world: World):
    world.reply(ENDPOINT, body={"jsonrpc": "2.0"})
    _no_metadata(world)


@planted("endpoint-open")
def server_that_only_wants_a_body(world: World):
    world.reply(ENDPOINT, status=400)


@planted("endpoint-open")
def server_that_takes_no_get(world: World):
    world.reply("POST", ENDPOINT, status=202)
    world.reply("GET", ENDPOINT, status=405)


@planted("endpoint-parses-first")
def body_before_token(world: World):
    world.reply("POST", ENDPOINT, status=400)


@planted("endpoint-parses-first")
def type_before_token(world: World):
    world.reply("POST", ENDPOINT, status=415)


@planted("endpoint-forbidden")
def authentication_of_sessions_first(world: World):
    world.reply(ENDPOINT, status=403, body=b'{"detail": "Not authenticated"}')


@planted("endpoint-csrf")
def csrf_protection(world: World):
    body = b"<h1>Forbidden</h1><p>CSRF verification failed. Request aborted.</p>"
    world.reply("POST", ENDPOINT, status=403, body=body)


@planted("endpoint-method")
def endpoint_for_get_alone(world: World):
    world.reply("POST", ENDPOINT, status=405)


@planted("endpoint-html")
def page_of_an_application(world: World):
    world.reply("POST", ENDPOINT, body=HTML, Content_Type="text/html")
    world.reply("GET", ENDPOINT, body=HTML, Content_Type="text/html")


@planted("endpoint-get")
def stream_for_everybody(world: World):
    world.reply("GET", ENDPOINT, Content_Type="text/event-stream")


@planted("endpoint-get")
def get_astray(world: World):
    world.reply("GET", ENDPOINT, status=404)


@harmless
def endpoint_without_get(world: World):
    headers = {name.replace("-", "_"): value for name, value in world.endpoint.items()}
    world.reply("GET", ENDPOINT, status=405, **headers)


@planted("reach-timeout")
def get_without_an_answer(world: World):
    world.replies["GET", ENDPOINT] = world.fail(ENDPOINT, Trouble.TIMEOUT) or world.replies.pop(
        (ENDPOINT,)
    )


@planted("challenge-missing")
def bare_401(world: World):
    world.challenge = None


@planted("challenge-missing")
def bare_401_to_post_alone(world: World):
    headers = {name.replace("-", "_"): value for name, value in world.endpoint.items()}
    world.reply("POST", ENDPOINT, status=401, **headers)


@planted("challenge-malformed")
def url_without_quotes(world: World):
    world.challenge = f'Bearer resource_metadata={PRM}, scope="mcp"'


@planted("challenge-malformed")
def parameter_twice(world: World):
    world.challenge = f"Bearer {METADATA}, {LED}"


@planted("challenge-not-bearer")
def basic_authentication(world: World):
    world.challenge = 'Basic realm="api"'


@planted("challenge-not-first")
def basic_before_bearer(world: World):
    world.challenge = f'Basic realm="api", Bearer {LED}'


@harmless
def bearer_before_basic(world: World):
    world.challenge = f'Bearer {LED}, Basic realm="api"'


def _offer(world: World, challenge: str, **members: object):
    """Announce DPoP everywhere, with this challenge and these members of the resource."""
    world.server[ALGORITHMS] = ["ES256"]
    world.prm = {**world.prm, **members}
    world.challenge = challenge


@harmless
def proof_of_possession_before_bearer(world: World):
    """The TypeScript client reads either."""
    _offer(world, f'DPoP algs="ES256", Bearer {LED}')


@harmless
def proof_of_possession_beside_bearer(world: World):
    _offer(world, f'Bearer {LED}, DPoP algs="ES256 RS256"', **{ALGORITHMS: ["RS256", "ES256"]})


@harmless
def proof_of_possession_without_algorithms(world: World):
    _offer(world, f"Bearer {LED}, DPoP {METADATA}", **{ALGORITHMS: ["ES256"]})


@planted("challenge-dpop-alone")
def proof_of_possession_alone(world: World):
    _offer(world, f'DPoP algs="ES256", {LED}')


@planted("challenge-dpop-alone")
def proof_of_possession_alone_as_the_metadata_says(world: World):
    _offer(world, f'DPoP algs="ES256", {LED}', **{REQUIRED: True})


@planted("challenge-dpop-alone", "challenge-no-metadata")
def proof_of_possession_alone_without_metadata(world: World):
    _offer(world, 'DPoP algs="ES256"')


@planted("challenge-dpop-alone", "challenge-not-first")
def proof_of_possession_behind_basic(world: World):
    _offer(world, f'Basic realm="api", DPoP {LED}')


@planted("challenge-dpop-required", shows=("and the challenge offers Bearer alone.",))
def proof_of_possession_that_only_the_metadata_requires(world: World):
    world.prm[REQUIRED] = True


@planted("challenge-dpop-required", shows=("and the challenge offers Bearer as well.",))
def proof_of_possession_that_the_challenge_does_not_require(world: World):
    _offer(world, f'Bearer {LED}, DPoP algs="ES256"', **{REQUIRED: True})


@harmless
def proof_of_possession_that_is_not_required(world: World):
    world.prm[REQUIRED] = False


@planted("challenge-dpop-unsupported", shows=(f"{ORIGIN}: without {ALGORITHMS}.",))
def proof_of_possession_that_the_server_does_not_know(world: World):
    world.challenge = f'Bearer {LED}, DPoP algs="ES256"'


@planted("challenge-dpop-differs", shows=("Challenge: ES256. Metadata: RS256.",))
def proof_of_possession_with_other_algorithms(world: World):
    _offer(world, f'Bearer {LED}, DPoP algs="ES256"', **{ALGORITHMS: ["RS256"]})


@planted("challenge-dpop-algorithm", shows=("is symmetric",))
def proof_of_possession_by_a_shared_secret(world: World):
    _offer(world, f'Bearer {LED}, DPoP algs="ES256 HS256"')


@planted("challenge-dpop-algorithm", shows=("never allowed here",))
def proof_of_possession_without_a_signature(world: World):
    _offer(world, f'Bearer {LED}, DPoP algs="none"')


@planted("prm-member-invalid", shows=("is symmetric",))
def resource_for_proofs_by_a_shared_secret(world: World):
    world.prm[ALGORITHMS] = ["HS256"]


@planted("as-member-invalid", shows=("never allowed here",))
def server_for_proofs_without_a_signature(world: World):
    world.server[ALGORITHMS] = ["none"]


@planted("challenge-several")
def proxy_and_application(world: World):
    world.challenge = f'Bearer {LED}, Bearer realm="proxy"'


@planted("challenge-no-metadata")
def challenge_without_metadata(world: World):
    world.challenge = 'Bearer realm="mcp"'


@planted("challenge-metadata-invalid")
def metadata_as_a_path(world: World):
    world.challenge = (
        'Bearer resource_metadata="/.well-known/oauth-protected-resource/mcp", scope="mcp"'
    )


@planted("challenge-metadata-invalid")
def metadata_with_a_fragment(world: World):
    world.challenge = f'Bearer resource_metadata="{PRM}#mcp", scope="mcp"'
    world.json(f"{PRM}#mcp", world.prm)


@planted("challenge-metadata-http")
def metadata_over_http(world: World):
    world.challenge = f'Bearer resource_metadata="http{PRM[5:]}", scope="mcp"'


@harmless
def metadata_with_an_escape_in_the_host(world: World):
    named = f"https://%61pp.example.com{PRM.partition('example.com')[2]}"
    world.challenge = f'Bearer resource_metadata="{named}", scope="mcp"'


@planted("challenge-metadata-offsite")
def metadata_on_another_host(world: World):
    world.challenge = (
        'Bearer resource_metadata="https://elsewhere.example.net/metadata", scope="mcp"'
    )


@planted(url="http://localhost:8000/mcp")
def metadata_over_http_on_loopback(world: World):
    start = "http://localhost:8000"
    prm = f"{start}/.well-known/oauth-protected-resource/mcp"
    challenge = f'Bearer resource_metadata="{prm}"'
    headers = {name.replace("-", "_"): value for name, value in world.endpoint.items()}
    world.json(prm, {"resource": f"{start}/mcp", "authorization_servers": [ORIGIN]})
    world.reply(f"{start}/mcp", status=401, WWW_Authenticate=challenge, **headers)
    world.addresses["localhost"] = ("::1", "127.0.0.1")
    world.replies["OPTIONS", f"{start}/mcp"] = (204, world.preflight, b"", 0)


@planted("challenge-error")
def error_although_no_token_was_sent(world: World):
    world.challenge = f'Bearer error="invalid_token", {LED}'


@planted("challenge-scope")
def scopes_with_commas(world: World):
    world.challenge = f'Bearer {METADATA}, scope="mcp,files"'


@planted("challenge-scope")
def no_scopes_in_scope(world: World):
    world.challenge = f'Bearer {METADATA}, scope=""'


@planted("challenge-scope")
def two_blanks_between_scopes(world: World):
    world.challenge = f'Bearer {METADATA}, scope="mcp  files"'


@planted("challenge-scope-missing", shows=("Clients request files mcp.",))
def no_scope_although_there_are_some(world: World):
    world.challenge = f"Bearer {METADATA}"
    world.prm["scopes_supported"] = ["files", "mcp"]
    world.server["scopes_supported"] = ["files", "mcp"]


@harmless
def no_scope_where_there_is_none(world: World):
    world.challenge = f"Bearer {METADATA}"
    del world.prm["scopes_supported"]


@planted("challenge-offline-access", shows=("scope is mcp offline_access.",))
def offline_access_in_the_challenge(world: World):
    world.challenge = f'Bearer {METADATA}, scope="mcp offline_access"'


@planted("challenge-scope-not-offered", shows=("mcp:tools missing",))
def scope_that_the_own_server_does_not_list(world: World):
    world.challenge = f'Bearer {METADATA}, scope="mcp mcp:tools"'


@harmless
def scope_of_a_server_that_lists_none(world: World):
    world.challenge = f'Bearer {METADATA}, scope="mcp mcp:tools"'
    del world.server["scopes_supported"]


@harmless
def scope_that_an_outside_server_leaves_out(world: World):
    """Providers do not list the scopes of APIs."""
    world.challenge = f'Bearer {METADATA}, scope="api://0a1b/mcp"'
    world.prm["scopes_supported"] = ["api://0a1b/mcp"]
    outside = "https://login.example.net"
    world.prm["authorization_servers"] = [outside]
    members = {**world.server, "issuer": outside, "scopes_supported": ["openid"]}
    world.json(f"{outside}/.well-known/oauth-authorization-server", members)


@harmless
def scope_of_another_scheme(world: World):
    world.challenge = f'Bearer {LED}, Other scope="a,b"'


@planted("challenge-differs")
def other_scope_for_get(world: World):
    headers = {name.replace("-", "_"): value for name, value in world.endpoint.items()}
    other = f'Bearer {METADATA}, scope="files"'
    world.reply("GET", ENDPOINT, status=401, WWW_Authenticate=other, **headers)


@harmless
def metadata_at_the_root_as_well(world: World):
    world.json(PRM_ROOT, world.prm)
