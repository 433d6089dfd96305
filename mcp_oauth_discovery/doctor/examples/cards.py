"""Examples for server cards and the catalogue."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.examples.example import Example

_CARD = "https://app.example.com/mcp/server-card"
_TYPE = "Content-Type: application/mcp-server-card+json"
_GET = f"GET {_CARD}\nHTTP/1.1"
_IDENTIFIER = '"identifier": "urn:air:example.com:mcp:people"'
_LISTED = f'"entries": [{{{_IDENTIFIER}, "url": "{_CARD}", …}}]'

SERVER_CARDS = {
    "card-no-answer": Example(f"{_GET} 503 Service Unavailable", f"{_GET} 404 Not Found"),
    "card-unavailable": Example(f"{_GET} 404 Not Found", f"{_GET} 200 OK\n{_TYPE}"),
    "card-too-large": Example(
        f"{_GET} 200 OK\nContent-Length: 900000", f"{_GET} 200 OK\nContent-Length: 900"
    ),
    "card-type": Example(f"{_GET} 200 OK\nContent-Type: text/plain", f"{_GET} 200 OK\n{_TYPE}"),
    "card-type-json": Example(
        f"{_GET} 200 OK\nContent-Type: application/json", f"{_GET} 200 OK\n{_TYPE}"
    ),
    "card-cors": Example(
        f"{_GET} 200 OK\n(no Access-Control-Allow-Origin)",
        f"{_GET} 200 OK\nAccess-Control-Allow-Origin: *",
    ),
    "card-invalid": Example('{"name": "people", …}', '{"name": "com.example/people", …}'),
    "card-endpoint": Example(
        '"remotes": [{"type": "streamable-http", "url": "https://app.example.com/api"}]',
        '"remotes": [{"type": "streamable-http", "url": "https://app.example.com/mcp"}]',
    ),
    "catalog-unreadable": Example('[{"identifier": …}]', '{"specVersion": "1.0", "entries": […]}'),
    "catalog-invalid": Example(f'"entries": [{{{_IDENTIFIER}}}]  # neither url nor data', _LISTED),
    "card-not-listed": Example('"entries": []', _LISTED),
    "card-entry-differs": Example(
        f'Entry: {_IDENTIFIER}\nCard: "name": "com.example/persons"',
        f'Entry: {_IDENTIFIER}\nCard: "name": "com.example/people"',
    ),
    "card-elsewhere": Example(
        '"url": "https://cards.example.net/people.json"', f'"url": "{_CARD}"'
    ),
    "card-not-read": Example(
        "Four cards of other addresses in the catalogue.",
        f"The card of this endpoint at {_CARD}.",
    ),
    "card-hidden": Example('"title": "Peo\\u200bple"', '"title": "People"'),
}
