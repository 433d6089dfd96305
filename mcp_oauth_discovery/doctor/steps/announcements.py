"""Does the server announce what MCP 2026-07-28 expects, and what clients need for it?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.values import missing, stated, strings
from mcp_oauth_discovery.doctor.transport.reachability import host_of
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Walk
from mcp_oauth_discovery.standards.identifiers import is_loopback, origin
from mcp_oauth_discovery.standards.members import missing_grants
from mcp_oauth_discovery.standards.metadata import has_value

_ISS = "authorization_response_iss_parameter_supported"
_DOCUMENTS = "client_id_metadata_document_supported"
_PROFILES = "authorization_grant_profiles_supported"

AS_METADATA_DOCUMENTS_KEYS = Entry(
    code="as-metadata-documents-keys",
    severity=Severity.WARNING,
    seen=_("Client ID metadata documents are announced, but only for clients that have a key."),
    expected=_('"none" in token_endpoint_auth_methods_supported: most clients have no key'),
    section="Client ID Metadata Document §4.1",
    clients=(Client.PYTHON, Client.TYPESCRIPT),
    fix=_(
        'Accept clients without a secret at the token endpoint, and add "none" to '
        "token_endpoint_auth_methods_supported."
    ),
)
AS_REGISTRATION_ALONE = Entry(
    code="as-registration-alone",
    severity=Severity.INFO,
    seen=_("New clients can only register dynamically."),
    expected=_(
        "client_id_metadata_document_supported as well: MCP 2026-07-28 deprecates dynamic "
        "registration"
    ),
    section="MCP authorization (2026-07-28), client registration",
    fix=_(
        "Support client ID metadata documents, and announce them. Keep the registration for older "
        "clients."
    ),
    django_fix=_(
        "Enable client ID metadata documents in the authorization server (CIMD_ENABLED of "
        "django-oauth-toolkit, IDP_OIDC_CIMD_ENABLED of django-allauth), then write "
        '"client_id_metadata_document_supported": True in MCP_AUTHORIZATION_SERVER_METADATA. Keep '
        "the registration for older clients."
    ),
)
AS_ISS_NOT_ANNOUNCED = Entry(
    code="as-iss-not-announced",
    severity=Severity.INFO,
    seen=_("The server does not announce iss in its authorization responses."),
    expected=_(
        "authorization_response_iss_parameter_supported: true, and iss in each response, errors "
        "included"
    ),
    section="MCP authorization (2026-07-28), authorization response validation; RFC 9207 §3",
    fix=_(
        "First send iss with each code and each error, exactly as in the metadata, then announce "
        "it. Clients refuse a response without the iss that is announced."
    ),
    django_fix=_(
        "First make sure that each response has iss, also when the user denies. "
        "django-oauth-toolkit needs ConsentView from mcp_oauth_discovery.contrib.oauth_toolkit for "
        'that. Then write "authorization_response_iss_parameter_supported": True in '
        "MCP_AUTHORIZATION_SERVER_METADATA."
    ),
)

AS_GRANT_PROFILE = Entry(
    code="as-grant-profile",
    severity=Severity.WARNING,
    seen=_("A profile of a grant is announced without the grant."),
    expected=_("the grant of the profile in grant_types_supported"),
    section="MCP enterprise-managed authorization (SEP-990); RFC 8414 §2",
    fix=_(
        "Add the grant to grant_types_supported, if the token endpoint has it. Otherwise leave the "
        "profile out."
    ),
)


def public_clients(walk: Walk) -> Iterator[Finding]:
    """Report metadata documents that serve only clients with a key; the SDKs have none.

    Claude registers dynamically instead, if it can. ChatGPT has a key.
    """
    for server in walk.servers:
        values = server.metadata.content if server.metadata else {}
        methods = strings(values, "token_endpoint_auth_methods_supported")
        has_keys_alone = "private_key_jwt" in methods and "none" not in methods
        if server.metadata and values.get(_DOCUMENTS) is True and has_keys_alone:
            has_registration = has_value(values.get("registration_endpoint"))
            closed = () if has_registration else (Client.CLAUDE,)
            clients = (*closed, *AS_METADATA_DOCUMENTS_KEYS.clients)
            observation = stated("token_endpoint_auth_methods_supported", methods)
            url = server.metadata.url
            yield finding(AS_METADATA_DOCUMENTS_KEYS, url, observation, clients=clients)


def registration(walk: Walk) -> Iterator[Finding]:
    for document in _own(walk):
        values = document.content
        if values.get(_DOCUMENTS) is not True and has_value(values.get("registration_endpoint")):
            if _DOCUMENTS in values:
                sentence = gettext("There is a registration_endpoint, and %(name)s is %(value)s.")
            else:
                sentence = gettext("There is a registration_endpoint, and %(name)s is missing.")
            state = {"name": _DOCUMENTS, "value": shown(values.get(_DOCUMENTS))}
            yield finding(AS_REGISTRATION_ALONE, document.url, sentence % state)


def iss(walk: Walk) -> Iterator[Finding]:
    if walk.in_process and is_loopback(host_of(walk.url)):
        # In development no setting names a host, and iss needs a fixed issuer.
        return
    for document in _own(walk):
        values = document.content
        if values.get(_ISS) is not True and has_value(values.get("authorization_endpoint")):
            observation = stated(_ISS, values[_ISS]) if _ISS in values else missing(_ISS)
            yield finding(AS_ISS_NOT_ANNOUNCED, document.url, observation)


def profiles(walk: Walk) -> Iterator[Finding]:
    """Report a profile without its grant; the grant alone has other uses."""
    documents = (server.metadata for server in walk.servers if server.metadata)
    for document in documents:
        values = document.content
        # RFC 8414 §2: without the member, the grants are these two.
        grants = strings(values, "grant_types_supported") or ["authorization_code", "implicit"]
        for profile, grant in missing_grants(strings(values, _PROFILES), grants).items():
            text = gettext("%(profile)s without %(grant)s.")
            observation = text % {"profile": profile, "grant": grant}
            yield finding(AS_GRANT_PROFILE, document.url, observation)


def _own(walk: Walk) -> Iterator[Fetched]:
    """Yield the metadata of the site's own servers; it cannot change that of another one."""
    for server in walk.servers:
        if server.metadata and origin(server.issuer) == origin(walk.url):
            yield server.metadata


ENTRIES = (
    AS_METADATA_DOCUMENTS_KEYS,
    AS_REGISTRATION_ALONE,
    AS_ISS_NOT_ANNOUNCED,
    AS_GRANT_PROFILE,
)
RULES = (public_clients, registration, iss, profiles)
