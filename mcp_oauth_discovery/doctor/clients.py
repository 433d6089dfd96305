"""The clients that findings affect, and the source of what is known about each."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _


class Client(str, Enum):
    """An MCP client, by its usual name."""

    CLAUDE = "Claude"
    CHATGPT = "ChatGPT"
    VS_CODE = "VS Code"
    CURSOR = "Cursor"
    PYTHON = "Python SDK"
    TYPESCRIPT = "TypeScript SDK"
    GO = "Go SDK"
    RUST = "Rust SDK"
    INSPECTOR = "Inspector"


EVERY = tuple(Client)

# Clients that run in a browser, where CORS applies.
BROWSERS = (Client.INSPECTOR,)

# The Inspector is the TypeScript SDK in a web page.
TYPESCRIPT_BASED = (Client.TYPESCRIPT, Client.INSPECTOR)

# The clients whose source is open, with the version that was read for the rules here.
READ = {
    Client.VS_CODE: _("its source of 2026"),
    Client.PYTHON: "mcp 2.3.0",
    Client.TYPESCRIPT: "client 2.4.0, sdk 1.32.2",
    Client.GO: _("its source of 2026"),
    Client.RUST: "rmcp 3.1.4",
    Client.INSPECTOR: _("the TypeScript SDK, in a browser"),
}

# The source of these clients is closed. The doctor judges them by the specification; the makers of
# some publish what else they need.
CLOSED = tuple(client for client in Client if client not in READ)


class Published(NamedTuple):
    """The pages in which the maker of a client says what it needs of a server."""

    maker: str
    # The day on which copies of the pages were read. The pages themselves have no date.
    read: str
    pages: tuple[str, ...]


_CLAUDE_PAGES = "https://claude.com/docs/connectors/building"
CLAUDE_AUTHENTICATION = f"{_CLAUDE_PAGES}/authentication"
CLAUDE_SCOPES = f"{_CLAUDE_PAGES}/lazy-authentication"
CLAUDE_CONNECTION = f"{_CLAUDE_PAGES}/troubleshooting"
CHATGPT_AUTHENTICATION = "https://developers.openai.com/plugins/build/auth"

PUBLISHED = {
    Client.CLAUDE: Published(
        "Anthropic",
        "2026-11-29",
        (CLAUDE_AUTHENTICATION, CLAUDE_SCOPES, CLAUDE_CONNECTION),
    ),
    Client.CHATGPT: Published("OpenAI", "2026-11-29", (CHATGPT_AUTHENTICATION,)),
}

# Clients that read a DPoP challenge (RFC 9449 §7.1) as they read a Bearer challenge.
READS_DPOP = TYPESCRIPT_BASED

# Clients that check the types of the members first.
TYPED = (Client.PYTHON, Client.TYPESCRIPT, Client.GO, Client.INSPECTOR)


def source(client: Client) -> str:
    """Return the source of what is known about a client, in words."""
    if client in READ:
        # Most are versions, which no catalogue has.
        return gettext(READ[client])
    if client in PUBLISHED:
        return gettext("what %(maker)s publishes") % {"maker": PUBLISHED[client].maker}
    return gettext("the specification")


def basis(client: Client) -> str:
    """Return the same, and when it was read or why there is no better source."""
    if client in READ:
        return source(client)
    if client in PUBLISHED:
        published = PUBLISHED[client]
        text = gettext("what %(maker)s publishes; read %(date)s")
        return text % {"maker": published.maker, "date": published.read}
    return gettext("the specification; its source is closed")


def named(clients: tuple[Client, ...]) -> str:
    """Return the names of clients, in words."""
    if clients == EVERY:
        return gettext("all clients")
    return ", ".join(client.value for client in clients) or gettext("no client by itself")
