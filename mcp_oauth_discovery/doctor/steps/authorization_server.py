"""Do clients find the metadata of each authorization server, with the expected issuer?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.clients import CLOSED, TYPESCRIPT_BASED, Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, correcting, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import pointed, shown
from mcp_oauth_discovery.doctor.steps import announcements, server_members, wrong_issuers
from mcp_oauth_discovery.doctor.steps.outside import issuer_to_name, noted, readvised
from mcp_oauth_discovery.doctor.steps.server_members import chosen
from mcp_oauth_discovery.doctor.steps.values import stated, strings
from mcp_oauth_discovery.doctor.walk.acceptance import difference, differing_parts, issuer_refusals
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.probes import OAUTH_ENDPOINTS
from mcp_oauth_discovery.doctor.walk.reading import is_html
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards.metadata import has_value

_OPENID = ("jwks_uri", "subject_types_supported", "id_token_signing_alg_values_supported")
# The members that clients use. Others may differ, because each document serves its own protocol.
_FOLLOWED = (
    "issuer",
    *OAUTH_ENDPOINTS,
    "jwks_uri",
    "code_challenge_methods_supported",
    "token_endpoint_auth_methods_supported",
    "client_id_metadata_document_supported",
    "authorization_response_iss_parameter_supported",
)

AS_ELSEWHERE = Entry(
    code="as-elsewhere",
    severity=Severity.INFO,
    seen=_("The authorization server is on another host, which this process cannot reach."),
    expected=_("its metadata, requested over HTTP"),
    section="RFC 8414 §3",
    fix=_(
        "To check the metadata of that server too, run the command with the URL of the MCP "
        "endpoint."
    ),
)
AS_ISSUER_MISSING = Entry(
    code="as-issuer-missing",
    severity=Severity.ERROR,
    seen=_("The metadata has no issuer."),
    expected=_("issuer, as it stands in authorization_servers"),
    section="RFC 8414 §2",
    clients=(*CLOSED, Client.PYTHON, *TYPESCRIPT_BASED, Client.RUST),
    fix=_(
        "Add issuer to the metadata of the authorization server, spelt as in authorization_servers."
    ),
)
AS_ISSUER_SLASH = Entry(
    code="as-issuer-slash",
    severity=Severity.ERROR,
    seen=_("issuer differs by a final slash."),
    expected=_("the issuer of authorization_servers, character by character"),
    section="RFC 8414 §3.3",
    clients=(Client.PYTHON,),
    fix=_(
        "Use the same spelling in issuer and in authorization_servers, preferably without the "
        "final slash."
    ),
    django_fix=_(
        "Use the same spelling in MCP_ISSUER and MCP_AUTHORIZATION_SERVERS, preferably without the "
        "final slash."
    ),
    explains=("signed-issuer",),
)
AS_ISSUER_MISMATCH = Entry(
    code="as-issuer-mismatch",
    severity=Severity.ERROR,
    seen=_("issuer is not the one in authorization_servers."),
    expected=_("the issuer of authorization_servers, character by character"),
    section="RFC 8414 §3.3",
    clients=(*CLOSED, Client.PYTHON, *TYPESCRIPT_BASED, Client.RUST),
    fix=_(
        "Use the same spelling in issuer and in authorization_servers. If one is http and the "
        "other https, tell the application that the proxy ends TLS, or configure its public URL."
    ),
    django_fix=_(
        "Use the same spelling in MCP_ISSUER and MCP_AUTHORIZATION_SERVERS. If one is http and "
        "the other https, set SECURE_PROXY_SSL_HEADER or pin MCP_ISSUER."
    ),
    explains=("signed-issuer", "as-endpoint-http", "jwks-elsewhere"),
)
AS_ISSUER_UNPINNED = Entry(
    code="as-issuer-unpinned",
    severity=Severity.WARNING,
    seen=_("This project has keys, and its issuer is the host of each request."),
    expected=_("a pinned issuer: nothing is signed for any other"),
    section="RFC 8414 §2, RFC 9728 §7.3",
    fix=_("Configure the issuer of this site: its public https URL."),
    django_fix=_('Pin the issuer: MCP_ISSUER = "https://app.example.com".'),
    explains=("host-reflected", "forwarded-reflected"),
)
AS_DOCUMENTS_DIFFER = Entry(
    code="as-documents-differ",
    severity=Severity.WARNING,
    seen=_("Two metadata documents of one issuer contradict each other."),
    expected=_("the same endpoints, PKCE methods, client authentication and registration"),
    section="RFC 8414 §5",
    fix=_("Generate both metadata documents of the issuer from one source."),
)
AS_OPENID_INCOMPLETE = Entry(
    code="as-openid-incomplete",
    severity=Severity.WARNING,
    seen=_("openid-configuration lacks members that OpenID requires."),
    expected=_("subject_types_supported, id_token_signing_alg_values_supported, jwks_uri; or 404"),
    section="OpenID Connect Discovery §3",
    clients=TYPESCRIPT_BASED,
    fix=_("Add the missing members to openid-configuration, or answer 404 at its URL."),
)
AS_PROTECTED_RESOURCES = Entry(
    code="as-protected-resources",
    severity=Severity.WARNING,
    seen=_("protected_resources of the server does not list this resource."),
    expected=_("this resource in the list, or no such member"),
    section="RFC 9728 §4",
    fix=_(
        "Add this resource to protected_resources of the authorization server, or leave that list "
        "out."
    ),
)
AS_LEFT_OUT = Entry(
    code="as-left-out",
    severity=Severity.INFO,
    seen=_("More authorization servers are named; they were not contacted."),
    expected=_("at most three, for one check"),
    section="RFC 9728 §2",
    fix=_(
        "Check the metadata of the other authorization servers separately: clients may use any of "
        "them."
    ),
)


def left_out(walk: Walk) -> Iterator[Finding]:
    if walk.left_out and walk.resource:
        values = {"number": len(walk.left_out), "names": shown(", ".join(walk.left_out))}
        observation = gettext("%(number)d more: %(names)s.") % values
        yield finding(AS_LEFT_OUT, walk.resource.url, observation)


def elsewhere(walk: Walk) -> Iterator[Finding]:
    for issuer in walk.elsewhere:
        fix = gettext("To check that server too, run: manage.py mcp_discovery check %(url)s")
        yield finding(AS_ELSEWHERE, issuer, fix=fix % {"url": walk.url})


def issuers(walk: Walk) -> Iterator[Finding]:
    """Report an issuer that is not exactly the one that led to the document."""
    for server in walk.servers:
        document = server.metadata
        if document is None:
            continue
        issuer = document.content.get("issuer")
        if not isinstance(issuer, str) or not issuer:
            yield finding(AS_ISSUER_MISSING, document.url)
        elif issuer != server.issuer:
            observation = pointed(issuer, server.issuer)
            refused = tuple(issuer_refusals(server.issuer, issuer))
            if issuer.rstrip("/") == server.issuer.rstrip("/"):
                result = finding(AS_ISSUER_SLASH, document.url, observation, clients=refused)
            else:
                observation = f"{observation}\n{difference(issuer, server.issuer)}".rstrip("\n")
                parts = differing_parts(issuer, server.issuer)
                result = finding(
                    AS_ISSUER_MISMATCH,
                    document.url,
                    observation,
                    clients=CLOSED + refused,
                    correction=correcting(parts, "issuer", "authorization_servers"),
                )
                if parts != ["scheme"]:
                    # Only a proxy that hides TLS changes the scheme of the other URLs as well.
                    result = replace(result, explains=("signed-issuer",))
            yield readvised(walk, result, issuer_to_name(server.issuer, issuer))


def unpinned(walk: Walk) -> Iterator[Finding]:
    """Report what the settings show, but not the documents."""
    for fault in walk.unpinned:
        yield finding(AS_ISSUER_UNPINNED, walk.url, fault.problem, fix=fault.fix)


def contradictions(walk: Walk) -> Iterator[Finding]:
    """Report documents of one issuer with different values of the same member."""
    for server in walk.servers:
        documents = [place for place in server.documents if place.members is not None]
        for document in documents[1:]:
            first = documents[0].content
            names = sorted(
                name
                for name in _FOLLOWED
                if name in first
                and name in document.content
                and _comparable(first[name]) != _comparable(document.content[name])
            )
            if names:
                values = {"url": shown(documents[0].url), "names": shown(", ".join(names))}
                observation = gettext("Different from %(url)s: %(names)s.") % values
                yield finding(AS_DOCUMENTS_DIFFER, document.url, observation)


def openid(walk: Walk) -> Iterator[Finding]:
    """Report an openid-configuration that OpenID libraries refuse."""
    requested = {place.url for place in walk.tried}
    # A site with a page for every address has one for this address as well.
    pages = any(exchange.answer and is_html(exchange.answer) for exchange in walk.suffixes)
    for server in walk.servers:
        for document in server.documents:
            if document.role is Role.OAUTH:
                continue
            missing = [name for name in _OPENID if not has_value(document.content.get(name))]
            # MCP clients come here only if the addresses before have no document.
            clients = None if document is server.metadata else ()
            if document.members is not None and missing:
                observation = gettext("It lacks %(names)s.") % {"names": ", ".join(missing)}
                yield finding(AS_OPENID_INCOMPLETE, document.url, observation, clients=clients)
            elif document.reading.fault and document.url not in requested and not pages:
                observation = gettext("200, but not a JSON document.")
                yield finding(AS_OPENID_INCOMPLETE, document.url, observation, clients=clients)


def resources(walk: Walk) -> Iterator[Finding]:
    resource = walk.resource.content.get("resource") if walk.resource else None
    for document in chosen(walk):
        listed = strings(document.content, "protected_resources")
        if listed and isinstance(resource, str) and resource not in listed:
            observation = stated("protected_resources", listed)
            yield finding(AS_PROTECTED_RESOURCES, document.url, observation)


def _comparable(value: object) -> object:
    """Return a value for a comparison that ignores the order of a list."""
    return {repr(item) for item in value} if isinstance(value, list) else value


def can_pass(walk: Walk) -> bool:
    """Return whether the metadata of each server that is named was read."""
    named = walk.resource.content.get("authorization_servers") if walk.resource else []
    are_read = bool(walk.servers) and all(server.metadata for server in walk.servers)
    return are_read and isinstance(named, list) and len(walk.servers) == len(named)


def skipped(walk: Walk) -> str:
    if walk.elsewhere:
        sentence = gettext("%(names)s is not served by this project: add the URL")
        return sentence % {"names": shown(", ".join(walk.elsewhere))}
    return "" if walk.servers else gettext("no authorization server is known")


STEP = Step(
    name="authorization-server",
    title=_("Authorization server metadata"),
    holds=_("found where clients look, with the expected issuer, and complete enough to sign in"),
    entries=(
        *wrong_issuers.ENTRIES,
        AS_ELSEWHERE,
        AS_ISSUER_MISSING,
        AS_ISSUER_SLASH,
        AS_ISSUER_MISMATCH,
        AS_ISSUER_UNPINNED,
        *server_members.ENTRIES,
        *announcements.ENTRIES,
        AS_DOCUMENTS_DIFFER,
        AS_OPENID_INCOMPLETE,
        AS_PROTECTED_RESOURCES,
        AS_LEFT_OUT,
    ),
    rules=(
        *wrong_issuers.RULES,
        elsewhere,
        left_out,
        issuers,
        unpinned,
        *map(noted, (*server_members.RULES, *announcements.RULES, contradictions, openid)),
        resources,
    ),
    can_pass=can_pass,
    skipped=skipped,
)
