"""Documents that are valid, and that MCP clients cannot make use of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mcp_oauth_discovery.checks.registry import Advice, about, listed, rule
from mcp_oauth_discovery.checks.routes import example_site
from mcp_oauth_discovery.checks.site import SERVER_SETTING, published_server_metadata, setting_of
from mcp_oauth_discovery.discovery import documents
from mcp_oauth_discovery.identity import EXAMPLE_ORIGIN, Site
from mcp_oauth_discovery.standards.members import LOCALISABLE
from mcp_oauth_discovery.standards.metadata import Document


def _sign_in() -> Document:
    """Return the AS metadata, or nothing where it is not for people who sign in."""
    document = published_server_metadata(example_site())
    # RFC 8414 §2: authorization_code is among the grants that go without saying.
    grants = document.get("grant_types_supported", ["authorization_code"])
    return document if "authorization_code" in grants else {}


@rule("W018")
def check_clients_can_introduce_themselves(**kwargs: Any) -> Iterator[Advice]:
    """Report an authorization server that no client can get to know by itself."""
    document = _sign_in()
    has_documents = document.get("client_id_metadata_document_supported")
    if document and not has_documents and "registration_endpoint" not in document:
        yield Advice(
            f"{SERVER_SETTING} has neither a registration_endpoint nor "
            "client_id_metadata_document_supported: a client that was not registered by hand "
            "stops here.",
            'Write "client_id_metadata_document_supported": True, or "registration_endpoint": '
            "with the name of its URL pattern, whichever the authorization server can do. If "
            "every client is registered by hand, silence this check.",
        )


@rule("W019")
def check_documents_have_a_method(**kwargs: Any) -> Iterator[Advice]:
    """Report that clients with a metadata document have no way to authenticate.

    They have no secret in common with the server.
    """
    document = _sign_in()
    # RFC 8414 §2 has this default.
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
    """Report that S256 is not announced, without which MCP clients do not begin."""
    document = _sign_in()
    methods = document.get("code_challenge_methods_supported")
    if document and "S256" not in (methods or ()):
        yield about(
            f"{SERVER_SETTING}['code_challenge_methods_supported']",
            methods,
            "MCP clients refuse an authorization server that does not announce S256",
            'Write "code_challenge_methods_supported": ["S256"], or leave the member out.',
        )


class Scopes(NamedTuple):
    """The scopes in one setting, and who issues tokens with them."""

    setting: str
    scopes: list[str]
    issuers: list[str]


def _scopes(site: Site) -> list[Scopes]:
    found: dict[str, Scopes] = {}
    for resource in site.resources:
        is_own = "scopes_supported" in resource.members
        setting = setting_of(resource) if is_own else "MCP_RESOURCE_METADATA"
        document = documents.resource_document(site, resource)
        if resource.enabled:
            scopes = Scopes(
                f"{setting}['scopes_supported']",
                list(document.get("scopes_supported", ())),
                document["authorization_servers"],
            )
            found.setdefault(setting, scopes)
    return list(found.values())


# Scopes that are about the client and its tokens, or the person, and not about a resource.
_NOT_OF_A_RESOURCE = ("offline_access", "openid")


@rule("W021")
def check_scopes_are_of_the_resource(**kwargs: Any) -> Iterator[Advice]:
    """Report scopes that make each client ask for more than the resource needs."""
    for setting, scopes, _ in _scopes(example_site()):
        strange = [scope for scope in _NOT_OF_A_RESOURCE if scope in scopes]
        if strange:
            yield about(
                setting,
                scopes,
                f"{listed(strange)} is not for a resource to ask. Clients that ask for all "
                "scopes in this list ask for it, too, and some servers refuse",
                f"Write {[scope for scope in scopes if scope not in strange]!r}, and announce "
                f"{listed(strange)} in the metadata of the authorization server.",
            )


@rule("W022")
def check_scopes_are_offered(**kwargs: Any) -> Iterator[Advice]:
    """Report scopes that a client will ask for and not get."""
    site = example_site()
    offered: list[str] = list(published_server_metadata(site).get("scopes_supported", ()))
    for setting, scopes, issuers in _scopes(site):
        missing = [scope for scope in scopes if scope not in (*offered, *_NOT_OF_A_RESOURCE)]
        # A server that lists none may have any.
        if offered and missing and site.issuer in issuers:
            yield about(
                setting,
                scopes,
                f"{SERVER_SETTING}['scopes_supported'] does not have {listed(missing)}. Clients "
                "ask for what the resource names, and the server answers invalid_scope",
                f'Write "scopes_supported": {[*offered, *missing]!r} there, or fewer here.',
            )


@rule("W035")
def check_one_language_goes_without_saying(**kwargs: Any) -> Iterator[Advice]:
    """Report members that are there for some languages only (RFC 9728 §2.1)."""
    site = example_site()
    found: dict[tuple[str, str], list[str]] = {}
    for resource in site.resources:
        document = documents.resource_document(site, resource) if resource.enabled else {}
        for name in document:
            base, tagged, _ = name.partition("#")
            if tagged and base in LOCALISABLE and base not in document:
                is_own = name in resource.members
                setting = setting_of(resource) if is_own else "MCP_RESOURCE_METADATA"
                names = found.setdefault((setting, base), [])
                names += [] if name in names else [name]
    for (setting, base), names in found.items():
        yield Advice(
            f"{setting} has {listed(names)}, and no {base}: whoever speaks another language, or "
            "does not look for languages, finds none.",
            f'Write "{base}" as well, in the language that most people read.',
        )


@rule("W036")
def check_resources_are_listed(**kwargs: Any) -> Iterator[Advice]:
    """Report resources that the authorization server of this site leaves out (RFC 9728 §4)."""
    site = example_site()
    shown: list[str] = list(published_server_metadata(site).get("protected_resources", ()))
    missing = [
        resource.identifier
        for resource in site.resources
        if resource.enabled
        and resource.identifier not in shown
        # The host of a request is known to nobody before there is one.
        and not resource.identifier.startswith(EXAMPLE_ORIGIN)
        and site.issuer in documents.resource_document(site, resource)["authorization_servers"]
    ]
    if shown and missing:
        yield about(
            f"{SERVER_SETTING}['protected_resources']",
            shown,
            f"it lacks {listed(missing)}, and this site issues the tokens for that. A client that "
            "compares the list with the resource takes it for somebody else's",
            f"Write {[*shown, *missing]!r}, or leave the member out. If that is left out on "
            "purpose, silence this check.",
        )
