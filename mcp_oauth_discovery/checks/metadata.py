"""Documents that are valid, but that MCP clients cannot use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mcp_oauth_discovery.checks.registry import Advice, about, listed, rule
from mcp_oauth_discovery.checks.routes import example_site, view_at
from mcp_oauth_discovery.checks.site import (
    NOT_OF_A_RESOURCE,
    SERVER_SETTING,
    local_endpoints,
    published_server_metadata,
    setting_with,
)
from mcp_oauth_discovery.conf import conf
from mcp_oauth_discovery.discovery import documents
from mcp_oauth_discovery.identity import EXAMPLE_ORIGIN, Site
from mcp_oauth_discovery.standards.members import LOCALISABLE, missing_grants
from mcp_oauth_discovery.standards.metadata import Document


def _sign_in() -> Document:
    """Return the AS metadata, or nothing if people do not sign in with it."""
    document = published_server_metadata(example_site())
    # RFC 8414 §2: authorization_code is one of the default grants.
    grants = document.get("grant_types_supported", ["authorization_code"])
    return document if "authorization_code" in grants else {}


@rule("W018")
def check_clients_can_introduce_themselves(**kwargs: Any) -> Iterator[Advice]:
    """Report an authorization server that offers no way for new clients to register."""
    document = _sign_in()
    has_documents = document.get("client_id_metadata_document_supported")
    if document and not has_documents and "registration_endpoint" not in document:
        yield Advice(
            f"{SERVER_SETTING} has neither a registration_endpoint nor "
            "client_id_metadata_document_supported: clients that were not registered by hand "
            "stop here.",
            'Write "client_id_metadata_document_supported": True, or "registration_endpoint": '
            "with the name of its URL pattern, whichever the authorization server supports. If "
            "every client is registered by hand, silence this check.",
        )


@rule("W019")
def check_documents_have_a_method(**kwargs: Any) -> Iterator[Advice]:
    """Report that clients with a metadata document have no way to authenticate.

    They share no secret with the server.
    """
    document = _sign_in()
    # RFC 8414 §2 names this default.
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if document.get("client_id_metadata_document_supported") and not (
        {"none", "private_key_jwt"} & set(methods)
    ):
        yield about(
            f"{SERVER_SETTING}['token_endpoint_auth_methods_supported']",
            methods,
            "a client with a client ID metadata document has no secret, and needs 'none' or "
            "'private_key_jwt'",
            'Write "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"], or '
            "leave client_id_metadata_document_supported out.",
        )


@rule("W020")
def check_pkce(**kwargs: Any) -> Iterator[Advice]:
    """Report that S256, which MCP clients require, is not announced."""
    document = _sign_in()
    methods = document.get("code_challenge_methods_supported")
    if document and "S256" not in (methods or ()):
        yield about(
            f"{SERVER_SETTING}['code_challenge_methods_supported']",
            methods,
            "MCP clients refuse an authorization server that does not announce S256",
            'Write "code_challenge_methods_supported": ["S256"], or leave the member out.',
        )


@rule("W044", deploy=True)
def check_issuer_in_answers(**kwargs: Any) -> Iterator[Advice]:
    """Report an authorization server that does not announce `iss` in its answers (RFC 9207)."""
    document = _sign_in()
    member = "authorization_response_iss_parameter_supported"
    # Without a fixed issuer, W013 to W015 come first.
    is_fixed = conf.MCP_ISSUER is not None and _is_offered("authorization_endpoint", document)
    if is_fixed and not document.get(member):
        yield Advice(
            f"{SERVER_SETTING} does not have {member}. MCP 2026-07-28 recommends iss, and a later "
            "revision is expected to require it: by iss, a client recognises the answer of a wrong "
            "server.",
            "First make sure that each answer of the authorization endpoint to a client has iss, "
            "exactly as in MCP_ISSUER: with a code, and with an error, also when the user denies. "
            "django-oauth-toolkit needs ConsentView from mcp_oauth_discovery.contrib.oauth_toolkit "
            f'for that. Then write "{member}": True. Clients refuse an answer without the iss that '
            "is announced.",
        )


@rule("W045", deploy=True)
def check_registration_is_not_alone(**kwargs: Any) -> Iterator[Advice]:
    """Report that new clients need dynamic registration, which MCP 2026-07-28 deprecates."""
    document = _sign_in()
    has_documents = document.get("client_id_metadata_document_supported")
    if not has_documents and _is_offered("registration_endpoint", document):
        yield Advice(
            f"{SERVER_SETTING} has a registration_endpoint, and no "
            "client_id_metadata_document_supported. MCP 2026-07-28 deprecates dynamic "
            "registration in favor of client ID metadata documents.",
            "Enable these documents in the authorization server (CIMD_ENABLED of "
            "django-oauth-toolkit, IDP_OIDC_CIMD_ENABLED of django-allauth), then write "
            '"client_id_metadata_document_supported": True. Keep the registration for older '
            "clients.",
        )


def _is_offered(endpoint: str, document: Document) -> bool:
    """Return whether an endpoint is more than a default without a route, which W017 reports."""
    unrouted = {
        local.name for local in local_endpoints(example_site()) if view_at(local.path) is None
    }
    configured = conf.MCP_AUTHORIZATION_SERVER_METADATA
    return endpoint in document and (endpoint in configured or endpoint not in unrouted)


@rule("W052")
def check_proof_algorithms(**kwargs: Any) -> Iterator[Advice]:
    """Report algorithms of DPoP proofs that are announced, and that our token endpoint refuses."""
    site, member = example_site(), "dpop_signing_alg_values_supported"
    announced: list[str] = list(published_server_metadata(site).get(member, ()))
    for local in local_endpoints(site) if announced else ():
        view = getattr(view_at(local.path), "view_class", None)
        # Not an import: django-oauth-toolkit may not be installed.
        accepted: tuple[str, ...] | None = getattr(view, "proof_algorithms", None)
        refused = [name for name in announced if accepted and name not in accepted]
        if local.name == "token_endpoint" and refused:
            kept = [name for name in announced if name not in refused] or list(accepted or ())
            yield about(
                f"{SERVER_SETTING}[{member!r}]",
                announced,
                f"the token endpoint refuses DPoP proofs with {listed(refused)}",
                f'Write "{member}": {kept!r}.',
            )


class Scopes(NamedTuple):
    """The scopes in one setting, and the issuers of tokens with them."""

    setting: str
    scopes: list[str]
    issuers: list[str]


def _scopes(site: Site) -> list[Scopes]:
    scopes_by_setting: dict[str, Scopes] = {}
    for resource in site.resources:
        setting = setting_with(resource, "scopes_supported")
        document = documents.resource_document(site, resource)
        if resource.enabled:
            scopes = Scopes(
                f"{setting}['scopes_supported']",
                list(document.get("scopes_supported", ())),
                document["authorization_servers"],
            )
            scopes_by_setting.setdefault(setting, scopes)
    return list(scopes_by_setting.values())


@rule("W021")
def check_scopes_are_of_the_resource(**kwargs: Any) -> Iterator[Advice]:
    """Report scopes that make each client request more than the resource needs."""
    for setting, scopes, _ in _scopes(example_site()):
        misplaced = [scope for scope in NOT_OF_A_RESOURCE if scope in scopes]
        if misplaced:
            yield about(
                setting,
                scopes,
                f"{listed(misplaced)} is not a scope of a resource. Clients request all scopes in "
                "this list, and some servers refuse that",
                f"Write {[scope for scope in scopes if scope not in misplaced]!r}, and announce "
                f"{listed(misplaced)} in the metadata of the authorization server.",
            )


@rule("W022")
def check_scopes_are_offered(**kwargs: Any) -> Iterator[Advice]:
    """Report scopes that clients request and the server does not offer."""
    site = example_site()
    offered: list[str] = list(published_server_metadata(site).get("scopes_supported", ()))
    for setting, scopes, issuers in _scopes(site):
        missing = [scope for scope in scopes if scope not in (*offered, *NOT_OF_A_RESOURCE)]
        # A server that lists no scopes may support any.
        if offered and missing and site.issuer in issuers:
            yield about(
                setting,
                scopes,
                f"{SERVER_SETTING}['scopes_supported'] does not have {listed(missing)}. Clients "
                "request the scopes of the resource, and the server answers invalid_scope",
                f'Write "scopes_supported": {[*offered, *missing]!r} there, or fewer here.',
            )


@rule("W035")
def check_default_language(**kwargs: Any) -> Iterator[Advice]:
    """Report members that exist only for some languages (RFC 9728 §2.1)."""
    site = example_site()
    names_by_member: dict[tuple[str, str], list[str]] = {}
    for resource in site.resources:
        document = documents.resource_document(site, resource) if resource.enabled else {}
        for name in document:
            base, tagged, _ = name.partition("#")
            if tagged and base in LOCALISABLE and base not in document:
                setting = setting_with(resource, name)
                names = names_by_member.setdefault((setting, base), [])
                names += [] if name in names else [name]
    for (setting, base), names in names_by_member.items():
        yield Advice(
            f"{setting} has {listed(names)}, and no {base}: clients without one of these "
            "languages get no value.",
            f'Write "{base}" as well, in the language that most people read.',
        )


@rule("W036")
def check_resources_are_listed(**kwargs: Any) -> Iterator[Advice]:
    """Report resources that the authorization server of this site does not list (RFC 9728 §4)."""
    site = example_site()
    shown: list[str] = list(published_server_metadata(site).get("protected_resources", ()))
    missing = [
        resource.identifier
        for resource in site.resources
        if resource.enabled
        and resource.identifier not in shown
        # Only a request shows the host of these resources.
        and not resource.identifier.startswith(EXAMPLE_ORIGIN)
        and site.issuer in documents.resource_document(site, resource)["authorization_servers"]
    ]
    if shown and missing:
        yield about(
            f"{SERVER_SETTING}['protected_resources']",
            shown,
            f"it lacks {listed(missing)}, for which this site issues tokens. Clients that compare "
            "the list with the resource conclude that another server issues them",
            f"Write {[*shown, *missing]!r}, or leave the member out. If the list is right, silence "
            "this check.",
        )


@rule("W053")
def check_grants_of_profiles(**kwargs: Any) -> Iterator[Advice]:
    """Report a profile of a grant that is announced without the grant."""
    document = published_server_metadata(example_site())
    profiles: list[str] = document.get("authorization_grant_profiles_supported", [])
    grants: list[str] = document.get("grant_types_supported", ["authorization_code", "implicit"])
    missing = missing_grants(profiles, grants)
    if missing:
        needed = list(dict.fromkeys(missing.values()))
        yield about(
            f"{SERVER_SETTING}['authorization_grant_profiles_supported']",
            profiles,
            f"grant_types_supported lacks {listed(needed)}, of which this is a profile. Clients "
            "that compare both do not try it, and people have to sign in themselves",
            f'Write "grant_types_supported": {[*grants, *needed]!r}, if the token endpoint has the '
            "grant. Otherwise leave the profile out.",
        )
