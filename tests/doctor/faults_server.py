"""Faults of the authorization server metadata."""

from __future__ import annotations

from tests.doctor.planting import harmless, planted
from tests.doctor.world import (
    ENDPOINT,
    HTML,
    OPENID,
    ORIGIN,
    SERVER,
    World,
)

OPENID_MEMBERS = {"subject_types_supported": ["public"]}


@planted("as-not-found")
def no_server_metadata(world: World):
    world.reply("GET", SERVER, status=404)


@harmless
def server_under_openid_alone(world: World):
    world.reply("GET", SERVER, status=404)
    world.json(OPENID, {**world.server, **OPENID_MEMBERS})


@harmless
def issuer_with_a_path(world: World):
    issuer = f"{ORIGIN}/t1"
    world.prm["authorization_servers"] = [issuer]
    world.json(f"{SERVER}/t1", {**world.server, "issuer": issuer})


@planted("as-not-found")
def well_known_part_appended(world: World):
    issuer = f"{ORIGIN}/t1"
    world.prm["authorization_servers"] = [issuer]
    world.json(f"{issuer}/.well-known/oauth-authorization-server", world.server)


@planted("as-not-found")
def server_at_the_root_alone(world: World):
    issuer = f"{ORIGIN}/t1"
    world.prm["authorization_servers"] = [issuer]
    world.server["issuer"] = issuer


@planted("as-issuer-missing")
def no_issuer(world: World):
    del world.server["issuer"]


@planted("as-issuer-slash")
def issuer_with_a_final_slash(world: World):
    world.server["issuer"] = f"{ORIGIN}/"


@planted("as-issuer-mismatch")
def issuer_over_http(world: World):
    world.server["issuer"] = "http://app.example.com"


@planted("as-issuer-mismatch")
def issuer_of_somebody_else(world: World):
    world.server["issuer"] = "https://login.example.net"


@planted("as-member-missing")
def no_token_endpoint(world: World):
    del world.server["token_endpoint"]


@planted("as-member-invalid")
def string_for_grants(world: World):
    world.server["grant_types_supported"] = "authorization_code"


@planted("as-member-invalid")
def endpoint_as_a_path(world: World):
    world.server["revocation_endpoint"] = "/o/revoke/"


@planted("as-endpoint-http")
def token_endpoint_over_http(world: World):
    world.server["token_endpoint"] = "http://app.example.com/o/token/"


@planted("reach-private")
def token_endpoint_on_loopback_in_another_form(world: World):
    world.server["token_endpoint"] = "http://0x7f.1:8000/o/token/"


@harmless
def token_endpoint_at_a_number_that_is_public(world: World):
    world.server["token_endpoint"] = "https://1572395042/o/token/"


@planted("as-member-invalid")
def token_endpoint_without_a_host_that_browsers_read(world: World):
    world.server["token_endpoint"] = "https://1.2.3.4.5/o/token/"


@planted("reach-private")
def token_endpoint_on_loopback(world: World):
    world.server["token_endpoint"] = "http://localhost:8000/o/token/"


@planted("as-pkce-missing")
def no_pkce(world: World):
    del world.server["code_challenge_methods_supported"]


@planted("as-pkce-method")
def plain_pkce(world: World):
    world.server["code_challenge_methods_supported"] = ["plain"]


@planted("as-response-type")
def tokens_from_the_authorization_endpoint(world: World):
    world.server["response_types_supported"] = ["token"]


@planted("as-grant-type")
def client_credentials_alone(world: World):
    world.server["grant_types_supported"] = ["client_credentials"]


ID_JAG = "urn:ietf:params:oauth:grant-profile:id-jag"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@planted("as-grant-profile", shows=(f"{ID_JAG} without {JWT_BEARER}.",))
def profile_without_its_grant(world: World):
    world.server["authorization_grant_profiles_supported"] = [ID_JAG, "urn:example:other"]


@planted("as-grant-profile")
def profile_beside_the_usual_grants(world: World):
    del world.server["grant_types_supported"]
    world.server["authorization_grant_profiles_supported"] = [ID_JAG]


@harmless
def profile_with_its_grant(world: World):
    world.server["grant_types_supported"].append(JWT_BEARER)
    world.server["authorization_grant_profiles_supported"] = [ID_JAG]


@harmless
def grant_without_a_profile(world: World):
    world.server["grant_types_supported"].append(JWT_BEARER)


@planted("as-registration")
def no_registration(world: World):
    del world.server["registration_endpoint"]
    del world.server["client_id_metadata_document_supported"]


@harmless
def metadata_documents_for_registration(world: World):
    del world.server["registration_endpoint"]


@planted("as-registration-alone")
def registration_alone(world: World):
    del world.server["client_id_metadata_document_supported"]


@planted("as-registration-alone", shows=("client_id_metadata_document_supported is False.",))
def metadata_documents_that_are_off(world: World):
    world.server["client_id_metadata_document_supported"] = False


@planted("as-iss-not-announced")
def no_announcement_of_iss(world: World):
    del world.server["authorization_response_iss_parameter_supported"]


@planted("as-iss-not-announced")
def iss_that_is_announced_as_missing(world: World):
    world.server["authorization_response_iss_parameter_supported"] = False


@harmless
def outside_server_of_an_older_revision(world: World):
    """The site cannot change it."""
    outside = "https://login.example.net"
    world.prm["authorization_servers"] = [outside]
    members = {**world.server, "issuer": outside}
    del members["client_id_metadata_document_supported"]
    del members["authorization_response_iss_parameter_supported"]
    world.json(f"{outside}/.well-known/oauth-authorization-server", members)


@planted("as-metadata-documents-keys")
def metadata_documents_for_clients_with_keys_alone(world: World):
    world.server["token_endpoint_auth_methods_supported"] = ["private_key_jwt"]
    world.server["token_endpoint_auth_signing_alg_values_supported"] = ["ES256"]


@harmless
def metadata_documents_for_clients_with_keys_and_without(world: World):
    world.server["token_endpoint_auth_methods_supported"] = ["private_key_jwt", "none"]
    world.server["token_endpoint_auth_signing_alg_values_supported"] = ["ES256"]


@planted("as-metadata-documents")
def metadata_documents_for_clients_with_secrets(world: World):
    world.server["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]


@planted("as-metadata-documents")
def metadata_documents_and_no_methods(world: World):
    del world.server["token_endpoint_auth_methods_supported"]


@planted("as-jwt-algorithms")
def jwt_authentication_without_algorithms(world: World):
    world.server["token_endpoint_auth_methods_supported"] = ["none", "private_key_jwt"]


@harmless
def jwt_authentication_with_algorithms(world: World):
    world.server["token_endpoint_auth_methods_supported"] = ["none", "private_key_jwt"]
    world.server["token_endpoint_auth_signing_alg_values_supported"] = ["ES256"]


def openid_alone(world: World, **members: object) -> None:
    """Have the metadata as a provider of OpenID has it, and nothing for OAuth."""
    world.reply("GET", SERVER, status=404)
    world.json(OPENID, {**world.server, **OPENID_MEMBERS, **members})


@harmless
def jwt_authentication_without_algorithms_in_openid(world: World):
    """Optional in OpenID Connect Discovery §3."""
    openid_alone(
        world,
        token_endpoint_auth_methods_supported=["none", "private_key_jwt", "client_secret_jwt"],
        introspection_endpoint_auth_methods_supported=["private_key_jwt"],
        revocation_endpoint_auth_methods_supported=["client_secret_jwt"],
    )


@planted("as-jwt-algorithms")
def jwt_authentication_without_algorithms_beside_openid(world: World):
    """Clients take the document for OAuth, to which RFC 8414 applies."""
    world.server["token_endpoint_auth_methods_supported"] = ["none", "private_key_jwt"]
    world.json(OPENID, {**world.server, **OPENID_MEMBERS})


@harmless
def unsigned_id_tokens_by_the_token_endpoint(world: World):
    openid_alone(world, id_token_signing_alg_values_supported=["RS256", "EdDSA", "none"])


@planted("as-member-invalid")
def unsigned_client_authentication(world: World):
    """Forbidden in both tables."""
    openid_alone(world, token_endpoint_auth_signing_alg_values_supported=["none"])


@harmless
def documents_that_differ_where_no_client_looks(world: World):
    other = {
        **OPENID_MEMBERS,
        "response_types_supported": ["code", "id_token", "code id_token"],
        "claims_supported": ["sub"],
        "scopes_supported": ["openid"],
        "grant_types_supported": ["authorization_code"],
    }
    world.server["claims_supported"] = ["iss"]
    world.json(OPENID, {**world.server, **other})


@harmless
def documents_with_lists_in_another_order(world: World):
    world.server["token_endpoint_auth_methods_supported"] = ["none", "client_secret_basic"]
    methods = ["client_secret_basic", "none", "none"]
    other = {**world.server, **OPENID_MEMBERS, "token_endpoint_auth_methods_supported": methods}
    world.json(OPENID, other)


@planted("as-documents-differ")
def documents_with_other_client_authentication(world: World):
    methods = ["none", "client_secret_post"]
    other = {**world.server, **OPENID_MEMBERS, "token_endpoint_auth_methods_supported": methods}
    world.json(OPENID, other)


@planted("as-documents-differ")
def two_documents_for_one_issuer(world: World):
    other = {**world.server, **OPENID_MEMBERS, "token_endpoint": f"{ORIGIN}/o/authorize/"}
    world.json(OPENID, other)


@planted("answer-server-error")
def openid_configuration_that_fails_where_there_is_no_other(world: World):
    world.reply("GET", SERVER, status=404)
    world.reply("GET", OPENID, status=503)


@planted("as-openid-incomplete")
def openid_configuration_that_is_none(world: World):
    world.json(OPENID, world.server)


@planted("as-openid-incomplete")
def page_for_the_openid_configuration(world: World):
    world.reply("GET", OPENID, body=HTML)


@planted("as-protected-resources")
def server_for_other_resources(world: World):
    world.server["protected_resources"] = [f"{ORIGIN}/files"]


@harmless
def server_for_this_resource(world: World):
    world.server["protected_resources"] = [ENDPOINT]


@planted("as-left-out")
def fourth_server(world: World):
    """It is not asked, so nobody knows that there is nothing."""
    servers = [f"https://{name}.example.net" for name in "abc"]
    for issuer in servers:
        metadata = {**world.server, "issuer": issuer}
        world.json(f"{issuer}/.well-known/oauth-authorization-server", metadata)
    world.prm["authorization_servers"] = [*servers, "https://d.example.net"]
