"""Examples for the tokens that the doctor sends."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.examples.example import Example

_POST = "POST https://app.example.com/mcp\n"
_MADE_UP = f"{_POST}Authorization: Bearer made-up\n"
_VALID = f"{_POST}Authorization: Bearer (a valid token for this resource)\n"
_IN_QUERY = "POST https://app.example.com/mcp?access_token=made-up\n"
_OK = "HTTP/1.1 200 OK"
_UNAUTHORIZED = "HTTP/1.1 401 Unauthorized"
_CHALLENGE = f'{_UNAUTHORIZED}\nWWW-Authenticate: Bearer error="invalid_token", resource_metadata=…'
_FORBIDDEN = "HTTP/1.1 403 Forbidden"
_SCOPE = (
    f'{_FORBIDDEN}\nWWW-Authenticate: Bearer error="insufficient_scope", scope="mcp", '
    "resource_metadata=…"
)


def _let_in(token: str) -> Example:
    """Return the example of a token that must be refused."""
    request = f"{_POST}Authorization: Bearer (a token with {token})\n"
    return Example(f"{request}{_OK}", f"{request}{_CHALLENGE}")


def _refusal(answer: str) -> Example:
    """Return the example of a wrong answer to a made-up token."""
    return Example(f"{_MADE_UP}{answer}", f"{_MADE_UP}{_CHALLENGE}")


TOKENS = {
    "token-accepted": _refusal(_OK),
    "token-unsigned-accepted": _let_in('the header {"alg": "none"}'),
    "token-query-accepted": Example(f"{_IN_QUERY}{_OK}", f"{_IN_QUERY}{_UNAUTHORIZED}"),
    "token-query-read": Example(
        f"{_IN_QUERY}{_CHALLENGE}",
        f"{_IN_QUERY}{_UNAUTHORIZED}\nWWW-Authenticate: Bearer resource_metadata=…",
    ),
    "token-server-error": _refusal("HTTP/1.1 500 Internal Server Error"),
    "token-refusal-status": _refusal(_FORBIDDEN),
    "token-refusal-challenge": _refusal(_UNAUTHORIZED),
    "token-refusal-metadata": _refusal(
        f'{_UNAUTHORIZED}\nWWW-Authenticate: Bearer error="invalid_token"'
    ),
    "token-refusal-error": _refusal(
        f'{_UNAUTHORIZED}\nWWW-Authenticate: Bearer error="invalid_request", resource_metadata=…'
    ),
    "token-refusal-bare": _refusal(
        f"{_UNAUTHORIZED}\nWWW-Authenticate: Bearer resource_metadata=…"
    ),
    "token-own-refused": Example(f"{_VALID}{_UNAUTHORIZED}", f"{_VALID}{_OK}"),
    "token-own-doubted": Example(f"{_VALID}{_FORBIDDEN}", f"{_VALID}{_OK}"),
    "token-audience-unchecked": _let_in('"aud": "https://app.example.com/other"'),
    "token-expiry-unchecked": _let_in("an exp of last month"),
    "token-type-unchecked": _let_in('the header {"typ": "JWT"}'),
    "token-scope-unchecked": Example(
        f"{_POST}Authorization: Bearer (a token without scope)\n{_OK}",
        f"{_POST}Authorization: Bearer (a token without scope)\n{_SCOPE}",
    ),
    "token-scope-refusal": Example(_UNAUTHORIZED, _SCOPE),
    "token-scope-unnamed": Example(
        f'{_FORBIDDEN}\nWWW-Authenticate: Bearer error="insufficient_scope"', _SCOPE
    ),
    "token-let-in": Example(
        "mcp_discovery check https://app.example.com/mcp --token-file token.txt", f"{_VALID}{_OK}"
    ),
    "token-refused": Example(
        '"aud": "https://app.example.com/mcp/"', '"aud": "https://app.example.com/mcp"'
    ),
    "token-unsent": Example(
        "mcp_discovery check http://app.example.com/mcp --token-file token.txt",
        "mcp_discovery check https://app.example.com/mcp --token-file token.txt",
    ),
}
