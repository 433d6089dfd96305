"""What can be wrong with the two metadata documents."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.clients import EVERY, Client
from mcp_oauth_discovery.doctor.findings import Entry, Group, Severity

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_TYPESCRIPT = (Client.TYPESCRIPT, Client.INSPECTOR)
# By the specification: their source is closed.
_CLOSED = (Client.CLAUDE, Client.CHATGPT, Client.CURSOR)
_EXACT = (Client.VS_CODE, Client.GO)

PROTECTED_RESOURCE = Group(
    "protected-resource",
    "Protected resource metadata",
    "found where clients look, and its resource is this endpoint",
    (
        Entry(
            "prm-not-found", _ERROR, "No address that clients try has the document.",
            "the document at the well-known URL of the endpoint", "RFC 9728 §3.1", EVERY,
            'Add path("", include("mcp_oauth_discovery.urls")) to the root URLconf, and have the '
            "proxy pass /.well-known/ on.",
        ),
        Entry(
            "prm-path-not-found", _WARNING,
            "The document is not at the well-known URL with the path of the endpoint.",
            "the well-known part between host and path", "RFC 9728 §3.1", _EXACT,
            "Set MCP_RESOURCE to the URL of the endpoint, or list its path in MCP_RESOURCES.",
        ),
        Entry(
            "prm-challenge-not-found", _ERROR,
            "The URL in the challenge does not lead to the document.",
            "the document", "RFC 9728 §5.1", _TYPESCRIPT,
            "Name the URL at which the document is: challenge.resource_metadata_url() knows it.",
        ),
        Entry(
            "prm-differs", _WARNING,
            "The URL in the challenge and the well-known URL give different documents.",
            "one document for one resource", "RFC 9728 §3.1", (),
            "Serve it from one place.",
        ),
        Entry(
            "prm-resource-missing", _ERROR, "The document has no resource.",
            "resource, with the URL of the endpoint", "RFC 9728 §2", EVERY,
            "Set MCP_RESOURCE.",
        ),
        Entry(
            "prm-resource-invalid", _ERROR, "resource is not a resource identifier.",
            "an absolute https URL without fragment", "RFC 9728 §1.2", EVERY,
            "Set MCP_RESOURCE to the URL of the endpoint.",
        ),
        Entry(
            "prm-resource-scheme", _ERROR, "resource is http where the endpoint is https.",
            "the URL of the endpoint", "RFC 9728 §3.3", EVERY,
            "A proxy ended TLS: set SECURE_PROXY_SSL_HEADER, or pin MCP_ISSUER and MCP_RESOURCE.",
        ),
        Entry(
            "prm-resource-mismatch", _ERROR, "resource is not this endpoint.",
            "the URL of the endpoint", "RFC 9728 §3.3", EVERY,
            "Set MCP_RESOURCE to the URL that clients use, in its very spelling.",
        ),
        Entry(
            "prm-resource-not-exact", _ERROR,
            "resource covers the endpoint and is not its URL; some clients want it exact.",
            "the URL of the endpoint, character by character", "RFC 9728 §3.3", _EXACT,
            "Set MCP_RESOURCE to the URL that clients use, in its very spelling.",
        ),
        Entry(
            "prm-member-invalid", _ERROR, "A member has a value of the wrong form.",
            "the form that the standard gives it", "RFC 9728 §2", (),
            "Correct it in MCP_RESOURCE_METADATA or MCP_RESOURCES.",
        ),
        Entry(
            "prm-servers-missing", _ERROR, "No authorization server is named.",
            "authorization_servers with at least one issuer",
            "MCP authorization, authorization server location", (*_CLOSED, Client.GO),
            "Leave MCP_AUTHORIZATION_SERVERS out if this site issues the tokens; otherwise name "
            "the issuers.",
        ),
        Entry(
            "prm-server-invalid", _ERROR, "An authorization server is not an issuer identifier.",
            "issuers: https URLs without query, fragment and well-known part",
            "RFC 9728 §2, RFC 8414 §2", EVERY,
            "Write the https URL that is the issuer in the server's metadata, not the URL of the "
            "document.",
        ),
        Entry(
            "prm-servers-spellings", _WARNING,
            "Two authorization servers differ only in spelling.",
            "each issuer once, in its own spelling", "RFC 8414 §3.3", (),
            "Keep the spelling of the issuer's own metadata.",
        ),
        Entry(
            "prm-bearer-header", _ERROR, "Tokens in the Authorization header are ruled out.",
            'bearer_methods_supported with "header", or without the member',
            "RFC 9728 §2, MCP authorization, token requirements", EVERY,
            'Add "header" to bearer_methods_supported.',
        ),
        Entry(
            "prm-scopes-of-clients", _WARNING,
            "scopes_supported has offline_access or openid, which are no matter of a resource.",
            "the scopes of the resource", "MCP authorization, refresh tokens", (),
            "Move them to the authorization server's scopes_supported.",
        ),
        Entry(
            "prm-scopes-not-offered", _INFO,
            "This site is its own authorization server, but does not announce a scope.",
            "every scope of the resource that the server knows; the list may be incomplete",
            "RFC 9728 §2, RFC 8414 §2", (),
            "If the server refuses the scope with invalid_scope, add the scope there.",
        ),
    ),
)  # fmt: skip

AUTHORIZATION_SERVER = Group(
    "authorization-server",
    "Authorization server metadata",
    "found where clients look, with the issuer that led there, and enough to sign in",
    (
        Entry(
            "as-not-found", _ERROR, "No address that clients try has the metadata of the issuer.",
            "the document at the well-known URL of the issuer", "RFC 8414 §3", EVERY,
            "Serve it at /.well-known/oauth-authorization-server followed by the issuer's path.",
        ),
        Entry(
            "as-elsewhere", _INFO,
            "The authorization server is on another host, which this process cannot ask.",
            "its metadata, visited over HTTP", "RFC 8414 §3", (),
            "Run the command with the URL of the MCP endpoint to visit it too.",
        ),
        Entry(
            "as-issuer-missing", _ERROR, "The metadata has no issuer.",
            "issuer, as it stands in authorization_servers", "RFC 8414 §2",
            (*_CLOSED, Client.PYTHON, *_TYPESCRIPT, Client.RUST),
            "Add issuer.",
        ),
        Entry(
            "as-issuer-slash", _ERROR, "issuer differs in its final slash.",
            "the issuer of authorization_servers, character by character", "RFC 8414 §3.3",
            (Client.PYTHON,),
            "Write one spelling in both places, best without the slash.",
        ),
        Entry(
            "as-issuer-mismatch", _ERROR, "issuer is not the one that led here.",
            "the issuer of authorization_servers, character by character", "RFC 8414 §3.3",
            (*_CLOSED, Client.PYTHON, *_TYPESCRIPT, Client.RUST),
            "Write one spelling in MCP_ISSUER and MCP_AUTHORIZATION_SERVERS. If it is http for "
            "https, set SECURE_PROXY_SSL_HEADER or pin MCP_ISSUER.",
        ),
        Entry(
            "as-member-missing", _ERROR, "A required member is missing.",
            "issuer, authorization_endpoint, token_endpoint, response_types_supported",
            "RFC 8414 §2", EVERY,
            "Add it.",
        ),
        Entry(
            "as-member-invalid", _ERROR, "A member has a value of the wrong form.",
            "the form that the standard gives it", "RFC 8414 §2", (),
            "Correct it in MCP_AUTHORIZATION_SERVER_METADATA.",
        ),
        Entry(
            "as-endpoint-http", _ERROR, "An endpoint is plain http on a host that is not loopback.",
            "https endpoints", "MCP authorization, communication security",
            (*_CLOSED, *_TYPESCRIPT),
            "Pin MCP_ISSUER to the https URL, and set SECURE_PROXY_SSL_HEADER behind a proxy.",
        ),
        Entry(
            "as-pkce-missing", _ERROR, "code_challenge_methods_supported is missing.",
            'code_challenge_methods_supported with "S256"',
            "MCP authorization, authorization code protection",
            (*_CLOSED, Client.GO),
            "Add it: clients must not go on without.",
        ),
        Entry(
            "as-pkce-method", _ERROR, "The PKCE methods lack S256.",
            '"S256" in code_challenge_methods_supported',
            "MCP authorization, authorization code protection",
            (*_CLOSED, *_TYPESCRIPT, Client.RUST),
            "Support S256 and announce it.",
        ),
        Entry(
            "as-response-type", _ERROR, "response_types_supported lacks code.",
            '"code" in response_types_supported', "RFC 8414 §2",
            (*_CLOSED, *_TYPESCRIPT, Client.RUST),
            "Add it: MCP clients use the authorization code grant.",
        ),
        Entry(
            "as-grant-type", _ERROR, "grant_types_supported lacks authorization_code.",
            '"authorization_code" in grant_types_supported, or no such member',
            "RFC 8414 §2", EVERY,
            "Add it: MCP clients use the authorization code grant.",
        ),
        Entry(
            "as-registration", _WARNING,
            "There is neither registration nor support for client ID metadata documents.",
            "registration_endpoint or client_id_metadata_document_supported",
            "MCP authorization, client registration", EVERY,
            "Offer one of them, or register each client by hand and give it the client_id.",
        ),
        Entry(
            "as-metadata-documents", _ERROR,
            "Client ID metadata documents are announced, without client authentication for them.",
            '"none" or "private_key_jwt" in token_endpoint_auth_methods_supported',
            "Client ID Metadata Document §4.1", (Client.PYTHON, Client.TYPESCRIPT),
            "Add none: such clients have no secret.",
        ),
        Entry(
            "as-jwt-algorithms", _ERROR,
            "JWT client authentication is announced without its algorithms.",
            "the matching …_auth_signing_alg_values_supported; optional in openid-configuration",
            "RFC 8414 §2", (),
            "Add the member.",
        ),
        Entry(
            "as-documents-differ", _WARNING,
            "The metadata at two addresses of one issuer contradict each other.",
            "the same endpoints, PKCE methods, client authentication and registration",
            "RFC 8414 §5", (),
            "Build both from one source.",
        ),
        Entry(
            "as-openid-incomplete", _WARNING, "openid-configuration lacks members OpenID needs.",
            "subject_types_supported, id_token_signing_alg_values_supported, jwks_uri; or 404",
            "OpenID Connect Discovery §3", _TYPESCRIPT,
            "Complete it, or serve no openid-configuration.",
        ),
        Entry(
            "as-protected-resources", _WARNING,
            "protected_resources of the server does not have this resource.",
            "the resource in it, or no such member", "RFC 9728 §4", (),
            "Add the resource, or leave the member out.",
        ),
        Entry(
            "as-left-out", _INFO, "More authorization servers are named; they were not contacted.",
            "three at most, to be looked at in one go", "RFC 9728 §2", (),
            "Look at each by itself: clients take any of those that are named.",
        ),
    ),
)  # fmt: skip
