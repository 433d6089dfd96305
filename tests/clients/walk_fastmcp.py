"""Let the client of FastMCP sign in to one MCP server, take some steps, and print what happens.

    python walk_fastmcp.py RESOURCE STEP...

It takes the steps of `walk.py`, and prints the same events. FastMCP brings its own listener for the
answer of the user, and its own way to open a browser.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
import warnings
import webbrowser
from importlib.metadata import version
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
from fastmcp import Client
from fastmcp.client.auth import OAuth
from fastmcp.client.transports import StreamableHttpTransport
from walk import Recorder, cause, scope_of, split, take, tell


class Browser(webbrowser.BaseBrowser):
    """The browser of the user, which the test has.

    FastMCP opens it before it listens for the answer, because a person takes longer. The browser of
    a test may not, so it opens only once somebody listens.
    """

    def __init__(self, notes):
        super().__init__()
        self.notes = notes

    def open(self, url, new=0, autoraise=True):
        self.notes.append(f"browser {urlsplit(url).path}")
        # FastMCP begins to listen after this method returns.
        threading.Thread(target=self._open_later, args=(url,)).start()
        return True

    def _open_later(self, url):
        callback = urlsplit(dict(parse_qsl(urlsplit(url).query))["redirect_uri"])
        while not self._is_listening(callback.hostname, callback.port):
            time.sleep(0.05)
        tell("open", url=url)

    def _is_listening(self, *address):
        with socket.socket() as probe:
            return probe.connect_ex(address) == 0


async def step_on(step, client, provider):
    name, tool, given = split(step)
    if name == "list":
        return [tool.name for tool in await client.list_tools()]
    if name == "call":
        return (await client.call_tool(tool, given)).structured_content
    return await take(step, None, provider)


def clients(notes):
    """Return what makes a client for FastMCP, with a note of each of its requests."""

    def factory(**options):
        # FastMCP asks for a second client while the first one reads an answer, and closes it with
        # its connections. So each has a transport of its own, as without the notes.
        return httpx.AsyncClient(transport=Recorder(notes), **options)

    return factory


async def walk(resource, steps):
    notes = []
    webbrowser.register("test", None, Browser(notes), preferred=True)

    # It knows its server only once it has a transport.
    provider = OAuth(
        client_name=f"FastMCP {version('fastmcp')}",
        callback_host="127.0.0.1",
        client_metadata_url=os.environ.get("CLIENT_METADATA_URL"),
    )
    transport = StreamableHttpTransport(
        resource, auth=provider, httpx_client_factory=clients(notes)
    )
    results, error = [], None
    try:
        async with Client(transport) as client:
            for step in steps:
                results += [await step_on(step, client, provider)]
    except Exception as caught:  # noqa: BLE001 - whatever it is, the test wants to know
        error = cause(caught)
    tell("end", notes=notes, results=results, error=error, scope=scope_of(provider))


if __name__ == "__main__":
    # It advises programs to keep tokens for the next time.
    warnings.filterwarnings("ignore", message="Using in-memory token storage")
    asyncio.run(walk(sys.argv[1], sys.argv[2:]))
