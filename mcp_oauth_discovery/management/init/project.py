"""What a project has of the things that discovery needs, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mcp_oauth_discovery.standards.identifiers import split


class Server(Enum):
    """What issues the tokens of a project."""

    TOOLKIT = "django-oauth-toolkit"
    ALLAUTH = "django-allauth"
    OUTSIDE = "outside"
    OWN = "own"


class Endpoint(Enum):
    """What is known about the MCP endpoint."""

    MISSING = "missing"
    # A view without protection, by what has to be written for it.
    FUNCTION = "a function"
    CLASS = "a class"
    REST_FRAMEWORK = "a view of Django REST framework"
    # No code of the project: it is an object, or from a package.
    FOREIGN = "not of the project"
    PROTECTED = "protected"
    # Outside Django's URLconf, where its protection cannot be seen.
    IN_ASGI = "in asgi.py"


class Middleware(Enum):
    """Where `DiscoveryMiddleware` is in MIDDLEWARE."""

    MISSING = "missing"
    LATE = "late"
    FIRST = "first"


@dataclass(frozen=True)
class Files:
    """The files of a project to paste into, as they are printed."""

    settings: str
    urls: str
    view: str = ""
    # The file whose names the settings import, for several environments.
    base_settings: str = ""


@dataclass(frozen=True)
class Setup:
    """What a project has, and what the lines for it contain."""

    files: Files
    server: Server
    # False if nothing names the server: django-oauth-toolkit is then a suggestion.
    is_server_chosen: bool = True
    providers: tuple[str, ...] = ()
    has_package: bool = True
    has_apps: bool = True
    middleware: Middleware = Middleware.FIRST
    # The issuer that is set, or else a suggestion.
    issuer: str = ""
    has_issuer: bool = True
    refused_hosts: tuple[str, ...] = ()
    has_resources: bool = True
    path: str = "/mcp"
    # The same path as a route, without the prefix of FORCE_SCRIPT_NAME.
    route: str = "mcp"
    scopes: tuple[str, ...] = ("mcp",)
    has_provider_settings: bool = True
    extends_provider_settings: bool = False
    # Settings of django-allauth that only the project can choose.
    unset: tuple[str, ...] = ()
    has_metadata: bool = True
    url_problems: tuple[str, ...] = ()
    has_oauth_urls: bool = True
    has_views_of_the_toolkit: bool = False
    # Two includes have the namespace of the toolkit, so one hides names of the other.
    has_hidden_names: bool = False
    has_account_urls: bool = True
    endpoint: Endpoint = Endpoint.PROTECTED
    view: str = ""
    # The name of a package with an MCP server, and the page about it.
    mcp_package: tuple[str, str] | None = None
    database_problem: str = ""
    has_migrated: bool = True
    has_keys: bool = True

    @property
    def url(self) -> str:
        """The URL of the MCP endpoint."""
        return f"{split(self.issuer).origin}{self.path}"

    @property
    def signs(self) -> bool:
        """Whether the tokens are signed with the keys of this app."""
        return self.server in (Server.TOOLKIT, Server.OWN)
