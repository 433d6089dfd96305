"""Examples for the MCP endpoint and its challenge, and for the OAuth endpoints."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.examples.example import Example

_POST = "POST https://app.example.com/mcp\n"
_RIGHT = f"{_POST}HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer resource_metadata=…"
_METADATA = (
    "WWW-Authenticate: Bearer resource_metadata="
    '"https://app.example.com/.well-known/oauth-protected-resource/mcp"'
)
_TOKEN = "https://app.example.com/o/token/"  # noqa: S105 - the URL of the token endpoint


def _answer(status: str, more: str = "") -> Example:
    return Example(f"{_POST}HTTP/1.1 {status}{more}", _RIGHT)


def _challenge(value: str) -> Example:
    return Example(f"WWW-Authenticate: {value}", _METADATA)


ENDPOINT = {
    "endpoint-not-found": _answer("404 Not Found"),
    "endpoint-not-routed": Example(
        "https://app.example.com/mcp is in MCP_RESOURCES, but not in the URLconf.",
        'path("mcp", mcp_view)',
    ),
    "endpoint-open": _answer("200 OK"),
    "endpoint-parses-first": _answer("400 Bad Request"),
    "endpoint-forbidden": _answer("403 Forbidden"),
    "endpoint-csrf": _answer("403 Forbidden", "\n\nCSRF verification failed. Request aborted."),
    "endpoint-method": _answer("405 Method Not Allowed", "\nAllow: GET"),
    "endpoint-html": _answer("200 OK", "\nContent-Type: text/html"),
    "endpoint-get": Example(
        "GET https://app.example.com/mcp\nHTTP/1.1 500 Internal Server Error",
        "GET https://app.example.com/mcp\nHTTP/1.1 401 Unauthorized",
    ),
    "endpoint-elsewhere": Example(
        "mcp_discovery check https://app.example.com/mpc",
        "mcp_discovery check https://app.example.com/mcp",
    ),
    "endpoint-other": Example(
        'You check https://app.example.com/api.\n"resource": "https://app.example.com/mcp"',
        "mcp_discovery check https://app.example.com/mcp",
    ),
}

CHALLENGE = {
    "challenge-missing": Example("HTTP/1.1 401 Unauthorized", _METADATA),
    "challenge-malformed": _challenge("Bearer resource_metadata=https://app.example.com/metadata"),
    "challenge-not-bearer": _challenge('Basic realm="api"'),
    "challenge-not-first": _challenge('Basic realm="api", Bearer resource_metadata=…'),
    "challenge-several": _challenge('Bearer realm="proxy", Bearer resource_metadata=…'),
    "challenge-no-metadata": _challenge('Bearer realm="api"'),
    "challenge-metadata-invalid": _challenge(
        'Bearer resource_metadata="/.well-known/oauth-protected-resource/mcp"'
    ),
    "challenge-metadata-http": _challenge(
        'Bearer resource_metadata="http://app.example.com/.well-known/oauth-protected-resource/mcp"'
    ),
    "challenge-metadata-offsite": _challenge(
        "Bearer resource_metadata="
        '"https://backend.example.net/.well-known/oauth-protected-resource/mcp"'
    ),
    "challenge-error": _challenge('Bearer error="invalid_token", resource_metadata=…'),
    "challenge-scope": Example('scope="mcp, files"', 'scope="mcp files"'),
    "challenge-differs": Example(
        'POST: Bearer resource_metadata=…, scope="mcp"\nGET: Bearer realm="api"',
        'POST and GET: Bearer resource_metadata=…, scope="mcp"',
    ),
    "challenge-dpop-alone": Example(
        'WWW-Authenticate: DPoP algs="ES256", resource_metadata=…',
        'WWW-Authenticate: Bearer resource_metadata=…, DPoP algs="ES256", resource_metadata=…',
    ),
    "challenge-dpop-required": Example(
        '"dpop_bound_access_tokens_required": true\nWWW-Authenticate: Bearer resource_metadata=…',
        '"dpop_bound_access_tokens_required": true\n'
        'WWW-Authenticate: DPoP algs="ES256", resource_metadata=…',
    ),
    "challenge-dpop-unsupported": Example(
        'Challenge: DPoP algs="ES256"\n(no dpop_signing_alg_values_supported at the server)',
        'Challenge: DPoP algs="ES256"\nThe server: "dpop_signing_alg_values_supported": ["ES256"]',
    ),
    "challenge-dpop-differs": Example(
        'Challenge: DPoP algs="ES256"\n"dpop_signing_alg_values_supported": ["RS256"]',
        'Challenge: DPoP algs="ES256"\n"dpop_signing_alg_values_supported": ["ES256"]',
    ),
    "challenge-dpop-algorithm": Example('DPoP algs="HS256"', 'DPoP algs="ES256"'),
    "challenge-scope-missing": Example(
        "WWW-Authenticate: Bearer resource_metadata=…",
        'WWW-Authenticate: Bearer resource_metadata=…, scope="mcp"',
    ),
    "challenge-offline-access": Example('scope="mcp offline_access"', 'scope="mcp"'),
    "challenge-scope-not-offered": Example(
        'Challenge: scope="files"\nThe server: "scopes_supported": ["mcp"]',
        'Challenge: scope="files"\nThe server: "scopes_supported": ["mcp", "files"]',
    ),
}

OAUTH_ENDPOINTS = {
    "oauth-endpoint-not-found": Example(
        f"GET {_TOKEN}\nHTTP/1.1 404 Not Found", f"GET {_TOKEN}\nHTTP/1.1 405 Method Not Allowed"
    ),
    "oauth-endpoint-unseen": Example(
        f"GET {_TOKEN}\nHTTP/1.1 404 Not Found\nOPTIONS {_TOKEN}\nHTTP/1.1 200 OK",
        f"GET {_TOKEN}\nHTTP/1.1 405 Method Not Allowed",
    ),
    "oauth-endpoint-html": Example(
        f"GET {_TOKEN}\nHTTP/1.1 200 OK\nContent-Type: text/html",
        f"GET {_TOKEN}\nHTTP/1.1 405 Method Not Allowed",
    ),
    "oauth-endpoint-redirect": Example(
        '"token_endpoint": "https://app.example.com/o/token"\n'
        "HTTP/1.1 301 Moved Permanently\nLocation: /o/token/",
        f'"token_endpoint": "{_TOKEN}"',
    ),
    "oauth-endpoint-error": Example(
        f"GET {_TOKEN}\nHTTP/1.1 500 Internal Server Error",
        f"GET {_TOKEN}\nHTTP/1.1 400 Bad Request",
    ),
    "oauth-endpoint-cors": Example(
        f"OPTIONS {_TOKEN}\nHTTP/1.1 405 Method Not Allowed",
        f"OPTIONS {_TOKEN}\nHTTP/1.1 204 No Content\nAccess-Control-Allow-Origin: *",
    ),
}
