"""Is the metadata of each authorization server where clients look, its own, and enough?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_oauth_discovery.doctor.catalogue import correcting, finding
from mcp_oauth_discovery.doctor.clients import CLOSED, EVERY, Client
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.printing import pointed, shown
from mcp_oauth_discovery.doctor.steps.values import has_value, misformed, strict, strings
from mcp_oauth_discovery.doctor.transport.reachability import host_of
from mcp_oauth_discovery.doctor.walk.acceptance import difference, differing_parts, issuer_refusals
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Server, Walk
from mcp_oauth_discovery.doctor.walk.reading import is_html
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards.identifiers import is_loopback
from mcp_oauth_discovery.standards.member_forms import check_string, list_of
from mcp_oauth_discovery.standards.members import AUTHORIZATION_SERVER, ENDPOINTS

_TYPESCRIPT = (Client.TYPESCRIPT, Client.INSPECTOR)
_REQUIRED = ("authorization_endpoint", "token_endpoint", "response_types_supported")
# The endpoints that clients of MCP come to; they read no keys.
_ASKED = ("authorization_endpoint", "token_endpoint", "registration_endpoint")
_OPENID = ("jwks_uri", "subject_types_supported", "id_token_signing_alg_values_supported")
_JWT_METHODS = {"private_key_jwt", "client_secret_jwt"}
# OpenID Connect Discovery §3 allows more in that list if no ID Token comes by the browser.
_MEMBERS = {**AUTHORIZATION_SERVER, "id_token_signing_alg_values_supported": list_of(check_string)}
# The members that clients use. Others may differ, because each document serves its own protocol.
_FOLLOWED = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "jwks_uri",
    "code_challenge_methods_supported",
    "token_endpoint_auth_methods_supported",
    "client_id_metadata_document_supported",
    "authorization_response_iss_parameter_supported",
)


def places(walk: Walk) -> Iterator[Finding]:
    for server in walk.servers:
        if server.found is None and all(one.is_absent for one in server.documents):
            tried = ", ".join(one.url for one in server.documents)
            seen = f"404 at {shown(tried)}."
            clients = None
            if server.last and server.last.told.get("issuer") == server.issuer:
                seen += f"\nIt is at {shown(server.last.url)}, where the Rust SDK alone looks."
                clients = tuple(one for one in EVERY if one is not Client.RUST)
            yield finding("as-not-found", server.issuer, seen, clients=clients)


def left_out(walk: Walk) -> Iterator[Finding]:
    if walk.left_out and walk.resource:
        seen = f"{len(walk.left_out)} more: {shown(', '.join(walk.left_out))}."
        yield finding("as-left-out", walk.resource.url, seen)


def elsewhere(walk: Walk) -> Iterator[Finding]:
    for issuer in walk.elsewhere:
        fix = f"To visit it too, run: manage.py mcp_discovery check {walk.url}"
        yield finding("as-elsewhere", issuer, fix=fix)


def issuers(walk: Walk) -> Iterator[Finding]:
    """Report an issuer that is not, octet for octet, the one that led to the document."""
    for server, document in _ends(walk):
        issuer = document.told.get("issuer")
        if not isinstance(issuer, str) or not issuer:
            yield finding("as-issuer-missing", document.url)
        elif issuer != server.issuer:
            seen = pointed(issuer, server.issuer)
            refused = tuple(issuer_refusals(server.issuer, issuer))
            if issuer.rstrip("/") == server.issuer.rstrip("/"):
                yield finding("as-issuer-slash", document.url, seen, clients=refused)
            else:
                seen = f"{seen}\n{difference(issuer, server.issuer)}".rstrip("\n")
                fix = correcting("as-issuer-mismatch", differing_parts(issuer, server.issuer))
                clients = CLOSED + refused
                yield finding("as-issuer-mismatch", document.url, seen, clients=clients, fix=fix)


def members(walk: Walk) -> Iterator[Finding]:
    """Report what is missing and what has the wrong form; endpoints over http apart."""
    for _, document in _ends(walk):
        told = document.told
        for name in _REQUIRED:
            if not has_value(told.get(name)):
                some = _TYPESCRIPT if name == "response_types_supported" else None
                seen = f"There is no {name}."
                yield finding("as-member-missing", document.url, seen, clients=some)
        plain = [name for name in ENDPOINTS if _is_plain(told.get(name))]
        for name in sorted(plain):
            seen = f"{name} is {shown(told[name])}."
            stopped = None if name in _ASKED else ()
            yield finding("as-endpoint-http", document.url, seen, clients=stopped)
        # The signed copy has findings of its own.
        rest = {name: one for name, one in told.items() if name not in (*plain, "signed_metadata")}
        for name, problem in misformed(rest, _MEMBERS):
            clients = strict(name, rest[name])
            yield finding("as-member-invalid", document.url, problem, clients=clients)


def pkce(walk: Walk) -> Iterator[Finding]:
    for _, document in _ends(walk):
        methods = document.told.get("code_challenge_methods_supported")
        if not has_value(methods):
            yield finding("as-pkce-missing", document.url)
        elif isinstance(methods, list) and "S256" not in methods:
            seen = f"code_challenge_methods_supported is {shown(methods)}."
            yield finding("as-pkce-method", document.url, seen)


def flows(walk: Walk) -> Iterator[Finding]:
    """Report lists that rule out the authorization code."""
    wanted = (
        ("response_types_supported", "code", "as-response-type"),
        ("grant_types_supported", "authorization_code", "as-grant-type"),
    )
    for _, document in _ends(walk):
        for member, value, code in wanted:
            listed = strings(document.told, member)
            if listed and value not in listed:
                yield finding(code, document.url, f"{member} is {shown(listed)}.")


def registration(walk: Walk) -> Iterator[Finding]:
    """Report a server that strangers cannot register with, or only by half."""
    for _, document in _ends(walk):
        told = document.told
        takes_documents = told.get("client_id_metadata_document_supported") is True
        if not takes_documents and not has_value(told.get("registration_endpoint")):
            yield finding("as-registration", document.url)
        methods = strings(told, "token_endpoint_auth_methods_supported")
        if takes_documents and not {"none", "private_key_jwt"} & set(methods):
            seen = f"token_endpoint_auth_methods_supported is {shown(methods or 'missing')}."
            yield finding("as-metadata-documents", document.url, seen)


def jwt_authentication(walk: Walk) -> Iterator[Finding]:
    """Report lists of algorithms that RFC 8414 requires, and OpenID Connect Discovery does not."""
    for _, document in _ends(walk):
        if document.role is not Role.OAUTH:
            continue
        told = document.told
        for endpoint in ("token_endpoint", "revocation_endpoint", "introspection_endpoint"):
            methods = _JWT_METHODS & set(strings(told, f"{endpoint}_auth_methods_supported"))
            needed = f"{endpoint}_auth_signing_alg_values_supported"
            if methods and not has_value(told.get(needed)):
                seen = f"{', '.join(sorted(methods))} without {needed}."
                yield finding("as-jwt-algorithms", document.url, seen)


def contradictions(walk: Walk) -> Iterator[Finding]:
    """Report addresses of one issuer that say different things of the same member."""
    for server in walk.servers:
        found = [one for one in server.documents if one.members is not None]
        for document in found[1:]:
            if names := _differing(found[0].told, document.told):
                seen = f"{shown(', '.join(names))} not as at {shown(found[0].url)}."
                yield finding("as-documents-differ", document.url, seen)


def openid(walk: Walk) -> Iterator[Finding]:
    """Report an openid-configuration that no OpenID library takes."""
    asked = {one.url for one in walk.asked}
    # A site that has a page for every address has one for this as well.
    pages = any(one.answer and is_html(one.answer) for one in walk.suffixes)
    for server in walk.servers:
        for document in server.documents:
            if document.role is Role.OAUTH:
                continue
            missing = [name for name in _OPENID if not has_value(document.told.get(name))]
            # MCP clients ask here only if the places before have no document.
            clients = None if document is server.found else ()
            if document.members is not None and missing:
                seen = f"It lacks {', '.join(missing)}."
                yield finding("as-openid-incomplete", document.url, seen, clients=clients)
            elif document.reading.fault and document.url not in asked and not pages:
                seen = "200, and no JSON document."
                yield finding("as-openid-incomplete", document.url, seen, clients=clients)


def resources(walk: Walk) -> Iterator[Finding]:
    mine = walk.resource.told.get("resource") if walk.resource else None
    for _, document in _ends(walk):
        listed = strings(document.told, "protected_resources")
        if listed and isinstance(mine, str) and mine not in listed:
            seen = f"protected_resources is {shown(listed)}."
            yield finding("as-protected-resources", document.url, seen)


def _ends(walk: Walk) -> Iterator[tuple[Server, Fetched]]:
    """Yield the document of each server that clients end up with."""
    yield from ((one, one.found) for one in walk.servers if one.found)


def _differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    shared = [name for name in _FOLLOWED if name in one and name in other]
    return sorted(name for name in shared if _comparable(one[name]) != _comparable(other[name]))


def _comparable(value: object) -> object:
    """Return a value for a comparison that ignores the order of a list."""
    return {repr(item) for item in value} if isinstance(value, list) else value


def _is_plain(value: object) -> bool:
    if not isinstance(value, str) or not value.lower().startswith("http:"):
        return False
    return bool(host_of(value)) and not is_loopback(host_of(value))


RULES = (
    places,
    elsewhere,
    left_out,
    issuers,
    members,
    pkce,
    flows,
    registration,
    jwt_authentication,
    contradictions,
    openid,
    resources,
)
