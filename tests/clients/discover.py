"""Let the Python SDK discover one MCP server, and print what it found.

    python discover.py RESOURCE

It runs in an environment that has the SDK and nothing of ours, and it knows no URL but that of
the resource: every request to the network is the idea of `mcp.client.auth`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.metadata import version

from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientMetadata

try:
    import httpx2 as httpx  # what mcp 2 speaks HTTP with
except ImportError:
    import httpx


class Registered(Exception):
    """Discovery is over: the client has found where to register, and has done so."""


class NoStorage:
    """A client that has never been here before, and goes no further than its registration."""

    async def get_tokens(self):
        return None

    async def get_client_info(self):
        return None

    async def set_tokens(self, tokens):
        raise AssertionError("nobody has issued tokens")

    async def set_client_info(self, client_info):
        raise Registered


class Transport(httpx.AsyncHTTPTransport):
    """The network, with an MCP endpoint wherever a deployment says that there is one.

    The example has one at `/mcp`. Elsewhere the answer is that of an MCP server which knows nothing
    of RFC 9728: 401, and not a word more.
    """

    def __init__(self, resource):
        super().__init__()
        self.resource = httpx.URL(resource)
        self.requests = []
        self.documents = {}

    async def handle_async_request(self, request):
        if request.url == self.resource and request.url.path != "/mcp":
            return httpx.Response(401, request=request)
        response = await super().handle_async_request(request)
        self.requests.append([request.method, str(request.url), response.status_code])
        return response

    async def keep(self, response):
        """Keep each document as it came, for the SDK drops what it has no use for."""
        if response.is_success:
            await response.aread()
            self.documents[str(response.url)] = response.json()


async def discover(resource):
    transport = Transport(resource)
    metadata = OAuthClientMetadata(redirect_uris=["http://127.0.0.1/callback"], client_name="Test")
    provider = OAuthClientProvider(resource, metadata, NoStorage())
    hooks = {"response": [transport.keep]}
    async with httpx.AsyncClient(auth=provider, transport=transport, event_hooks=hooks) as client:
        try:
            await client.post(resource, json={"jsonrpc": "2.0", "method": "ping", "id": 1})
        except Registered:
            return describe(provider.context, transport)
    raise AssertionError("the client did not come to register itself")


def describe(context, transport):
    return {
        "client": f"mcp {version('mcp')}",
        "resource": str(context.protected_resource_metadata.resource),
        "resource_parameter": context.get_resource_url(),
        "authorization_server": context.auth_server_url,
        "metadata": context.oauth_metadata.model_dump(mode="json", exclude_none=True),
        "documents": transport.documents,
        "requests": transport.requests,
    }


if __name__ == "__main__":
    json.dump(asyncio.run(discover(sys.argv[1])), sys.stdout)
