"""The forms that healthy sites have; imported for what it adds to the variants."""

from __future__ import annotations

from dataclasses import replace

from tests.doctor import faults_cards, faults_signed
from tests.doctor.healthy_worlds import (
    VARIANTS,
    WELL_KNOWN,
    Moved,
    Variant,
    changed,
    underscored,
    variant,
)
from tests.doctor.provider_forms_more import BY_NAME
from tests.doctor.providers import SiteOf
from tests.doctor.world import (
    ENDPOINT,
    JWKS,
    OPENID,
    ORIGIN,
    PAGE,
    PRM,
    PRM_ROOT,
    SERVER,
    World,
)


@changed()
def usual_site(world: World):
    """Nothing is changed."""


@variant(f"{ORIGIN}/")
def endpoint_at_the_root():
    return Moved(f"{ORIGIN}/", prm=PRM_ROOT)


@variant(ORIGIN)
def endpoint_without_a_path():
    return Moved(ORIGIN, prm=PRM_ROOT)


@variant(f"{ORIGIN}/api/v1/mcp")
def endpoint_with_a_long_path():
    return Moved(f"{ORIGIN}/api/v1/mcp")


@variant(f"{ORIGIN}/mcp/")
def endpoint_with_a_final_slash():
    world = Moved(f"{ORIGIN}/mcp/")
    slashed = f"{ORIGIN}{WELL_KNOWN}/mcp/"
    world.replies[("GET", slashed)] = lambda method, headers: (200, world.document, world.prm, 0.0)
    return world


@variant("http://127.0.0.1:8000/mcp")
def plain_http_on_loopback():
    return Moved("http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000")


@variant("http://localhost:8000/mcp")
def plain_http_on_localhost():
    return Moved("http://localhost:8000/mcp", "http://localhost:8000")


@variant("http://[::1]:8000/mcp")
def plain_http_on_loopback_of_ipv6():
    return Moved("http://[::1]:8000/mcp", "http://[::1]:8000")


@variant("https://app.example.com:8443/mcp")
def port_of_its_own():
    return Moved("https://app.example.com:8443/mcp", "https://app.example.com:8443")


@variant("https://xn--bcher-kva.example/mcp")
def internationalised_host():
    return Moved("https://xn--bcher-kva.example/mcp", "https://xn--bcher-kva.example")


@changed()
def several_resources(world: World):
    other = {**world.prm, "resource": f"{ORIGIN}/other"}
    world.json(f"{PRM_ROOT}/other", other)
    world.json(PRM_ROOT, {**world.prm, "resource": ORIGIN})


@changed()
def metadata_at_the_root_as_well(world: World):
    world.json(PRM_ROOT, world.prm)


@changed()
def issuer_with_a_path(world: World):
    issuer = f"{ORIGIN}/tenants/one"
    world.prm["authorization_servers"] = [issuer]
    world.json(f"{SERVER}/tenants/one", {**world.server, "issuer": issuer})


@changed()
def openid_alone(world: World):
    world.reply("GET", SERVER, status=404)
    world.json(OPENID, {**world.server, "subject_types_supported": ["public"]})


@changed()
def both_documents_of_the_server(world: World):
    world.json(
        OPENID, {**world.server, "subject_types_supported": ["public"], "ui_locales": ["en"]}
    )


@changed()
def caching_proxy_in_front(world: World):
    proxy = {"Server": "nginx", "Via": "1.1 varnish", "X-Cache": "HIT", "Age": "42", "ETag": '"1"'}
    world.document.update(proxy, Vary="Accept-Encoding, Origin", Connection="keep-alive")
    world.endpoint.update(Server="nginx", Via="1.1 varnish")


@changed()
def cloudflare_in_front(world: World):
    edge = {"Server": "cloudflare", "CF-Ray": "8a-FRA", "CF-Cache-Status": "DYNAMIC"}
    for headers in (world.document, world.endpoint, world.preflight):
        headers.update(edge)


@changed()
def security_headers_everywhere(world: World):
    headers = {
        "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'",
    }
    world.document.update(headers)
    world.endpoint.update(headers)


@changed()
def server_without_sessions_that_takes_post_alone(world: World):
    world.reply("GET", ENDPOINT, status=405, Allow="POST", **underscored(world.endpoint))
    methods = {"Access-Control-Allow-Methods": "POST, DELETE"}
    world.reply("OPTIONS", ENDPOINT, status=204, **underscored({**world.preflight, **methods}))


@changed()
def get_without_the_header_of_a_session(world: World):
    world.reply(
        "GET", ENDPOINT, status=400, body=b'{"jsonrpc": "2.0"}', **underscored(world.endpoint)
    )


@changed()
def second_server_of_a_provider(world: World):
    provider = BY_NAME["clerk"]
    world.prm["authorization_servers"] = [ORIGIN, provider.issuer]
    for url, document in provider.documents.items():
        world.json(url, document)


@changed(notes=("as-left-out",))
def more_servers_than_are_contacted(world: World):
    issuers = [f"{ORIGIN}/tenants/{number}" for number in range(5)]
    world.prm["authorization_servers"] = issuers
    for number, issuer in enumerate(issuers):
        world.json(f"{SERVER}/tenants/{number}", {**world.server, "issuer": issuer})


@changed(notes=("jwks-elsewhere",))
def keys_on_another_host(world: World):
    world.server["jwks_uri"] = "https://keys.example.org/jwks.json"


@changed()
def opaque_tokens_without_keys(world: World):
    del world.server["jwks_uri"], world.server["id_token_signing_alg_values_supported"]
    world.reply("GET", JWKS, status=404)


@changed()
def client_metadata_documents_without_registration(world: World):
    del world.server["registration_endpoint"]
    world.server["client_id_metadata_document_supported"] = True


@changed()
def everything_that_a_server_can_announce(world: World):
    world.server.update(
        client_id_metadata_document_supported=True,
        authorization_response_iss_parameter_supported=True,
        revocation_endpoint=f"{ORIGIN}/o/revoke/",
        service_documentation=f"{ORIGIN}/docs",
        dpop_signing_alg_values_supported=["ES256"],
    )


@changed()
def card_of_the_server(world: World):
    faults_cards.card_and_catalogue(world)


@changed()
def signed_metadata(world: World):
    faults_signed.signed_metadata(world)


@changed()
def pages_of_one_origin_may_use_the_endpoint(world: World):
    for headers in (world.endpoint, world.preflight):
        headers.update({"Access-Control-Allow-Origin": PAGE, "Vary": "Origin"})


@changed(notes=("cors-endpoint-closed",))
def pages_may_not_use_the_endpoint(world: World):
    world.endpoint = {}
    world.preflight = {}
    fields = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
    for url in (PRM, SERVER, JWKS):
        world.reply("OPTIONS", url, status=204, **underscored(fields))


@changed()
def second_scheme_beside_bearer(world: World):
    world.challenge = f'{world.challenge}, Basic realm="x"'


@changed()
def challenge_with_a_realm(world: World):
    world.challenge = (world.challenge or "").replace("Bearer ", 'Bearer realm="MCP", ')


@changed()
def keys_of_a_rotation(world: World):
    world.keys["keys"] += [{**key, "kid": f"next-{key['kid']}"} for key in world.keys["keys"]]


@variant()
def provider_that_caches_for_a_year_and_refuses_other_methods():
    # What a provider does with its documents is no problem of this site.
    provider = replace(
        BY_NAME["clerk"],
        headers={
            "Cache-Control": "public, max-age=31536000",
            "Set-Cookie": "a=b",
            "Vary": "Cookie",
        },
        preflight=(405, {"Allow": "GET"}),
    )
    site = SiteOf(provider)
    for url in provider.documents:
        site.reply("HEAD", url, status=405)
    return site


@variant()
def provider_that_says_nothing_about_caching():
    return SiteOf(replace(BY_NAME["workos"], headers={}))


def of_provider(name: str) -> None:
    provider = BY_NAME[name]
    VARIANTS.append(Variant(f"tokens_of_{name}", lambda: SiteOf(provider), notes=provider.codes))


for _name in ("auth0", "keycloak", "ory", "workos", "clerk", "supabase", "descope", "stytch"):
    of_provider(_name)
