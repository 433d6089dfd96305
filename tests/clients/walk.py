"""Let the Python SDK sign in to one MCP server, take some steps there, and print what happens.

    python walk.py RESOURCE STEP...

A step is `list`, `call:TOOL` or `call:TOOL:ARGUMENTS`, with arguments as JSON, or `expire`, in
which the access token has had its time. It runs in an environment that has the SDK and nothing of
ours. It knows no URL but that of the resource and, if CLIENT_METADATA_URL is in its environment,
that of the client's own metadata. If OVERLOOK_ERRORS is there, it hands an answer without a code to
the SDK, and does not look why there is none.

Each line of output is an event: `open` a URL in the user's browser, `pause` until a line comes in,
and at last `end`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
from importlib.metadata import version
from urllib.parse import parse_qsl, urlsplit

from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

try:
    import httpx2 as httpx  # what mcp 2 speaks HTTP with
    from mcp import Client
    from mcp.shared.auth import AuthorizationCodeResult
except ImportError:
    import httpx
    from mcp import ClientSession

    AuthorizationCodeResult = Client = None

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nBack at the client."
)


def tell(event, **members):
    sys.stdout.write(json.dumps({"event": event, **members}) + "\n")
    sys.stdout.flush()


class Memory:
    """A client that has never been here before, and remembers until it ends."""

    def __init__(self):
        self.tokens = self.client_info = None

    async def get_tokens(self):
        return self.tokens

    async def get_client_info(self):
        return self.client_info

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def set_client_info(self, client_info):
        self.client_info = client_info


class Recorder(httpx.AsyncHTTPTransport):
    """The network, and a note of each request in the words `METHOD path [message] status`.

    The messages are those that have to do with tools. `notes` may be those of several recorders.
    """

    def __init__(self, notes=None):
        super().__init__()
        self.notes = [] if notes is None else notes

    async def handle_async_request(self, request):
        response = await super().handle_async_request(request)
        message = re.findall(r'"method": ?"(tools/\w+)"', (await request.aread()).decode())
        words = [request.method, request.url.path, *message, str(response.status_code)]
        self.notes.append(" ".join(words))
        return response


class Callback:
    """The listener on this machine at which the browser arrives with the answer of the user."""

    def __init__(self, notes):
        self.notes = notes
        self.answers = asyncio.Queue()

    async def listen(self):
        server = await asyncio.start_server(self.arrive, "127.0.0.1", 0)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/callback"

    async def arrive(self, reader, writer):
        target = urlsplit((await reader.readline()).split()[1].decode())
        while (await reader.readline()).strip():
            pass
        writer.write(ANSWER)
        writer.close()
        if target.path == "/callback":
            await self.answers.put(dict(parse_qsl(target.query)))

    async def open(self, url):
        self.notes.append(f"browser {urlsplit(url).path}")
        tell("open", url=url)

    async def answer(self):
        answer = await self.answers.get()
        # The SDK has no room for an error, so that its own example raises one here.
        if "code" not in answer and "OVERLOOK_ERRORS" not in os.environ:
            raise RuntimeError(f"OAuth error: {answer.get('error')}")
        code, state, iss = answer.get("code", ""), answer.get("state"), answer.get("iss")
        if AuthorizationCodeResult is None:
            return code, state
        return AuthorizationCodeResult(code=code, state=state, iss=iss)


@contextlib.asynccontextmanager
async def connected(resource, http):
    """Connect as the documentation of each major version has it."""
    if Client is not None:
        async with Client(streamable_http_client(resource, http_client=http)) as client:
            yield client
        return
    async with (
        streamable_http_client(resource, http_client=http) as (reader, writer, _),
        ClientSession(reader, writer) as session,
    ):
        await session.initialize()
        yield session


def split(step):
    """Return the parts of a step: its name, a tool, and the arguments of the tool."""
    name, tool, given = [*step.split(":", 2), "", ""][:3]
    return name, tool, json.loads(given or "{}")


async def take(step, client, provider):
    name, tool, given = split(step)
    if name == "list":
        return [tool.name for tool in (await client.list_tools()).tools]
    if name == "call":
        result = (await client.call_tool(tool, given)).model_dump(mode="json", by_alias=True)
        return result["structuredContent"]
    tell("pause", client_id=provider.context.client_info.client_id)
    await asyncio.to_thread(sys.stdin.readline)
    # This SDK refreshes by its own clock, and not when a server refuses the token.
    provider.context.token_expiry_time = 1
    return None


def scope_of(provider):
    """Return the scope of the last token, as the site has said it."""
    tokens = provider.context.current_tokens
    return sorted(tokens.scope.split()) if tokens else []


def cause(error):
    """Return what a client says when it gives up, without the task groups around it."""
    while exceptions := getattr(error, "exceptions", ()):
        error = exceptions[0]
    return {"name": type(error).__name__, "message": str(error)}


async def walk(resource, steps):
    recorder = Recorder()
    callback = Callback(recorder.notes)
    metadata = OAuthClientMetadata(
        redirect_uris=[await callback.listen()], client_name=f"Python SDK {version('mcp')}"
    )
    provider = OAuthClientProvider(
        resource,
        metadata,
        Memory(),
        callback.open,
        callback.answer,
        client_metadata_url=os.environ.get("CLIENT_METADATA_URL"),
    )
    results, error = [], None
    try:
        async with (
            httpx.AsyncClient(auth=provider, transport=recorder, timeout=30) as http,
            connected(resource, http) as client,
        ):
            for step in steps:
                results += [await take(step, client, provider)]
    except Exception as caught:  # noqa: BLE001 - whatever it is, the test wants to know
        error = cause(caught)
    tell("end", notes=recorder.notes, results=results, error=error, scope=scope_of(provider))


if __name__ == "__main__":
    asyncio.run(walk(sys.argv[1], sys.argv[2:]))
