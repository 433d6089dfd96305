"""Do the members of the server metadata let a client sign in?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import CLOSED, EVERY, PUBLISHED, TYPESCRIPT_BASED, Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.steps.outside import NO_PKCE, NO_REGISTRATION, readvised
from mcp_oauth_discovery.doctor.steps.values import (
    misformed,
    missing,
    naming,
    stated,
    strict,
    strings,
)
from mcp_oauth_discovery.doctor.transport.reachability import host_of
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Walk
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards.identifiers import is_loopback
from mcp_oauth_discovery.standards.member_forms import check_string, list_of
from mcp_oauth_discovery.standards.members import AUTHORIZATION_SERVER, ENDPOINTS
from mcp_oauth_discovery.standards.metadata import has_value

_REQUIRED = ("authorization_endpoint", "token_endpoint", "response_types_supported")
# The endpoints that MCP clients use. They read no keys.
_USED = ("authorization_endpoint", "token_endpoint", "registration_endpoint")
_JWT_METHODS = {"private_key_jwt", "client_secret_jwt"}
# OpenID Connect Discovery §3 allows more algorithms if no ID Token passes through the browser.
_MEMBERS = {**AUTHORIZATION_SERVER, "id_token_signing_alg_values_supported": list_of(check_string)}
# The step `signed` judges it.
del _MEMBERS["signed_metadata"]

AS_MEMBER_MISSING = Entry(
    code="as-member-missing",
    severity=Severity.ERROR,
    seen=_("A required member is missing."),
    expected="issuer, authorization_endpoint, token_endpoint, response_types_supported",
    section="RFC 8414 §2",
    clients=EVERY,
    fix=_("Add the member to the metadata of the authorization server."),
    django_fix=_(
        "Add the member to MCP_AUTHORIZATION_SERVER_METADATA. For an endpoint, write a URL or the "
        'name of a URL pattern, such as "oauth2_provider:token".'
    ),
)
AS_MEMBER_INVALID = Entry(
    code="as-member-invalid",
    severity=Severity.ERROR,
    seen=_("A member has an invalid value."),
    expected=_("the form that the standard defines"),
    section="RFC 8414 §2",
    fix=_("Correct the member in the metadata of the authorization server."),
    django_fix=_("Correct the member in MCP_AUTHORIZATION_SERVER_METADATA."),
)
AS_ENDPOINT_HTTP = Entry(
    code="as-endpoint-http",
    severity=Severity.ERROR,
    seen=_("An endpoint is plain http on a host that is not loopback."),
    expected=_("https endpoints"),
    section="MCP authorization, communication security",
    clients=(*CLOSED, *TYPESCRIPT_BASED),
    fix=_(
        "Announce the endpoints with https URLs. Behind a proxy, configure the public URL of the "
        "application."
    ),
    django_fix=_(
        "Pin MCP_ISSUER to the https URL, and set SECURE_PROXY_SSL_HEADER behind a proxy."
    ),
)
AS_PKCE_MISSING = Entry(
    code="as-pkce-missing",
    severity=Severity.ERROR,
    seen=_("code_challenge_methods_supported is missing."),
    expected=_('code_challenge_methods_supported with "S256"'),
    section="MCP authorization, authorization code protection",
    clients=(*CLOSED, Client.GO),
    fix=_(
        'Add "code_challenge_methods_supported": ["S256"] to the metadata of the authorization '
        "server: clients must not continue without it."
    ),
    django_fix=_(
        'Write "code_challenge_methods_supported": ["S256"] in MCP_AUTHORIZATION_SERVER_METADATA: '
        "clients must not continue without it."
    ),
)
AS_PKCE_METHOD = Entry(
    code="as-pkce-method",
    severity=Severity.ERROR,
    seen=_("The PKCE methods lack S256."),
    expected=_('"S256" in code_challenge_methods_supported'),
    section="MCP authorization, authorization code protection",
    clients=(*CLOSED, *TYPESCRIPT_BASED, Client.RUST),
    fix=_(
        'Support S256 in the authorization server, and add "S256" to '
        "code_challenge_methods_supported."
    ),
)
AS_RESPONSE_TYPE = Entry(
    code="as-response-type",
    severity=Severity.ERROR,
    seen=_("response_types_supported lacks code."),
    expected=_('"code" in response_types_supported'),
    section="RFC 8414 §2",
    clients=(*CLOSED, *TYPESCRIPT_BASED, Client.RUST),
    fix=_('Add "code" to response_types_supported: MCP clients use the authorization code grant.'),
)
AS_GRANT_TYPE = Entry(
    code="as-grant-type",
    severity=Severity.ERROR,
    seen=_("grant_types_supported lacks authorization_code."),
    expected=_('"authorization_code" in grant_types_supported, or no such member'),
    section="RFC 8414 §2",
    clients=EVERY,
    fix=_(
        'Add "authorization_code" to grant_types_supported: MCP clients use the authorization code '
        "grant."
    ),
)
AS_REGISTRATION = Entry(
    code="as-registration",
    severity=Severity.WARNING,
    seen=_("There is neither registration nor support for client ID metadata documents."),
    expected=_("registration_endpoint or client_id_metadata_document_supported"),
    section="MCP authorization, client registration",
    clients=EVERY,
    fix=_(
        "Offer client ID metadata documents or dynamic registration, or register each client by "
        "hand and give it the client_id."
    ),
    django_fix=_(
        'Add registration_endpoint or "client_id_metadata_document_supported": True to '
        "MCP_AUTHORIZATION_SERVER_METADATA, if the authorization server supports it. Otherwise "
        "register each client by hand, and give it the client_id."
    ),
)
AS_METADATA_DOCUMENTS = Entry(
    code="as-metadata-documents",
    severity=Severity.ERROR,
    seen=_("Client ID metadata documents are announced, without client authentication for them."),
    expected=_('"none" or "private_key_jwt" in token_endpoint_auth_methods_supported'),
    section="Client ID Metadata Document §4.1",
    clients=(Client.PYTHON, Client.TYPESCRIPT),
    fix=_(
        'Add "none" to token_endpoint_auth_methods_supported: clients with a metadata document '
        "have no secret."
    ),
)
AS_JWT_ALGORITHMS = Entry(
    code="as-jwt-algorithms",
    severity=Severity.ERROR,
    seen=_("JWT client authentication is announced without its algorithms."),
    expected=_(
        "the matching …_auth_signing_alg_values_supported; optional in openid-configuration"
    ),
    section="RFC 8414 §2",
    fix=_(
        'Add the member with the algorithms that the server accepts, such as ["ES256", "RS256"].'
    ),
)


def chosen(walk: Walk) -> Iterator[Fetched]:
    """Yield the document of each server that clients use."""
    yield from (server.metadata for server in walk.servers if server.metadata)


def members(walk: Walk) -> Iterator[Finding]:
    """Report missing members, invalid values, and endpoints over plain http."""
    for document in chosen(walk):
        values = document.content
        for name in _REQUIRED:
            if not has_value(values.get(name)):
                clients = TYPESCRIPT_BASED if name == "response_types_supported" else EVERY
                observation = gettext("There is no %(name)s.") % {"name": name}
                result = finding(AS_MEMBER_MISSING, document.url, observation, clients=clients)
                yield naming(result, name)
        plain = [name for name in ENDPOINTS if _is_plain(values.get(name))]
        for name in sorted(plain):
            observation = stated(name, values[name])
            clients = AS_ENDPOINT_HTTP.clients if name in _USED else ()
            yield finding(AS_ENDPOINT_HTTP, document.url, observation, clients=clients)
        # Another step judges the signed copy.
        judged = (*plain, "signed_metadata")
        rest = {name: value for name, value in values.items() if name not in judged}
        for name, problem in misformed(rest, _MEMBERS):
            clients = strict(name, rest[name])
            result = finding(AS_MEMBER_INVALID, document.url, problem, clients=clients)
            yield naming(result, name)


def pkce(walk: Walk) -> Iterator[Finding]:
    for document in chosen(walk):
        methods = document.content.get("code_challenge_methods_supported")
        if not has_value(methods):
            yield readvised(walk, finding(AS_PKCE_MISSING, document.url), gettext(NO_PKCE))
        elif isinstance(methods, list) and "S256" not in methods:
            observation = stated("code_challenge_methods_supported", methods)
            yield finding(AS_PKCE_METHOD, document.url, observation)


def flows(walk: Walk) -> Iterator[Finding]:
    """Report lists that rule out the authorization code."""
    needed = (
        ("response_types_supported", "code", AS_RESPONSE_TYPE),
        ("grant_types_supported", "authorization_code", AS_GRANT_TYPE),
    )
    for document in chosen(walk):
        for member, value, entry in needed:
            listed = strings(document.content, member)
            if listed and value not in listed:
                yield finding(entry, document.url, stated(member, listed))


def registration(walk: Walk) -> Iterator[Finding]:
    """Report a server without registration, or with only part of what it needs."""
    for document in chosen(walk):
        values = document.content
        takes_documents = values.get("client_id_metadata_document_supported") is True
        if not takes_documents and not has_value(values.get("registration_endpoint")):
            yield readvised(walk, finding(AS_REGISTRATION, document.url), gettext(NO_REGISTRATION))
        methods = strings(values, "token_endpoint_auth_methods_supported")
        if takes_documents and not {"none", "private_key_jwt"} & set(methods):
            name = "token_endpoint_auth_methods_supported"
            observation = stated(name, methods) if methods else missing(name)
            # By their makers' pages, these register dynamically instead, if they can.
            has_registration = has_value(values.get("registration_endpoint"))
            closed = () if has_registration else tuple(PUBLISHED)
            clients = (*closed, *AS_METADATA_DOCUMENTS.clients)
            yield finding(AS_METADATA_DOCUMENTS, document.url, observation, clients=clients)


def jwt_authentication(walk: Walk) -> Iterator[Finding]:
    """Report missing lists of algorithms; RFC 8414 requires them, OpenID does not."""
    for document in chosen(walk):
        if document.role is not Role.OAUTH:
            continue
        values = document.content
        for endpoint in ("token_endpoint", "revocation_endpoint", "introspection_endpoint"):
            methods = _JWT_METHODS & set(strings(values, f"{endpoint}_auth_methods_supported"))
            needed = f"{endpoint}_auth_signing_alg_values_supported"
            if methods and not has_value(values.get(needed)):
                names = {"methods": ", ".join(sorted(methods)), "name": needed}
                observation = gettext("%(methods)s without %(name)s.") % names
                yield naming(finding(AS_JWT_ALGORITHMS, document.url, observation), needed)


def _is_plain(value: object) -> bool:
    if not isinstance(value, str) or not value.lower().startswith("http:"):
        return False
    return bool(host_of(value)) and not is_loopback(host_of(value))


ENTRIES = (
    AS_MEMBER_MISSING,
    AS_MEMBER_INVALID,
    AS_ENDPOINT_HTTP,
    AS_PKCE_MISSING,
    AS_PKCE_METHOD,
    AS_RESPONSE_TYPE,
    AS_GRANT_TYPE,
    AS_REGISTRATION,
    AS_METADATA_DOCUMENTS,
    AS_JWT_ALGORITHMS,
)
RULES = (
    members,
    pkce,
    flows,
    registration,
    jwt_authentication,
)
