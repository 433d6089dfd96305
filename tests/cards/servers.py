"""Server objects of each kind, which the tests name by their dotted paths."""

from __future__ import annotations

from functools import wraps

from django.views.decorators.cache import never_cache
from django_mcpz.server import Icon as SiteIcon
from django_mcpz.server import MCPServer as DjangoServer
from django_mcpz.server import public
from mcp.server import MCPServer
from mcp.server.lowlevel import Server
from mcp.types import Icon

from mcp_oauth_discovery.protection import BearerProtection, protect
from tests import ORIGIN

FULL = {
    "name": "com.example/people",
    "version": "2.1",
    "title": "People",
    "description": "Finds people.",
    "website_url": f"{ORIGIN}/people",
}
ICON = {"src": f"{ORIGIN}/people.png", "mimeType": "image/png", "sizes": ["48x48"], "theme": "dark"}
SDK_ICON = Icon(src=ICON["src"], mime_type="image/png", sizes=["48x48"], theme="dark")

mcpz = DjangoServer(**FULL, icons=[ICON], auth=public)
sdk = MCPServer(**FULL, icons=[SDK_ICON])
low_level = Server(**FULL, icons=[SDK_ICON])
bare_mcpz = DjangoServer(name="people", version="", auth=public)
bare_sdk = MCPServer("people", instructions="Ask for the name first.")
unnamed_sdk = MCPServer()
bare_low_level = Server("people", instructions="Ask for the name first.")

at_paths = DjangoServer(
    name="x",
    version="1",
    icons=[SiteIcon(path="/people.svg"), SiteIcon(static="people.png", sizes=("any",))],
    auth=public,
)
lost_icon = DjangoServer(name="x", version="1", icons=[SiteIcon(static="lost.png")], auth=public)

long = MCPServer("people", version="1", description="a" * 101)
icon_of_no_size = DjangoServer(name="x", version="1", icons=[{**ICON, "sizes": "big"}], auth=public)
icons_by_mistake = MCPServer("x", version="1", icons=5)
ranged = DjangoServer(name="x", version="1.x", auth=public)

view = never_cache(protect(mcpz, BearerProtection("/mcp")))
number = 5


@wraps(mcpz, updated=())
def bare_view(request):
    raise NotImplementedError


def page(request):
    raise NotImplementedError


class FastMCP:
    """FastMCP of the SDK, version 1: the server inside has the version, and there is no title."""

    def __init__(self, name, version=None):
        self.name, self.instructions, self.website_url, self.icons = name, None, None, []
        self._mcp_server = Server(name, version=version)


fastmcp_of_the_sdk = FastMCP("FastMCP", "0.3")


class OwnFastMCP:
    """The package FastMCP, which makes up a name, and has its own version without another."""

    __module__ = "fastmcp.server.server"

    def __init__(self, name="FastMCP-0af3", version="4.2.3"):
        self.name, self.version, self.instructions = name, version, "Ask for the name first."
        self.website_url, self.icons = None, []


OwnFastMCP.__name__ = "FastMCP"
bare_fastmcp = OwnFastMCP()
fastmcp = OwnFastMCP("people", "0.3")


class Unready:
    """A server whose version cannot be read yet."""

    icons = instructions = ""

    @property
    def version(self):
        raise RuntimeError("not ready")


unready = Unready()
