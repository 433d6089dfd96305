"""Faults of the protected resource metadata."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.transport.messages import Trouble
from tests.doctor.planting import harmless, planted
from tests.doctor.world import (
    ENDPOINT,
    ORIGIN,
    PRM,
    PRM_ROOT,
    SERVER,
    World,
)


@planted("prm-not-found")
def no_metadata(world: World):
    world.reply("GET", PRM, status=404)


@planted("prm-path-not-found")
def metadata_at_the_root_alone(world: World):
    world.challenge = f'Bearer resource_metadata="{PRM_ROOT}", scope="mcp"'
    world.reply("GET", PRM, status=404)
    world.json(PRM_ROOT, world.prm)


@planted("prm-path-not-found")
def metadata_where_only_the_challenge_says(world: World):
    named = f"{ORIGIN}/metadata"
    world.challenge = f'Bearer resource_metadata="{named}", scope="mcp"'
    world.reply("GET", PRM, status=404)
    world.json(named, world.prm)


def _with_a_slash(world: World, challenge: str) -> str:
    """Have the endpoint, and its metadata, with a final slash; return the URL of the metadata."""
    headers = {name.replace("-", "_"): value for name, value in world.endpoint.items()}
    world.prm["resource"] = f"{ENDPOINT}/"
    world.reply(f"{ENDPOINT}/", status=401, WWW_Authenticate=challenge, **headers)
    world.replies["OPTIONS", f"{ENDPOINT}/"] = (204, world.preflight, b"", 0.0)
    world.reply("GET", PRM, status=404)
    world.json(f"{PRM}/", world.prm)
    return f"{PRM}/"


@planted(
    "challenge-no-metadata",
    "prm-path-not-found",
    url=f"{ENDPOINT}/",
    shows=("404, where the TypeScript SDK looks",),
)
def metadata_with_the_final_slash_alone(world: World):
    """The TypeScript SDK drops the slash, and nothing leads it back."""
    _with_a_slash(world, "Bearer")


@planted(url=f"{ENDPOINT}/")
def metadata_with_the_final_slash_in_the_challenge(world: World):
    _with_a_slash(world, f'Bearer resource_metadata="{PRM}/", scope="mcp"')


@planted("challenge-no-metadata", "prm-path-not-found", url=f"{ENDPOINT}/")
def metadata_without_the_final_slash_alone(world: World):
    """The others keep the slash."""
    world.replies["GET", PRM] = world.replies.pop(("GET", _with_a_slash(world, "Bearer")))


@planted("challenge-no-metadata", url=f"{ENDPOINT}/")
def another_resource_without_the_final_slash(world: World):
    """Both are looked at by their own clients, and only by them."""
    _with_a_slash(world, "Bearer")
    world.json(PRM, {**world.prm, "resource": ENDPOINT})


@planted("endpoint-elsewhere", "redirect-slash", "prm-resource-not-exact", url=f"{ENDPOINT}/")
def endpoint_published_with_a_slash_that_it_drops(world: World):
    world.reply("POST", f"{ENDPOINT}/", status=301, Location=ENDPOINT)
    world.json(f"{PRM}/", world.prm)


@planted("prm-challenge-not-found")
def challenge_to_nowhere(world: World):
    world.challenge = f'Bearer resource_metadata="{ORIGIN}/nowhere", scope="mcp"'


@planted("prm-differs")
def two_documents_for_one_resource(world: World):
    named = f"{ORIGIN}/metadata"
    world.challenge = f'Bearer resource_metadata="{named}", scope="mcp"'
    world.json(named, {**world.prm, "resource_name": "Files"})


@harmless
def another_resource_at_the_root(world: World):
    world.json(PRM_ROOT, {**world.prm, "resource": ORIGIN})


@harmless
def members_of_no_standard(world: World):
    world.prm |= {"x-unknown": {"a": [1]}, "resource_icon": "data:,"}


@planted("prm-resource-missing")
def no_resource(world: World):
    del world.prm["resource"]


@planted("prm-resource-invalid")
def resource_as_a_path(world: World):
    world.prm["resource"] = "/mcp"


@planted("prm-resource-invalid")
def resource_with_a_fragment(world: World):
    world.prm["resource"] = f"{ENDPOINT}#tools"


@planted("prm-resource-invalid")
def resource_as_a_list(world: World):
    world.prm["resource"] = [ENDPOINT]


@planted("prm-resource-scheme")
def http_behind_a_proxy(world: World):
    world.prm["resource"] = f"http{ENDPOINT[5:]}"
    world.prm["authorization_servers"] = [f"http{ORIGIN[5:]}"]


@planted("prm-resource-mismatch")
def internal_host(world: World):
    world.prm["resource"] = "https://backend.example.com/mcp"


@planted(
    "prm-resource-mismatch",
    "as-unusable",
    "challenge-metadata-offsite",
    "reach-name",
    shows=(
        "Configure the public URL of this site: resource and authorization_servers both name "
        "https://wrong.example.net.",
    ),
)
def issuer_of_another_site_in_the_settings(world: World):
    wrong = "https://wrong.example.net"
    world.prm.update(resource=f"{wrong}/mcp", authorization_servers=[wrong])
    world.challenge = f'Bearer resource_metadata="{PRM.replace(ORIGIN, wrong)}", scope="mcp"'
    for name in ("oauth-authorization-server", "openid-configuration"):
        world.fail(f"{wrong}/.well-known/{name}", Trouble.NAME)


@planted("prm-resource-mismatch")
def another_path(world: World):
    world.prm["resource"] = f"{ORIGIN}/api"


@planted("prm-resource-mismatch")
def http_and_another_path(world: World):
    world.prm["resource"] = "http://app.example.com/api"


@planted("prm-resource-not-exact")
def origin_for_the_endpoint(world: World):
    world.prm["resource"] = ORIGIN


@planted("prm-resource-not-exact")
def final_slash_in_the_resource(world: World):
    world.prm["resource"] = f"{ENDPOINT}/"


@planted("prm-resource-mismatch")
def another_port(world: World):
    world.prm["resource"] = f"{ORIGIN}:8443/mcp"


@planted("prm-resource-scheme")
def http_and_another_spelling_of_the_host(world: World):
    world.prm["resource"] = "http://APP.example.com/mcp"


@planted("prm-resource-not-exact")
def escape_in_the_host(world: World):
    world.prm["resource"] = "https://%61pp.example.com/mcp"


@planted("prm-resource-invalid")
def host_that_browsers_do_not_read(world: World):
    world.prm["resource"] = "https://1.2.3.4.5/mcp"


@planted("prm-server-invalid")
def server_at_a_host_that_browsers_do_not_read(world: World):
    world.prm["authorization_servers"] = [ORIGIN, "https://example.256"]


@planted("prm-server-invalid")
def server_at_an_internationalised_name(world: World):
    world.prm["authorization_servers"] = [ORIGIN, "https://münchen.example"]


@planted("prm-servers-spellings", "as-issuer-mismatch")
def server_with_an_escape_in_its_host(world: World):
    world.prm["authorization_servers"] = [ORIGIN, "https://%61pp.example.com"]


@planted("prm-member-invalid")
def string_for_scopes(world: World):
    world.prm["scopes_supported"] = "mcp"


@planted("prm-servers-missing")
def no_servers(world: World):
    del world.prm["authorization_servers"]


@planted("prm-servers-missing", "document-empty")
def empty_list_of_servers(world: World):
    world.prm["authorization_servers"] = []


@planted("prm-server-invalid")
def string_for_servers(world: World):
    world.prm["authorization_servers"] = ORIGIN


@planted("prm-server-invalid")
def metadata_url_for_the_issuer(world: World):
    world.prm["authorization_servers"] = [SERVER]


@planted("prm-server-invalid")
def http_server_alone(world: World):
    world.prm["authorization_servers"] = [ORIGIN, "http://login.example.com"]


@planted("prm-servers-spellings", "as-issuer-slash")
def server_in_two_spellings(world: World):
    world.prm["authorization_servers"] = [ORIGIN, f"{ORIGIN}/"]


@planted("prm-server-invalid")
def number_and_path_among_the_servers(world: World):
    world.prm["authorization_servers"] = [ORIGIN, 7, "/login"]


@planted("as-elsewhere", in_process=True)
def server_elsewhere_in_process(world: World):
    """The project cannot answer for another host."""
    world.prm["authorization_servers"] = ["https://login.example.net"]


@planted("as-elsewhere", in_process=True)
def second_server_elsewhere_in_process(world: World):
    world.prm["authorization_servers"] = [ORIGIN, "https://login.example.net"]


@planted("prm-bearer-header")
def tokens_in_the_body_alone(world: World):
    world.prm["bearer_methods_supported"] = ["body"]


@planted("prm-scopes-of-clients")
def offline_access_of_a_resource(world: World):
    world.prm["scopes_supported"] = ["mcp", "offline_access"]


@planted("prm-scopes-not-offered")
def scope_that_no_server_has(world: World):
    world.prm["scopes_supported"] = ["mcp", "files"]


@harmless
def scopes_of_apis_that_a_provider_leaves_out(world: World):
    """RFC 8414 §2 lets it do so."""
    issuer = "https://login.example.net"
    world.prm["authorization_servers"] = [issuer]
    world.prm["scopes_supported"] = ["api://0a1b/mcp"]
    offered = ["openid", "profile", "email", "offline_access"]
    metadata = {**world.server, "issuer": issuer, "scopes_supported": offered}
    world.json(f"{issuer}/.well-known/oauth-authorization-server", metadata)


@harmless
def server_without_a_list_of_scopes(world: World):
    del world.server["scopes_supported"]


@planted("prm-resource-origin", shows=("The path differs.",))
def resource_that_is_the_origin_at_both_addresses(world: World):
    """The clients that compare exactly accept it at the root, and the others accept a prefix."""
    world.prm["resource"] = ORIGIN
    world.json(PRM_ROOT, world.prm)


@planted("prm-resource-origin", "prm-path-not-found")
def resource_that_is_the_origin_at_the_root_alone(world: World):
    resource_that_is_the_origin_at_both_addresses(world)
    world.challenge = f'Bearer resource_metadata="{PRM_ROOT}", scope="mcp"'
    world.reply("GET", PRM, status=404)


@planted("prm-resource-not-exact")
def resource_that_is_the_origin_where_exact_clients_refuse_it(world: World):
    world.prm["resource"] = ORIGIN


@planted("prm-differs")
def other_spelling_that_all_accept_in_the_document_of_the_challenge(world: World):
    """Clients that compare exactly find the other document."""
    world.challenge = f'Bearer resource_metadata="{ORIGIN}/named", scope="mcp"'
    world.json(f"{ORIGIN}/named", {**world.prm, "resource": f"{ORIGIN}:443/mcp"})
