"""Two MCP servers with the same tools, for tokens that another site issues."""

from __future__ import annotations

import msgspec
from django.conf import settings
from django.urls import include, path
from django_mcpz.server import MCPServer

from mcp_oauth_discovery.protection import BearerProtection, protect, scope_by_tool
from mcp_oauth_discovery.verifiers import RemoteIssuer

SCOPE = scope_by_tool({"write": "profile:write"}, otherwise="mcp")
ISSUER = RemoteIssuer(settings.MCP_AUTHORIZATION_SERVERS[0])


class Subject(msgspec.Struct):
    sub: str


def server(name):
    server = MCPServer(name=name, version="1.0", auth=lambda request: None)

    @server.tool(description="Say whose token it is.", read_only=True)
    def read(request) -> Subject:
        return Subject(request.mcp_claims["sub"])

    @server.tool(description="Say whose token it is that may write.")
    def write(request) -> Subject:
        return Subject(request.mcp_claims["sub"])

    resource, repeat = f"{settings.ORIGIN}/{name}", name.startswith("repeating")
    return protect(server, BearerProtection(resource, SCOPE, ISSUER, repeat_granted=repeat))


urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    *(path(name, server(name)) for name in settings.NAMES),
]
