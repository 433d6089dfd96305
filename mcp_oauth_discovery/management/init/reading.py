"""Reads what a project has: its settings, its URLconf, its packages and its database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec

from django.apps import apps
from django.core.checks import CheckMessage
from django.core.checks.urls import check_url_namespaces_unique
from django.db import router
from django.http.request import split_domain_port, validate_host
from django.urls import NoReverseMatch

from mcp_oauth_discovery.checks import ERRORS, RULES, check_settings
from mcp_oauth_discovery.checks.guards import guards
from mcp_oauth_discovery.checks.middleware import DISCOVERY
from mcp_oauth_discovery.checks.routes import (
    example_site,
    match_at,
    path_below,
    places_in_middleware,
    routes,
    view_at,
)
from mcp_oauth_discovery.checks.site import is_pinned, local_resources
from mcp_oauth_discovery.conf import (
    allowed_hosts,
    conf,
    fixed_script_prefix,
    project_setting,
    root_urlconf,
)
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.management.init.database import Database, database
from mcp_oauth_discovery.management.init.endpoints import find_endpoint, mcp_package
from mcp_oauth_discovery.management.init.files import base_settings_file, settings_file, urls_file
from mcp_oauth_discovery.management.init.project import (
    Files,
    Middleware,
    Server,
    Setup,
)
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.standards.identifiers import is_loopback, split

# The path to suggest, as in the documentation.
_PATH = "/mcp"
_LOCAL = "http://127.0.0.1:8000"
_EXAMPLE = "https://app.example.com"
# As Django does while DEBUG is True and ALLOWED_HOSTS is empty.
_DEBUG_HOSTS = [".localhost", "127.0.0.1", "[::1]"]
# The checks about the URLs of the documents. They have a step of their own.
_URL_CHECKS = ("W001", "W005", "W006", "W007")
# The error about the endpoints of the authorization server.
_NAMES = ERRORS["MCP_AUTHORIZATION_SERVER_METADATA"]
# Settings without which django-allauth issues no tokens for MCP clients.
_OF_ALLAUTH = "IDP_OIDC_PRIVATE_KEY", "IDP_OIDC_ADAPTER"
# What each server has in the URLconf. The metadata of the preset names these patterns.
_PATTERNS = {
    Server.TOOLKIT: [
        f"oauth2_provider:{name}" for name in ("authorize", "token", "dcr-register", "revoke-token")
    ],
    Server.ALLAUTH: ["idp:oidc:authorization", "idp:oidc:token", "idp:oidc:jwks"],
}


def faults() -> list[CheckMessage]:
    """Return the wrong settings; without them, everything else here can be read."""
    messages = [message for message in check_settings() if not message.is_silenced()]
    # Names of patterns cannot be resolved before there are URLs, which are a step of their own.
    if all(str(message.id).endswith(_NAMES) for message in messages) and not _has_patterns(
        _server()
    ):
        return []
    return messages


def remaining(setup: Setup) -> Iterator[CheckMessage]:
    """Yield what the system checks say about a project that has everything."""
    # A site that signs nothing may have no database.
    has_database = setup.server is not Server.OUTSIDE
    databases = [router.db_for_read(SigningKey)] if has_database else []
    for rule in RULES.values():
        if not rule.deploy:
            messages = rule.check(app_configs=None, databases=databases)
            yield from (message for message in messages if not message.is_silenced())


def setup() -> Setup:
    """Return what this project has; the settings must have no `faults`."""
    site, server = example_site(), _server()
    issuer = site.issuer if is_pinned() else _suggested_issuer()
    route = _route(site)
    found = find_endpoint(route)
    stored = Database(True, True) if server is Server.OUTSIDE else database()
    provider: object = project_setting("OAUTH2_PROVIDER", None)
    generates = isinstance(provider, Mapping) and "ACCESS_TOKEN_GENERATOR" in provider
    return Setup(
        Files(settings_file(), urls_file(), found.file, base_settings_file()),
        server,
        is_server_chosen=_chosen_server() is not None,
        providers=tuple(conf.MCP_AUTHORIZATION_SERVERS or ()),
        has_package=_has_package(server),
        has_apps=apps.is_installed("oauth2_provider"),
        middleware=_middleware(),
        issuer=issuer,
        has_issuer=conf.MCP_ISSUER is not None or isinstance(conf.MCP_RESOURCE, str),
        refused_hosts=tuple(_refused_hosts(site, issuer)),
        has_resources=conf.MCP_RESOURCE is not None or bool(conf.MCP_RESOURCES),
        path=f"{fixed_script_prefix()[:-1]}{route}",
        route=route[1:],
        scopes=_scopes(site),
        has_provider_settings=generates,
        extends_provider_settings=bool(provider) and not generates,
        unset=tuple(name for name in _OF_ALLAUTH if not project_setting(name, "")),
        has_metadata=bool(conf.MCP_AUTHORIZATION_SERVER_METADATA),
        url_problems=tuple(_url_problems()),
        has_oauth_urls=_has_patterns(server),
        has_views_of_the_toolkit=_has_views_of_the_toolkit(server),
        has_hidden_names=_has_hidden_names(),
        has_account_urls=_has_names(["account_login"]),
        endpoint=found.endpoint,
        view=found.view,
        mcp_package=mcp_package(),
        database_problem=stored.problem,
        has_migrated=stored.has_migrated,
        has_keys=stored.has_keys,
    )


def _chosen_server() -> Server | None:
    """Return the authorization server that the settings choose, or None."""
    if conf.MCP_AUTHORIZATION_SERVERS and not example_site().is_authorization_server:
        return Server.OUTSIDE
    if apps.is_installed("allauth.idp.oidc"):
        return Server.ALLAUTH
    if apps.is_installed("oauth2_provider"):
        return Server.TOOLKIT
    return Server.OWN if conf.MCP_AUTHORIZATION_SERVER_METADATA else None


def _server() -> Server:
    return _chosen_server() or Server.TOOLKIT


def _has_package(server: Server) -> bool:
    needed = {Server.TOOLKIT: "oauth2_provider", Server.OUTSIDE: "urllib3"}.get(server)
    return needed is None or find_spec(needed) is not None


def _has_patterns(server: Server) -> bool:
    return _has_names(_PATTERNS.get(server, []))


def _has_names(names: Iterable[str]) -> bool:
    site = Site(None, urlconf=root_urlconf())
    try:
        for name in names:
            site.url_for(name)
    except NoReverseMatch:
        return False
    return True


def _has_views_of_the_toolkit(server: Server) -> bool:
    """Return whether the token endpoint is the view of django-oauth-toolkit itself."""
    if server is not Server.TOOLKIT or not _has_patterns(server):
        return False
    site = Site(None, urlconf=root_urlconf())
    match = match_at(path_below(site.origin, site.url_for("oauth2_provider:token")) or "")
    view_class = getattr(match and match.func, "view_class", None)
    return str(getattr(view_class, "__module__", "")).startswith("oauth2_provider.")


def _has_hidden_names() -> bool:
    messages = check_url_namespaces_unique(None)
    return any("'oauth2_provider'" in message.msg for message in messages)


def _middleware() -> Middleware:
    places = places_in_middleware(DISCOVERY)
    if not places:
        return Middleware.MISSING
    installed: list[str] = list(project_setting("MIDDLEWARE", []))
    # Others, such as that of django-hosts, may have to be before it.
    before = installed[: places[0]]
    is_late = any(name.startswith(("django.", "corsheaders.")) for name in before)
    return Middleware.LATE if is_late else Middleware.FIRST


def _suggested_issuer() -> str:
    """Return the URL of this site, as far as ALLOWED_HOSTS and DEBUG say."""
    is_debug: bool = project_setting("DEBUG", False)
    names = [name.removeprefix(".") for name in allowed_hosts() if name != "*"]
    public = [name for name in names if not is_loopback(name)]
    if len(public) == 1 or (public and not is_debug):
        return f"https://{public[0]}"
    return _LOCAL if is_debug or names else _EXAMPLE


def _refused_hosts(site: Site, issuer: str) -> Iterator[str]:
    """Yield the hosts of identifiers that Django would refuse."""
    allowed = allowed_hosts()
    if project_setting("DEBUG", False) and not allowed:
        allowed = _DEBUG_HOSTS
    if callable(conf.MCP_ISSUER):
        # Only requests have these identifiers.
        return
    known = [resource.identifier for resource in site.resources] if is_pinned() else []
    urls = [issuer, *known]
    hosts = (split_domain_port(split(url).origin.partition("://")[2])[0] for url in urls)
    for host in dict.fromkeys(hosts):
        if not validate_host(host, allowed):
            yield host


def _route(site: Site) -> str:
    """Return the path of the MCP endpoint below the prefix: that in the settings, or of a view."""
    if conf.MCP_RESOURCE is not None or conf.MCP_RESOURCES:
        return next((local.path for local in local_resources(site)), _PATH)
    protected = (route.path for route in routes() if guards(route.view))
    # Clients follow no redirect, so a final slash in the route is part of the path.
    with_slash = _PATH if view_at(_PATH) or not view_at(f"{_PATH}/") else f"{_PATH}/"
    return next((path for path in protected if path), with_slash)


def _scopes(site: Site) -> tuple[str, ...]:
    for resource in site.resources:
        if scopes := resource.members.get("scopes_supported"):
            return tuple(scopes)
    return ("mcp",)


def _url_problems() -> Iterator[str]:
    for number in _URL_CHECKS:
        for message in RULES[number].check(app_configs=None):
            if not message.is_silenced():
                yield f"{message.msg} {message.hint or ''}"
