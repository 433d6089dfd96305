"""The clients that findings and verdicts are about, and how well their rules are known."""

from __future__ import annotations

from enum import Enum


class Client(str, Enum):
    """An MCP client, by the name that people know it by."""

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

# Those that may run in a browser, where CORS decides what they see. The Inspector is the
# TypeScript SDK in a page.
BROWSERS = (Client.INSPECTOR,)

# The Inspector runs the code of this SDK.
TYPESCRIPT_BASED = (Client.TYPESCRIPT, Client.INSPECTOR)

# Those whose source was read for the rules here, and the version that it was.
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

# These check the form of the members that they know before anything else.
TYPED = (Client.PYTHON, Client.TYPESCRIPT, Client.GO, Client.INSPECTOR)


def named(clients: tuple[Client, ...]) -> str:
    """Return the names of clients as a sentence has them."""
    if clients == EVERY:
        return "all clients"
    return ", ".join(client.value for client in clients) or "no client by itself"
