"""Settings of the example, with a server card for each of its MCP servers."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403

MCP_SERVER_CARDS = {
    "/mcp": {
        "name": "com.example/people",
        "version": "1.0",
        "title": "People",
        "description": "Reads and changes the name of the signed-in user.",
    },
    "/reports/mcp": {
        "name": "com.example/reports",
        "version": "1.0",
        "title": "Reports",
        "description": "Reports about this site.",
    },
}
