"""Examples for the groups about the connection, about any answer, and about any document."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.examples.example import Example

_PRM = "https://app.example.com/.well-known/oauth-protected-resource/mcp"
_GET = f"GET {_PRM}\n"
_JSON = "HTTP/1.1 200 OK\nContent-Type: application/json\n"
_DIRECT = f"{_GET}HTTP/1.1 200 OK"


def _redirect(location: str, status: str = "302 Found") -> Example:
    return Example(f"{_GET}HTTP/1.1 {status}\nLocation: {location}", _DIRECT)


REACH = {
    "reach-name": Example(
        "$ dig +short app.example.com\n(no answer)", "$ dig +short app.example.com\n203.0.113.7"
    ),
    "reach-refused": Example(
        "$ curl https://app.example.com/mcp\ncurl: (7) Failed to connect to port 443",
        "$ curl -i https://app.example.com/mcp\nHTTP/2 401",
    ),
    "reach-tls": Example(
        "$ curl https://app.example.com/mcp\ncurl: (60) unable to get local issuer certificate",
        "ssl_certificate fullchain.pem;  # the certificate, then its intermediates",
    ),
    "reach-timeout": Example("No answer after 10 seconds.", "The answer within a second."),
    "reach-broken": Example(
        "HTTP/1.1 200 OK\nContent-Length: 500\n(300 octets, then the connection ends)",
        "HTTP/1.1 200 OK\nContent-Length: 300\n(300 octets)",
    ),
    "reach-plain-http": Example("http://app.example.com/mcp", "https://app.example.com/mcp"),
    "reach-private": Example(
        '"jwks_uri": "https://10.0.0.5/jwks.json"',
        '"jwks_uri": "https://app.example.com/.well-known/jwks.json"',
    ),
    "reach-cut": Example(
        "Each answer takes 4 seconds, so that sixty take 240.",
        "mcp_discovery check https://app.example.com/mcp --budget 300",
    ),
    "reach-no-a-record": Example(
        "app.example.com. 300 IN AAAA 2606:4700:4700::1111  # and no A record",
        "app.example.com. 300 IN A 1.1.1.1",
    ),
    "reach-mixed-addresses": Example(
        "$ dig +short app.example.com\n1.1.1.1\n10.0.0.5",
        "$ dig +short app.example.com\n1.1.1.1",
    ),
}

ANSWERS = {
    "redirect-https": Example(
        f"{_GET}HTTP/1.1 301 Moved Permanently\nLocation: {_PRM}",
        'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")',
    ),
    "redirect-slash": _redirect(f"{_PRM}/", "301 Moved Permanently"),
    "redirect-www": _redirect(_PRM.replace("app.", "www.app."), "301 Moved Permanently"),
    "redirect-language": _redirect("/en/.well-known/oauth-protected-resource/mcp"),
    "redirect-login": _redirect("/accounts/login/?next=/.well-known/oauth-protected-resource/mcp"),
    "redirect-offsite": _redirect("https://login.example.net/"),
    "redirect-other": _redirect("/metadata.json"),
    "redirect-loop": Example(
        "https://app.example.com/mcp: 301 to http://app.example.com/mcp\n"
        "http://app.example.com/mcp: 301 to https://app.example.com/mcp",
        "https://app.example.com/mcp: 401",
    ),
    "answer-firewall": Example(
        f"{_GET}HTTP/1.1 403 Forbidden\nServer: cloudflare\ncf-mitigated: challenge", _DIRECT
    ),
    "answer-server-error": Example(f"{_GET}HTTP/1.1 500 Internal Server Error", _DIRECT),
    "answer-forbidden": Example(f"{_GET}HTTP/1.1 401 Unauthorized", _DIRECT),
    "answer-bad-request": Example(
        f"{_GET}HTTP/1.1 400 Bad Request", 'ALLOWED_HOSTS = ["app.example.com"]'
    ),
    "answer-unexpected": Example(f"{_GET}HTTP/1.1 204 No Content", _DIRECT),
    "answer-too-large": Example(
        f"{_GET}HTTP/1.1 200 OK\nContent-Length: 900000",
        f"{_GET}HTTP/1.1 200 OK\nContent-Length: 900",
    ),
    "answer-slow": Example("The answer after 4 seconds.", "The answer within a second."),
    "answer-encoded": Example(
        "Accept-Encoding: identity\nHTTP/1.1 200 OK\nContent-Encoding: gzip",
        "Accept-Encoding: identity\nHTTP/1.1 200 OK",
    ),
}

DOCUMENTS = {
    "document-html": Example(
        "HTTP/1.1 200 OK\nContent-Type: text/html\n\n<!doctype html>", f'{_JSON}\n{{"resource": …}}'
    ),
    "document-not-json": Example("{'resource': 'https://app.example.com/mcp'}", '{"resource": …}'),
    "document-byte-order-mark": Example('EF BB BF {"resource": …}', '{"resource": …}'),
    "document-not-object": Example('[{"resource": …}]', '{"resource": …}'),
    "document-content-type": Example(
        "HTTP/1.1 200 OK\nContent-Type: application/octet-stream", _JSON.strip()
    ),
    "document-null": Example(
        '{"resource": …, "jwks_uri": null}', '{"resource": …}  # without jwks_uri'
    ),
    "document-empty": Example(
        '{"resource": …, "scopes_supported": []}', '{"resource": …}  # without scopes_supported'
    ),
    "document-duplicate": Example('{"resource": "a", "resource": "b"}', '{"resource": "b"}'),
    "document-cookie": Example(f"{_JSON}Set-Cookie: sessionid=…", _JSON.strip()),
    "document-hidden": Example('"resource_name": "Peo\\u200bple"', '"resource_name": "People"'),
}
