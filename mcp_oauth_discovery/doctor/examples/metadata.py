"""Examples for the metadata of the protected resource and of the authorization server."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.examples.example import Example

_ORIGIN = "https://app.example.com"
_ENDPOINT = f"{_ORIGIN}/mcp"
_PRM = f"{_ORIGIN}/.well-known/oauth-protected-resource/mcp"
_SERVER = f"{_ORIGIN}/.well-known/oauth-authorization-server"
_FOUND = "HTTP/1.1 200 OK"


def _resource(value: str) -> Example:
    return Example(f'"resource": "{value}"', f'"resource": "{_ENDPOINT}"')


def _issuer(value: str) -> Example:
    return Example(f'"issuer": "{value}"', f'"issuer": "{_ORIGIN}"')


def _pkce(value: str) -> Example:
    return Example(value, '"code_challenge_methods_supported": ["S256"]')


PROTECTED_RESOURCE = {
    "prm-not-found": Example(f"GET {_PRM}\nHTTP/1.1 404 Not Found", f"GET {_PRM}\n{_FOUND}"),
    "prm-path-not-found": Example(
        f"GET {_PRM}\nHTTP/1.1 404 Not Found\n"
        f"GET {_ORIGIN}/.well-known/oauth-protected-resource\n{_FOUND}",
        f"GET {_PRM}\n{_FOUND}",
    ),
    "prm-challenge-not-found": Example(
        f'WWW-Authenticate: Bearer resource_metadata="{_ORIGIN}/metadata"\n'
        f"GET {_ORIGIN}/metadata\nHTTP/1.1 404 Not Found",
        f'WWW-Authenticate: Bearer resource_metadata="{_PRM}"\nGET {_PRM}\n{_FOUND}',
    ),
    "prm-differs": Example(
        f'{_ORIGIN}/metadata: {{"scopes_supported": ["files"], …}}\n'
        f'{_PRM}: {{"scopes_supported": ["mcp"], …}}',
        "The same document at both URLs.",
    ),
    "prm-resource-missing": Example(
        f'{{"authorization_servers": ["{_ORIGIN}"]}}',
        f'{{"resource": "{_ENDPOINT}", "authorization_servers": ["{_ORIGIN}"]}}',
    ),
    "prm-resource-invalid": Example('"resource": "/mcp"', f'"resource": "{_ENDPOINT}"'),
    "prm-resource-scheme": _resource("http://app.example.com/mcp"),
    "prm-resource-mismatch": _resource(f"{_ORIGIN}/api"),
    "prm-resource-not-exact": _resource("https://APP.example.com/mcp"),
    "prm-member-invalid": Example('"scopes_supported": "mcp"', '"scopes_supported": ["mcp"]'),
    "prm-servers-missing": Example(
        f'{{"resource": "{_ENDPOINT}"}}',
        f'{{"resource": "{_ENDPOINT}", "authorization_servers": ["{_ORIGIN}"]}}',
    ),
    "prm-server-invalid": Example(
        f'"authorization_servers": ["{_SERVER}"]', f'"authorization_servers": ["{_ORIGIN}"]'
    ),
    "prm-servers-spellings": Example(
        f'"authorization_servers": ["{_ORIGIN}", "{_ORIGIN}/"]',
        f'"authorization_servers": ["{_ORIGIN}"]',
    ),
    "prm-bearer-header": Example(
        '"bearer_methods_supported": ["body"]', '"bearer_methods_supported": ["header"]'
    ),
    "prm-scopes-of-clients": Example(
        '"scopes_supported": ["mcp", "offline_access"]', '"scopes_supported": ["mcp"]'
    ),
    "prm-scopes-not-offered": Example(
        'The resource: "scopes_supported": ["files"]\nThe server: "scopes_supported": ["mcp"]',
        'The server: "scopes_supported": ["mcp", "files"]',
    ),
    "prm-resource-origin": Example(
        f'GET {_PRM}\n{{"resource": "{_ORIGIN}", …}}',
        f'GET {_PRM}\n{{"resource": "{_ENDPOINT}", …}}',
    ),
}

AUTHORIZATION_SERVER = {
    "as-not-found": Example(
        f"GET {_SERVER}\nHTTP/1.1 404 Not Found\n"
        f"GET {_ORIGIN}/.well-known/openid-configuration\nHTTP/1.1 404 Not Found",
        f"GET {_SERVER}\n{_FOUND}",
    ),
    "as-elsewhere": Example(
        '"authorization_servers": ["https://login.example.net"]',
        f"mcp_discovery check {_ENDPOINT}",
    ),
    "as-issuer-missing": Example(
        f'{{"token_endpoint": "{_ORIGIN}/o/token/", …}}',
        f'{{"issuer": "{_ORIGIN}", "token_endpoint": "{_ORIGIN}/o/token/", …}}',
    ),
    "as-issuer-slash": _issuer(f"{_ORIGIN}/"),
    "as-issuer-mismatch": _issuer("https://login.example.net"),
    "as-member-missing": Example(
        f'{{"issuer": "{_ORIGIN}", "authorization_endpoint": …}}',
        f'{{"issuer": "{_ORIGIN}", "authorization_endpoint": …, "token_endpoint": …, '
        '"response_types_supported": ["code"]}',
    ),
    "as-member-invalid": Example(
        '"grant_types_supported": "authorization_code"',
        '"grant_types_supported": ["authorization_code"]',
    ),
    "as-endpoint-http": Example(
        '"token_endpoint": "http://app.example.com/o/token/"',
        f'"token_endpoint": "{_ORIGIN}/o/token/"',
    ),
    "as-pkce-missing": _pkce("(no code_challenge_methods_supported)"),
    "as-pkce-method": _pkce('"code_challenge_methods_supported": ["plain"]'),
    "as-response-type": Example(
        '"response_types_supported": ["token"]', '"response_types_supported": ["code"]'
    ),
    "as-grant-type": Example(
        '"grant_types_supported": ["client_credentials"]',
        '"grant_types_supported": ["authorization_code", "refresh_token"]',
    ),
    "as-grant-profile": Example(
        '"grant_types_supported": ["authorization_code"],\n'
        '"authorization_grant_profiles_supported": ["urn:ietf:params:oauth:grant-profile:id-jag"]',
        '"grant_types_supported": ["authorization_code", '
        '"urn:ietf:params:oauth:grant-type:jwt-bearer"],\n'
        '"authorization_grant_profiles_supported": ["urn:ietf:params:oauth:grant-profile:id-jag"]',
    ),
    "as-registration": Example(
        "(neither registration_endpoint nor client_id_metadata_document_supported)",
        f'"registration_endpoint": "{_ORIGIN}/o/register/"',
    ),
    "as-metadata-documents": Example(
        '"client_id_metadata_document_supported": true, '
        '"token_endpoint_auth_methods_supported": ["client_secret_basic"]',
        '"client_id_metadata_document_supported": true, '
        '"token_endpoint_auth_methods_supported": ["none", "client_secret_basic"]',
    ),
    "as-jwt-algorithms": Example(
        '"token_endpoint_auth_methods_supported": ["none", "private_key_jwt"]',
        '"token_endpoint_auth_methods_supported": ["none", "private_key_jwt"], '
        '"token_endpoint_auth_signing_alg_values_supported": ["ES256"]',
    ),
    "as-documents-differ": Example(
        f'oauth-authorization-server: "token_endpoint": "{_ORIGIN}/o/token/"\n'
        f'openid-configuration: "token_endpoint": "{_ORIGIN}/token"',
        f'Both documents: "token_endpoint": "{_ORIGIN}/o/token/"',
    ),
    "as-openid-incomplete": Example(
        "(openid-configuration without subject_types_supported)",
        '"subject_types_supported": ["public"]',
    ),
    "as-protected-resources": Example(
        f'"protected_resources": ["{_ORIGIN}/reports/mcp"]',
        f'"protected_resources": ["{_ORIGIN}/reports/mcp", "{_ENDPOINT}"]',
    ),
    "as-left-out": Example(
        '"authorization_servers": [four issuers]', '"authorization_servers": [three issuers]'
    ),
    "as-unusable": Example(
        '"authorization_servers": ["https://gone.example.net"]\n'
        "$ curl https://gone.example.net\ncurl: (6) Could not resolve host: gone.example.net",
        f'"authorization_servers": ["{_ORIGIN}"]',
    ),
    "as-issuer-unpinned": Example(
        "MCP_ISSUER is not set, and mcp_keys list has an active key.", f'MCP_ISSUER = "{_ORIGIN}"'
    ),
    "as-metadata-documents-keys": Example(
        '"client_id_metadata_document_supported": true, '
        '"token_endpoint_auth_methods_supported": ["private_key_jwt"]',
        '"client_id_metadata_document_supported": true, '
        '"token_endpoint_auth_methods_supported": ["none", "private_key_jwt"]',
    ),
    "as-registration-alone": Example(
        f'{{"registration_endpoint": "{_ORIGIN}/o/register/", …}}',
        '{"client_id_metadata_document_supported": true, '
        f'"registration_endpoint": "{_ORIGIN}/o/register/", …}}',
    ),
    "as-iss-not-announced": Example(
        "(no authorization_response_iss_parameter_supported)",
        '"authorization_response_iss_parameter_supported": true',
    ),
}
