"""Faults of any answer: no connection, redirects, errors."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.transport.messages import Trouble
from tests.doctor.planting import harmless, planted
from tests.doctor.world import (
    ENDPOINT,
    HTML,
    JWKS,
    OPENID,
    ORIGIN,
    PRM,
    PRM_ROOT,
    SERVER,
    World,
)


@harmless
def nothing_at_all(world: World):
    pass


@planted("reach-name")
def unknown_host(world: World):
    world.fail(ENDPOINT, Trouble.NAME)


@planted("reach-refused")
def closed_port(world: World):
    world.fail(ENDPOINT, Trouble.REFUSED)


@planted("reach-refused")
def closed_port_of_the_server(world: World):
    for url in (SERVER, OPENID):
        world.fail(url, Trouble.REFUSED)


OTHER = "https://login.example.net"
_OF_OTHER = [
    f"{OTHER}/.well-known/{name}" for name in ("oauth-authorization-server", "openid-configuration")
]


@planted("as-unusable", "reach-name", shows=(f"names {OTHER}, which does not answer: a reason.",))
def issuer_at_an_unknown_host(world: World):
    world.prm["authorization_servers"] = [OTHER]
    for url in _OF_OTHER:
        world.fail(url, Trouble.NAME)


@planted("as-unusable", "reach-refused", shows=("host and the port in authorization_servers",))
def issuer_at_a_closed_port(world: World):
    world.prm["authorization_servers"] = [OTHER]
    for url in _OF_OTHER:
        world.fail(url, Trouble.REFUSED)


@planted("as-unusable", "document-html", shows=(f"names {OTHER}, which answers with a page",))
def issuer_that_is_a_website(world: World):
    world.prm["authorization_servers"] = [OTHER]
    for url in _OF_OTHER:
        world.reply(url, body=HTML)


@planted("as-not-found", "redirect-login")
def issuer_that_redirects_to_a_missing_login(world: World):
    world.prm["authorization_servers"] = [OTHER]
    for url in _OF_OTHER:
        world.reply(url, status=302, Location=f"{OTHER}/login/?next=/")


@planted("as-unusable", "redirect-login")
def issuer_behind_a_login(world: World):
    world.prm["authorization_servers"] = [OTHER]
    world.reply(f"{OTHER}/login/?next=/", body=HTML)
    for url in _OF_OTHER:
        world.reply(url, status=302, Location=f"{OTHER}/login/?next=/")


@planted("as-not-found")
def issuer_on_a_host_without_metadata(world: World):
    world.prm["authorization_servers"] = [OTHER]


@planted(
    "as-not-found",
    shows=(f"If tokens come from {ORIGIN}, name that issuer. Correct the issuer in",),
)
def issuer_with_a_path_too_many(world: World):
    world.prm["authorization_servers"] = [f"{ORIGIN}/oauth"]


@planted("reach-tls")
def expired_certificate(world: World):
    world.fail(ENDPOINT, Trouble.TLS)


@planted("reach-timeout")
def hanging_metadata(world: World):
    world.fail(PRM, Trouble.TIMEOUT)


@planted("reach-broken")
def truncated_keys(world: World):
    world.fail(JWKS, Trouble.BROKEN)


@planted("reach-private")
def server_at_a_private_address(world: World):
    world.prm["authorization_servers"] = [OTHER]
    for url in _OF_OTHER:
        world.fail(url, Trouble.PRIVATE)


@planted("reach-private")
def internal_name_in_a_document(world: World):
    world.server["service_documentation"] = "https://docs.corp.internal/"


@planted("reach-private")
def address_in_a_document(world: World):
    world.prm["resource_documentation"] = "https://10.0.0.7/"
    world.prm["resource_policy_uri"] = "https://10.0.0.7/policy"


@planted("reach-cut")
def time_is_over(world: World):
    for url in (PRM, PRM_ROOT):
        world.fail(url, Trouble.CUT)


@planted("reach-plain-http", url="http://plain.example.com/mcp")
def plain_http(world: World):
    document = {"resource": "http://plain.example.com/mcp", "authorization_servers": [ORIGIN]}
    base = "http://plain.example.com/.well-known/oauth-protected-resource/mcp"
    challenge = f'Bearer resource_metadata="{base}"'
    world.reply("http://plain.example.com/mcp", status=401, **OPEN, WWW_Authenticate=challenge)
    world.json(base, document)
    world.reply("OPTIONS", "http://plain.example.com/mcp", status=204, **PAGES)
    world.reply(
        "GET", "http://plain.example.com/mcp", status=401, **OPEN, WWW_Authenticate=challenge
    )


PAGES = {
    "Access_Control_Allow_Methods": "DELETE",
    "Access_Control_Allow_Origin": "*",
    "Access_Control_Allow_Headers": "*, authorization",
}
OPEN = {
    "Access_Control_Allow_Origin": "*",
    "Access_Control_Expose_Headers": "WWW-Authenticate",
}


def _redirect(world: World, url: str, location: str, status=301):
    world.reply("GET", url, status=status, Location=location)


@planted(
    "endpoint-elsewhere", "redirect-offsite", "reach-plain-http", url="http://app.example.com/mcp"
)
def https_is_elsewhere(world: World):
    world.reply("POST", "http://app.example.com/mcp", status=301, Location=ENDPOINT)
    world.reply("GET", "http://app.example.com/mcp", status=301, Location="https://b.example.com/")


@planted("redirect-slash")
def final_slash_of_a_document(world: World):
    _redirect(world, PRM, f"{PRM}/")
    world.json(f"{PRM}/", world.prm)


@planted("redirect-slash", shows=("301",))
def final_slash_of_the_endpoint(world: World):
    world.reply("POST", ENDPOINT, status=301, Location=f"{ENDPOINT}/")


@planted("redirect-www")
def host_with_www(world: World):
    _redirect(world, SERVER, "https://www.app.example.com/.well-known/oauth-authorization-server")


@planted("redirect-language")
def path_with_a_language(world: World):
    _redirect(world, PRM, "/en-gb/.well-known/oauth-protected-resource/mcp")
    world.json(f"{ORIGIN}/en-gb/.well-known/oauth-protected-resource/mcp", world.prm)


@planted("redirect-login")
def login_before_a_document(world: World):
    _redirect(world, SERVER, "/accounts/login/?next=/.well-known/", 302)
    world.reply(f"{ORIGIN}/accounts/login/?next=/.well-known/", body=HTML)


@planted("redirect-offsite")
def document_on_another_host(world: World):
    _redirect(world, SERVER, "https://elsewhere.example.net/metadata")


@planted("redirect-other")
def document_moved(world: World):
    _redirect(world, JWKS, "/keys.json", 307)
    world.json(f"{ORIGIN}/keys.json", world.keys)


@planted("redirect-loop")
def redirect_to_itself(world: World):
    _redirect(world, SERVER, SERVER)


@planted("redirect-loop")
def redirect_round_two_corners(world: World):
    _redirect(world, JWKS, "/a.json")
    _redirect(world, f"{ORIGIN}/a.json", JWKS)


@planted("redirect-other")
def endless_new_addresses(world: World):
    for number in range(9):
        _redirect(world, f"{ORIGIN}/{number}.json", f"/{number + 1}.json")
    _redirect(world, JWKS, "/0.json")


@harmless
def redirect_without_a_place(world: World):
    world.reply("GET", OPENID, status=302)


@planted("answer-server-error")
def server_error_of_a_document(world: World):
    world.reply("GET", SERVER, status=500, body=b'{"error": "server_error"}')


@planted("answer-server-error")
def server_error_of_the_endpoint(world: World):
    world.reply(ENDPOINT, status=503)


@planted("answer-forbidden")
def forbidden_document(world: World):
    world.reply("GET", SERVER, status=403)


@planted("answer-bad-request")
def host_not_allowed(world: World):
    world.reply("GET", PRM, status=400)


@planted("answer-too-large")
def endless_document(world: World):
    world.json(JWKS, {"keys": [], "padding": "x" * 300_000})


@planted("redirect-other", "answer-slow", shows=("The answer took 4.0 seconds.",))
def slow_redirect(world: World):
    world.reply("GET", JWKS, status=302, seconds=2.0, Location=f"{JWKS}/now")
    world.reply("GET", f"{JWKS}/now", body=world.keys, seconds=2.0, **_underscored(world.document))


@planted("answer-slow")
def slow_document(world: World):
    world.reply("GET", JWKS, body=world.keys, seconds=3.5, **_underscored(world.document))


@planted("answer-encoded")
def compressed_document(world: World):
    world.json(SERVER, world.server, Content_Encoding="gzip")
    world.replies["GET", SERVER] = (
        200,
        {**world.document, "Content-Encoding": "gzip"},
        b"\x1f\x8b",
        0,
    )


@harmless
def identity_encoding(world: World):
    world.json(SERVER, world.server, Content_Encoding="identity")


def _underscored(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in headers.items()}


@planted("answer-unexpected")
def limited_from_the_first_request(world: World):
    world.reply("GET", PRM, status=429)


@planted("answer-firewall", shows=("Cloudflare (cf-mitigated: challenge)",))
def challenge_of_a_firewall(world: World):
    world.reply("POST", ENDPOINT, status=403, body=HTML, cf_mitigated="challenge")
