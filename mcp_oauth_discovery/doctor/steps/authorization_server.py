"""Is the metadata of each authorization server where clients look, its own, and enough?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_oauth_discovery.doctor.clients import CLOSED, EVERY, TYPESCRIPT_BASED, Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, correcting, finding
from mcp_oauth_discovery.doctor.printing import pointed, shown
from mcp_oauth_discovery.doctor.steps import server_members
from mcp_oauth_discovery.doctor.steps.server_members import chosen
from mcp_oauth_discovery.doctor.steps.values import has_value, strings
from mcp_oauth_discovery.doctor.walk.acceptance import difference, differing_parts, issuer_refusals
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.reading import is_html
from mcp_oauth_discovery.doctor.walk.well_known import Role

_OPENID = ("jwks_uri", "subject_types_supported", "id_token_signing_alg_values_supported")
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

AS_NOT_FOUND = Entry(
    code="as-not-found",
    severity=Severity.ERROR,
    seen="No address that clients try has the metadata of the issuer.",
    expected="the document at the well-known URL of the issuer",
    section="RFC 8414 §3",
    clients=EVERY,
    fix=("Serve it at /.well-known/oauth-authorization-server followed by the issuer's path."),
)
AS_ELSEWHERE = Entry(
    code="as-elsewhere",
    severity=Severity.INFO,
    seen="The authorization server is on another host, which this process cannot ask.",
    expected="its metadata, visited over HTTP",
    section="RFC 8414 §3",
    fix="Run the command with the URL of the MCP endpoint to visit it too.",
)
AS_ISSUER_MISSING = Entry(
    code="as-issuer-missing",
    severity=Severity.ERROR,
    seen="The metadata has no issuer.",
    expected="issuer, as it stands in authorization_servers",
    section="RFC 8414 §2",
    clients=(*CLOSED, Client.PYTHON, *TYPESCRIPT_BASED, Client.RUST),
    fix="Add issuer.",
)
AS_ISSUER_SLASH = Entry(
    code="as-issuer-slash",
    severity=Severity.ERROR,
    seen="issuer differs in its final slash.",
    expected="the issuer of authorization_servers, character by character",
    section="RFC 8414 §3.3",
    clients=(Client.PYTHON,),
    fix="Write one spelling in both places, best without the slash.",
)
AS_ISSUER_MISMATCH = Entry(
    code="as-issuer-mismatch",
    severity=Severity.ERROR,
    seen="issuer is not the one that led here.",
    expected="the issuer of authorization_servers, character by character",
    section="RFC 8414 §3.3",
    clients=(*CLOSED, Client.PYTHON, *TYPESCRIPT_BASED, Client.RUST),
    fix=(
        "Write one spelling in both places. If it is http for https, tell the application that "
        "the proxy ended TLS, or give it its public URL."
    ),
    django_fix=(
        "Write one spelling in MCP_ISSUER and MCP_AUTHORIZATION_SERVERS. If it is http for "
        "https, set SECURE_PROXY_SSL_HEADER or pin MCP_ISSUER."
    ),
)
AS_DOCUMENTS_DIFFER = Entry(
    code="as-documents-differ",
    severity=Severity.WARNING,
    seen="The metadata at two addresses of one issuer contradict each other.",
    expected="the same endpoints, PKCE methods, client authentication and registration",
    section="RFC 8414 §5",
    fix="Build both from one source.",
)
AS_OPENID_INCOMPLETE = Entry(
    code="as-openid-incomplete",
    severity=Severity.WARNING,
    seen="openid-configuration lacks members OpenID needs.",
    expected=("subject_types_supported, id_token_signing_alg_values_supported, jwks_uri; or 404"),
    section="OpenID Connect Discovery §3",
    clients=TYPESCRIPT_BASED,
    fix="Complete it, or serve no openid-configuration.",
)
AS_PROTECTED_RESOURCES = Entry(
    code="as-protected-resources",
    severity=Severity.WARNING,
    seen="protected_resources of the server does not have this resource.",
    expected="the resource in it, or no such member",
    section="RFC 9728 §4",
    fix="Add the resource, or leave the member out.",
)
AS_LEFT_OUT = Entry(
    code="as-left-out",
    severity=Severity.INFO,
    seen="More authorization servers are named; they were not contacted.",
    expected="three at most, to be looked at in one go",
    section="RFC 9728 §2",
    fix="Look at each by itself: clients take any of those that are named.",
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
            yield finding(AS_NOT_FOUND, server.issuer, seen, clients=clients)


def left_out(walk: Walk) -> Iterator[Finding]:
    if walk.left_out and walk.resource:
        seen = f"{len(walk.left_out)} more: {shown(', '.join(walk.left_out))}."
        yield finding(AS_LEFT_OUT, walk.resource.url, seen)


def elsewhere(walk: Walk) -> Iterator[Finding]:
    for issuer in walk.elsewhere:
        fix = f"To visit it too, run: manage.py mcp_discovery check {walk.url}"
        yield finding(AS_ELSEWHERE, issuer, fix=fix)


def issuers(walk: Walk) -> Iterator[Finding]:
    """Report an issuer that is not, octet for octet, the one that led to the document."""
    for server, document in chosen(walk):
        issuer = document.told.get("issuer")
        if not isinstance(issuer, str) or not issuer:
            yield finding(AS_ISSUER_MISSING, document.url)
        elif issuer != server.issuer:
            seen = pointed(issuer, server.issuer)
            refused = tuple(issuer_refusals(server.issuer, issuer))
            if issuer.rstrip("/") == server.issuer.rstrip("/"):
                yield finding(AS_ISSUER_SLASH, document.url, seen, clients=refused)
            else:
                seen = f"{seen}\n{difference(issuer, server.issuer)}".rstrip("\n")
                correction = correcting(differing_parts(issuer, server.issuer))
                clients = CLOSED + refused
                yield finding(
                    AS_ISSUER_MISMATCH, document.url, seen, clients=clients, correction=correction
                )


def contradictions(walk: Walk) -> Iterator[Finding]:
    """Report addresses of one issuer that say different things of the same member."""
    for server in walk.servers:
        found = [one for one in server.documents if one.members is not None]
        for document in found[1:]:
            if names := _differing(found[0].told, document.told):
                seen = f"{shown(', '.join(names))} not as at {shown(found[0].url)}."
                yield finding(AS_DOCUMENTS_DIFFER, document.url, seen)


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
                yield finding(AS_OPENID_INCOMPLETE, document.url, seen, clients=clients)
            elif document.reading.fault and document.url not in asked and not pages:
                seen = "200, and no JSON document."
                yield finding(AS_OPENID_INCOMPLETE, document.url, seen, clients=clients)


def resources(walk: Walk) -> Iterator[Finding]:
    mine = walk.resource.told.get("resource") if walk.resource else None
    for _, document in chosen(walk):
        listed = strings(document.told, "protected_resources")
        if listed and isinstance(mine, str) and mine not in listed:
            seen = f"protected_resources is {shown(listed)}."
            yield finding(AS_PROTECTED_RESOURCES, document.url, seen)


def _differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    shared = [name for name in _FOLLOWED if name in one and name in other]
    return sorted(name for name in shared if _comparable(one[name]) != _comparable(other[name]))


def _comparable(value: object) -> object:
    """Return a value for a comparison that ignores the order of a list."""
    return {repr(item) for item in value} if isinstance(value, list) else value


def _has_seen(walk: Walk) -> bool:
    return bool(walk.servers) and all(server.found for server in walk.servers)


STEP = Step(
    name="authorization-server",
    title="Authorization server metadata",
    holds=("found where clients look, with the issuer that led there, and enough to sign in"),
    entries=(
        AS_NOT_FOUND,
        AS_ELSEWHERE,
        AS_ISSUER_MISSING,
        AS_ISSUER_SLASH,
        AS_ISSUER_MISMATCH,
        *server_members.ENTRIES,
        AS_DOCUMENTS_DIFFER,
        AS_OPENID_INCOMPLETE,
        AS_PROTECTED_RESOURCES,
        AS_LEFT_OUT,
    ),
    rules=(
        places,
        elsewhere,
        left_out,
        issuers,
        *server_members.RULES,
        contradictions,
        openid,
        resources,
    ),
    has_seen=_has_seen,
)
