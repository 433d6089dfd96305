"""The clients that findings affect, and the source of what is known about each."""

from __future__ import annotations

from enum import Enum


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
    Client.VS_CODE: "its source of 2026",
    Client.PYTHON: "mcp 2.3.0",
    Client.TYPESCRIPT: "client 2.4.0, sdk 1.32.2",
    Client.GO: "its source of 2026",
    Client.RUST: "rmcp 3.1.4",
    Client.INSPECTOR: "the TypeScript SDK, in a browser",
}

# The source of these clients is closed. The doctor judges them by the specification, and by public
# reports of what they need in a challenge.
CLOSED = tuple(client for client in Client if client not in READ)

# Clients that check the types of the members first.
TYPED = (Client.PYTHON, Client.TYPESCRIPT, Client.GO, Client.INSPECTOR)


def named(clients: tuple[Client, ...]) -> str:
    """Return the names of clients, in words."""
    if clients == EVERY:
        return "all clients"
    return ", ".join(client.value for client in clients) or "no client by itself"
