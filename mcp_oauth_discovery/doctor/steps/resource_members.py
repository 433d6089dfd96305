"""Do the members of the resource metadata have usable values?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import CLOSED, EVERY, Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext, said
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import phrase, pointed, shown
from mcp_oauth_discovery.doctor.steps.values import (
    misformed,
    naming,
    stated,
    strict,
    strings,
)
from mcp_oauth_discovery.doctor.transport.reachability import is_exposed
from mcp_oauth_discovery.doctor.walk.acceptance import (
    difference,
)
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Walk
from mcp_oauth_discovery.standards import hosts
from mcp_oauth_discovery.standards.identifiers import (
    check_issuer,
    locate,
    origin,
)
from mcp_oauth_discovery.standards.members import PROTECTED_RESOURCE
from mcp_oauth_discovery.standards.metadata import has_value

# Scopes about the client and the user, not about a resource.
SCOPES_OF_CLIENTS = ("offline_access", "openid")
# Other rules judge these members.
_JUDGED = ("resource", "authorization_servers", "signed_metadata")

PRM_MEMBER_INVALID = Entry(
    code="prm-member-invalid",
    severity=Severity.ERROR,
    seen=_("A member has an invalid value."),
    expected=_("the form that the standard defines"),
    section="RFC 9728 §2",
    fix=_("Correct the member in the metadata of the resource."),
    django_fix=_("Correct the member in MCP_RESOURCE_METADATA or MCP_RESOURCES."),
)
PRM_SERVERS_MISSING = Entry(
    code="prm-servers-missing",
    severity=Severity.ERROR,
    seen=_("No authorization server is named."),
    expected=_("authorization_servers with at least one issuer"),
    section="MCP authorization, authorization server location",
    clients=(*CLOSED, Client.GO),
    fix=_(
        "Name the issuers of the tokens in authorization_servers: the site itself, if it issues "
        "them."
    ),
    django_fix=_(
        "If this site issues the tokens, leave MCP_AUTHORIZATION_SERVERS out of the settings. "
        'Otherwise name the issuers: MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"].'
    ),
    explains=("document-empty",),
)
PRM_SERVER_INVALID = Entry(
    code="prm-server-invalid",
    severity=Severity.ERROR,
    seen=_("An authorization server is not an issuer identifier."),
    expected=_("issuers: https URLs without query, fragment and well-known part"),
    section="RFC 9728 §2, RFC 8414 §2",
    clients=EVERY,
    fix=_(
        "In authorization_servers, write the https URL that is the issuer in the server's "
        "metadata, not the URL of the document."
    ),
    django_fix=_(
        "In MCP_AUTHORIZATION_SERVERS, write the https URL that is the issuer in the server's "
        "metadata, not the URL of the document."
    ),
)
PRM_SERVERS_SPELLINGS = Entry(
    code="prm-servers-spellings",
    severity=Severity.WARNING,
    seen=_("Two authorization servers differ only in spelling."),
    expected=_("each issuer once, spelt as in its own metadata"),
    section="RFC 8414 §3.3",
    fix=_("In authorization_servers, keep only the spelling of the issuer's own metadata."),
    django_fix=_(
        "In MCP_AUTHORIZATION_SERVERS, keep only the spelling of the issuer's own metadata."
    ),
    explains=("as-issuer-slash", "as-issuer-mismatch"),
)
PRM_BEARER_HEADER = Entry(
    code="prm-bearer-header",
    severity=Severity.ERROR,
    seen=_("bearer_methods_supported rules out the Authorization header."),
    expected=_('bearer_methods_supported with "header", or no such member'),
    section="RFC 9728 §2, MCP authorization, token requirements",
    clients=EVERY,
    fix=_('Add "header" to bearer_methods_supported.'),
    django_fix=_(
        'In MCP_RESOURCE_METADATA, add "header" to bearer_methods_supported, or leave that list '
        "out."
    ),
)
PRM_SCOPES_OF_CLIENTS = Entry(
    code="prm-scopes-of-clients",
    severity=Severity.WARNING,
    seen=_("scopes_supported has offline_access or openid, which are not scopes of a resource."),
    expected=_("the scopes of the resource"),
    section="MCP authorization, refresh tokens",
    fix=_(
        "Move offline_access and openid from scopes_supported of the resource to scopes_supported "
        "of the authorization server."
    ),
    django_fix=_(
        "Move offline_access and openid from scopes_supported in MCP_RESOURCE_METADATA or "
        "MCP_RESOURCES to scopes_supported in MCP_AUTHORIZATION_SERVER_METADATA."
    ),
)
PRM_SCOPES_NOT_OFFERED = Entry(
    code="prm-scopes-not-offered",
    severity=Severity.INFO,
    seen=_("This site is its own authorization server, but does not announce a scope."),
    expected=_("every scope of the resource that the server knows; the list may be incomplete"),
    section="RFC 9728 §2, RFC 8414 §2",
    fix=_(
        "If the authorization server refuses the scope with invalid_scope, add the scope to it and "
        "to its scopes_supported."
    ),
)


def identifier(document: Fetched) -> object:
    """Return the `resource` of a document, whatever it is."""
    return document.content.get("resource")


def is_plain_http(value: object, endpoint: str) -> bool:
    """Return whether a URL is http where that of the endpoint is https."""
    return isinstance(value, str) and value.startswith("http:") and endpoint.startswith("https:")


def members(walk: Walk) -> Iterator[Finding]:
    document = walk.resource
    if document is not None:
        table = {name: check for name, check in PROTECTED_RESOURCE.items() if name not in _JUDGED}
        values = {name: value for name, value in document.content.items() if name not in _JUDGED}
        if _rules_out_header(document):
            del values["bearer_methods_supported"]
        for name, problem in misformed(values, table):
            clients = strict(name, values[name])
            result = finding(PRM_MEMBER_INVALID, document.url, problem, clients=clients)
            yield naming(result, name)


def servers(walk: Walk) -> Iterator[Finding]:
    """Report missing authorization servers, and those that are not issuers."""
    document = walk.resource
    if document is None:
        return
    listed = document.content.get("authorization_servers")
    if not has_value(listed):
        yield finding(PRM_SERVERS_MISSING, document.url)
        return
    if not isinstance(listed, list):
        text = gettext("authorization_servers is %(value)s: expected a list.")
        observation = text % {"value": shown(listed)}
        yield finding(PRM_SERVER_INVALID, document.url, observation)
        return
    for issuer in listed:
        is_reported = is_exposed(walk.url) or is_plain_http(identifier(document), walk.url)
        if is_reported and str(issuer).startswith("http:"):
            # The endpoint or the resource has the same fault.
            continue
        try:
            check_issuer(issuer)
        except ValueError as error:
            values = {"value": shown(issuer), "problem": phrase(said(error))}
            observation = gettext("%(value)s: %(problem)s.") % values
            # Clients use the first one.
            clients = None if issuer == listed[0] else ()
            yield finding(PRM_SERVER_INVALID, document.url, observation, clients=clients)


def spellings(walk: Walk) -> Iterator[Finding]:
    document = walk.resource
    spellings_by_place: dict[object, str] = {}
    for issuer in strings(document.content, "authorization_servers") if document else ():
        try:
            place = locate(issuer)._replace(host=hosts.origin(issuer))
        except ValueError:
            continue
        other = spellings_by_place.setdefault(place, issuer)
        if document and other != issuer:
            observation = f"{pointed(issuer, other)}\n{difference(issuer, other)}"
            yield finding(PRM_SERVERS_SPELLINGS, document.url, observation)


def bearer_methods(walk: Walk) -> Iterator[Finding]:
    document = walk.resource
    if document and _rules_out_header(document):
        methods = strings(document.content, "bearer_methods_supported")
        observation = stated("bearer_methods_supported", methods)
        yield finding(PRM_BEARER_HEADER, document.url, observation)


def _rules_out_header(document: Fetched) -> bool:
    methods = strings(document.content, "bearer_methods_supported")
    return bool(methods) and "header" not in methods


def scopes(walk: Walk) -> Iterator[Finding]:
    """Report scopes that do not belong to a resource, or that this site does not announce.

    RFC 8414 §2 lets a server leave scopes out, and providers omit those of APIs.
    """
    document = walk.resource
    required = strings(document.content, "scopes_supported") if document else []
    client_scopes = [scope for scope in SCOPES_OF_CLIENTS if scope in required]
    if document and client_scopes:
        observation = gettext("It has %(scopes)s.") % {"scopes": ", ".join(client_scopes)}
        yield finding(PRM_SCOPES_OF_CLIENTS, document.url, observation)
    own = [server for server in walk.servers if origin(server.issuer) == origin(walk.url)]
    for server in own:
        offered = set(
            strings(server.metadata.content, "scopes_supported") if server.metadata else ()
        )
        missing = [
            scope for scope in required if scope not in offered and scope not in client_scopes
        ]
        if document and offered and missing:
            observation = gettext("%(scopes)s missing from those of %(issuer)s.") % {
                "scopes": shown(", ".join(missing)),
                "issuer": shown(server.issuer),
            }
            yield finding(PRM_SCOPES_NOT_OFFERED, document.url, observation)


ENTRIES = (
    PRM_MEMBER_INVALID,
    PRM_SERVERS_MISSING,
    PRM_SERVER_INVALID,
    PRM_SERVERS_SPELLINGS,
    PRM_BEARER_HEADER,
    PRM_SCOPES_OF_CLIENTS,
    PRM_SCOPES_NOT_OFFERED,
)
RULES = (
    members,
    servers,
    spellings,
    bearer_methods,
    scopes,
)
