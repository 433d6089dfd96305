"""The request headers of the doctor: who asks, and for what."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.transport.messages import Headers

PROTOCOL_VERSION = "2026-07-28"
NAMED = ("User-Agent", "mcp-discovery-check")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0"
# ChatGPT fetches links and documents under this name; its connector is openai-mcp.
CHATGPT = (
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; "
    "+https://openai.com/bot"
)
# The user agents of libraries, servers and browsers; a firewall may refuse one of them.
AGENTS = {
    "python-httpx/0.28.1": Client.PYTHON,
    "node": Client.TYPESCRIPT,
    "Go-http-client/1.1": Client.GO,
    "Claude-User/1.0": Client.CLAUDE,
    CHATGPT: Client.CHATGPT,
    "openai-mcp/1.0.0": Client.CHATGPT,
    "Cursor/1.0": Client.CURSOR,
    BROWSER: Client.INSPECTOR,
    # The HTTP library of the Rust SDK does not name itself.
    "": Client.RUST,
}

ENDPOINT: Headers = (
    ("Accept", "application/json, text/event-stream"),
    ("Content-Type", "application/json"),
    ("MCP-Protocol-Version", PROTOCOL_VERSION),
    NAMED,
)
DOCUMENT: Headers = (
    ("Accept", "application/json"),
    ("MCP-Protocol-Version", PROTOCOL_VERSION),
    NAMED,
)
PLAIN: Headers = (("Accept", "application/json"), NAMED)
ANYTHING: Headers = (("Accept", "*/*"), NAMED)

# The headers that a page adds to the request for a document.
OF_DOCUMENTS = ("mcp-protocol-version",)


def accepting(media_type: str) -> Headers:
    """Return the headers of a request for a document of one media type."""
    return (("Accept", media_type), NAMED)


def with_agent(agent: str, headers: Headers) -> Headers:
    """Return headers with another user agent; "" is for none."""
    rest = [header for header in headers if header != NAMED]
    return [*rest, ("User-Agent", agent)] if agent else rest


def from_page(origin: str, headers: Headers) -> Headers:
    """Return headers as a browser sends them for a page of an origin."""
    return [*with_agent(BROWSER, headers), ("Origin", origin)]


def preflight(page: str, method: str, *names: str) -> Headers:
    """Return the headers of a preflight, which a browser sends before the request of a page."""
    return (
        ("Origin", page),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", ",".join(sorted(names))),
        ("User-Agent", BROWSER),
    )
