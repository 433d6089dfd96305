"""Examples for what web pages, caches and proxies see, and for requests in a row."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.examples.example import Example

_ORIGIN = "https://app.example.com"
_PRM = f"{_ORIGIN}/.well-known/oauth-protected-resource/mcp"
_ALLOW = "Access-Control-Allow-Origin"
_ALLOWED = f"{_ALLOW}: *"
_PAGE = "Origin: http://localhost:6274"
_METADATA = f"GET {_PRM}\nHTTP/1.1 200 OK"
_NOWHERE = f"GET {_ORIGIN}/.well-known/oauth-protected-resource/nowhere\nHTTP/1.1"
_TEN_TIMES = f"GET {_PRM} (ten times)\n"
_MCP_OPTIONS = f"OPTIONS {_ORIGIN}/mcp\nHTTP/1.1"

CORS = {
    "cors-document": Example(f"{_METADATA}\n(no {_ALLOW})", f"{_METADATA}\n{_ALLOWED}"),
    "cors-document-preflight": Example(
        f"OPTIONS {_PRM}\nHTTP/1.1 405 Method Not Allowed",
        f"OPTIONS {_PRM}\nHTTP/1.1 204 No Content\n{_ALLOWED}\n"
        "Access-Control-Allow-Headers: mcp-protocol-version",
    ),
    "cors-endpoint": Example(
        f"HTTP/1.1 401 Unauthorized\n(no {_ALLOW})",
        f"HTTP/1.1 401 Unauthorized\n{_ALLOWED}",
    ),
    "cors-endpoint-closed": Example(
        f"{_PAGE}\nHTTP/1.1 403 Forbidden", f"{_PAGE}\nHTTP/1.1 401 Unauthorized\n{_ALLOWED}"
    ),
    "cors-endpoint-preflight": Example(
        f"{_MCP_OPTIONS} 401 Unauthorized", f"{_MCP_OPTIONS} 204 No Content\n{_ALLOWED}"
    ),
    "cors-endpoint-headers": Example(
        "Access-Control-Allow-Headers: content-type",
        "Access-Control-Allow-Headers: authorization, content-type, mcp-protocol-version, …",
    ),
    "cors-endpoint-methods": Example(
        "Access-Control-Allow-Methods: GET, POST", "Access-Control-Allow-Methods: GET, POST, DELETE"
    ),
    "cors-exposed": Example(
        f"HTTP/1.1 401 Unauthorized\n{_ALLOWED}",
        f"HTTP/1.1 401 Unauthorized\n{_ALLOWED}\nAccess-Control-Expose-Headers: WWW-Authenticate",
    ),
    "cors-credentials": Example(
        "Access-Control-Allow-Origin: https://any.example\nAccess-Control-Allow-Credentials: true",
        _ALLOWED,
    ),
}

CACHING = {
    "cache-missing": Example(
        f"{_METADATA}\n(no Cache-Control)", f"{_METADATA}\nCache-Control: max-age=300"
    ),
    "cache-long": Example("Cache-Control: max-age=31536000", "Cache-Control: max-age=300"),
    "cache-stale": Example(
        "Cache-Control: max-age=300\nAge: 86400", "Cache-Control: max-age=300\nAge: 120"
    ),
    "cache-vary": Example("Vary: Cookie", "Vary: Origin"),
    "head-differs": Example(
        f"HEAD {_PRM}\nHTTP/1.1 405 Method Not Allowed", f"HEAD {_PRM}\nHTTP/1.1 200 OK"
    ),
}

HOSTS = {
    "host-reflected": Example(
        'Host: evil.example\nHTTP/1.1 200 OK\n\n{"resource": "https://evil.example/mcp"}',
        "Host: evil.example\nHTTP/1.1 400 Bad Request",
    ),
    "host-reflected-cached": Example(
        "Host: evil.example\nHTTP/1.1 200 OK\nCache-Control: public, max-age=300\n\n"
        '{"resource": "https://evil.example/mcp"}',
        "Host: evil.example\nHTTP/1.1 400 Bad Request",
    ),
    "forwarded-reflected": Example(
        'X-Forwarded-Host: evil.example\n\n{"resource": "https://evil.example/mcp"}',
        'X-Forwarded-Host: evil.example\n\n{"resource": "https://app.example.com/mcp"}',
    ),
}

SUFFIXES = {
    "suffix-echoed": Example(
        f'{_NOWHERE} 200 OK\n\n{{"resource": "{_ORIGIN}/nowhere"}}', f"{_NOWHERE} 404 Not Found"
    ),
    "suffix-html": Example(
        f"{_NOWHERE} 200 OK\nContent-Type: text/html", f"{_NOWHERE} 404 Not Found"
    ),
    "suffix-answered": Example(
        f'{_NOWHERE} 200 OK\n\n{{"resource": "{_ORIGIN}/mcp"}}', f"{_NOWHERE} 404 Not Found"
    ),
}

LOAD = {
    "agent-dependent": Example(
        "User-Agent: node\nHTTP/1.1 403 Forbidden", "User-Agent: node\nHTTP/1.1 200 OK"
    ),
    "burst-limited": Example(
        f"{_TEN_TIMES}429 Too Many Requests from the sixth", f"{_TEN_TIMES}200 OK each time"
    ),
    "burst-fails": Example(
        f"{_TEN_TIMES}502 Bad Gateway from the third", f"{_TEN_TIMES}200 OK each time"
    ),
    "burst-differs": Example(
        f"{_TEN_TIMES}The keys a, b, or only the key a", f"{_TEN_TIMES}The same document each time"
    ),
}

CHECK = {
    "check-failed": Example(
        "the rules of cors: KeyError: 'origin'", "(no exception, whatever a site sends)"
    ),
}
