"""Protected resource metadata that is elsewhere, about something else, or not enough."""

from __future__ import annotations

from tests import PRM
from tests.gallery.by_hand import PRM_PATH, Site, broken


@broken("prm-not-found")
def no_resource_metadata(site: Site) -> None:
    del site.documents[PRM_PATH]


@broken("prm-not-found")
def well_known_behind_the_path(site: Site) -> None:
    """The document is one path off: below the endpoint, as OpenID would have it."""
    site.documents[f"/mcp{PRM}"] = site.documents.pop(PRM_PATH)


@broken("prm-path-not-found")
def well_known_behind_the_path_and_named(site: Site) -> None:
    site.documents[f"/mcp{PRM}"] = site.documents.pop(PRM_PATH)
    site.challenge = f'Bearer resource_metadata="{site.origin}/mcp{PRM}"'


@broken("prm-path-not-found")
def resource_metadata_at_the_root_only(site: Site) -> None:
    site.documents[PRM] = site.documents.pop(PRM_PATH)
    site.challenge = f'Bearer resource_metadata="{site.origin}{PRM}"'


@broken("prm-challenge-not-found")
def challenge_leads_to_nothing(site: Site) -> None:
    site.challenge = f'Bearer resource_metadata="{site.origin}{PRM}/api/mcp"'


@broken("prm-differs")
def old_copy_at_the_named_url(site: Site) -> None:
    site.documents["/prm.json"] = {**site.prm, "scopes_supported": ["mcp", "offline"]}
    site.server["scopes_supported"] = ["mcp", "offline"]
    site.challenge = f'Bearer resource_metadata="{site.origin}/prm.json"'


@broken("prm-resource-missing")
def no_resource(site: Site) -> None:
    del site.prm["resource"]


@broken("prm-resource-invalid")
def resource_is_a_path(site: Site) -> None:
    site.prm["resource"] = "/mcp"


@broken("prm-resource-not-exact", says=("Go SDK",))
def resource_with_a_slash(site: Site) -> None:
    site.prm["resource"] += "/"


@broken("prm-resource-not-exact")
def resource_is_the_origin(site: Site) -> None:
    site.prm["resource"] = site.origin


@broken("prm-resource-mismatch")
def resource_is_localhost(site: Site) -> None:
    site.prm["resource"] = site.resource.replace("127.0.0.1", "localhost")


@broken("prm-resource-mismatch")
def resource_has_another_port(site: Site) -> None:
    site.prm["resource"] = "http://127.0.0.1:1/mcp"


@broken("prm-resource-mismatch")
def resource_has_another_path(site: Site) -> None:
    site.prm["resource"] = f"{site.origin}/api/mcp"


@broken("prm-servers-missing")
def no_authorization_servers(site: Site) -> None:
    del site.prm["authorization_servers"]


@broken("prm-server-invalid")
def authorization_server_is_a_string(site: Site) -> None:
    site.prm["authorization_servers"] = site.origin


@broken("prm-server-invalid")
def authorization_server_is_its_metadata(site: Site) -> None:
    site.prm["authorization_servers"] = [f"{site.origin}/.well-known/oauth-authorization-server"]


@broken("prm-servers-spellings", "as-issuer-slash")
def authorization_server_in_two_spellings(site: Site) -> None:
    """The document can have the issuer in one of them alone."""
    site.prm["authorization_servers"] = [site.origin, f"{site.origin}/"]


@broken("prm-member-invalid")
def scopes_in_one_string(site: Site) -> None:
    site.prm["scopes_supported"] = "mcp profile"


@broken("prm-bearer-header")
def token_in_the_query_only(site: Site) -> None:
    site.prm["bearer_methods_supported"] = ["query"]


@broken("prm-scopes-of-clients")
def scopes_of_openid(site: Site) -> None:
    site.prm["scopes_supported"] = ["openid", "mcp"]


@broken("prm-scopes-not-offered")
def scope_that_no_server_has(site: Site) -> None:
    site.prm["scopes_supported"] = ["mcp", "mcp:admin"]


@broken("document-null")
def nulls(site: Site) -> None:
    """What a serializer makes of a model without `exclude_none`."""
    site.prm["jwks_uri"] = site.prm["resource_name"] = None
    site.server["service_documentation"] = None


@broken("document-empty")
def empty_lists(site: Site) -> None:
    site.prm["scopes_supported"] = []
    site.server["ui_locales_supported"] = []


@broken("reach-refused")
def authorization_server_is_down(site: Site) -> None:
    site.prm["authorization_servers"] = ["http://127.0.0.1:1"]


@broken("reach-name", says=("nobody here is called",))
def authorization_server_has_no_address(site: Site) -> None:
    site.prm["authorization_servers"] = ["https://id.example.net"]


@broken(
    "challenge-no-metadata",
    "prm-path-not-found",
    path="/mcp/",
    says=("the TypeScript SDK looks",),
)
def resource_metadata_with_a_final_slash_only(site: Site) -> None:
    """Nothing leads those there who drop the slash."""
    site.challenge = "Bearer"
    site.pages["/mcp/"] = site.pages.pop("/mcp")
    site.prm["resource"] += "/"
    site.documents[f"{PRM_PATH}/"] = site.documents.pop(PRM_PATH)
    site.answer(PRM_PATH, status=404)
