"""The lines to paste into a project, by the name of the step that needs them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from mcp_oauth_discovery.management.init.project import Endpoint, Server, Setup

MIDDLEWARE = "mcp_oauth_discovery.middleware.DiscoveryMiddleware"
_PRESET = "mcp_oauth_discovery.contrib.oauth_toolkit"
_PACKAGE = "mcp_oauth_discovery"
# As Black breaks lines.
_WIDTH = 88
_URLS = "from django.urls import include, path"


class Where(Enum):
    """Where lines go."""

    TERMINAL = "terminal"
    SETTINGS = "settings"
    URLS = "urls"
    VIEW = "view"


@dataclass(frozen=True)
class Snippet:
    """Lines for one place: imports, code after them, and entries of `urlpatterns`."""

    where: Where
    imports: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


def pasted(snippets: Sequence[Snippet]) -> list[str]:
    """Return the lines of several snippets for one place."""
    blocks = list(_imports(snippets))
    code = [snippet.code for snippet in snippets if snippet.code]
    if snippets[0].where is Where.URLS:
        blocks += map(list, code)
    else:
        blocks.append([line for lines in code for line in lines])
    if patterns := [entry for snippet in snippets for entry in snippet.patterns]:
        # At the beginning: a route of the project may match every path.
        entries = [f"    {entry}," for entry in (*patterns, "*urlpatterns")]
        blocks.append(["urlpatterns = [", *entries, "]"])
    return list(_joined(blocks))


def _imports(snippets: Iterable[Snippet]) -> Iterator[list[str]]:
    """Yield the imports of Django and of others, and then ours: one line for each module."""
    names: dict[str, dict[str, None]] = defaultdict(dict)
    for line in (line for snippet in snippets for line in snippet.imports):
        module, _, imported = line.removeprefix("from ").partition(" import ")
        names[module].update(dict.fromkeys(imported.split(", ")))
    for is_ours in (False, True):
        modules = sorted(module for module in names if module.startswith(_PACKAGE) is is_ours)
        if modules:
            yield [line for module in modules for line in _import(module, sorted(names[module]))]


def _import(module: str, names: Sequence[str]) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= _WIDTH:
        return [line]
    return [f"from {module} import (", *(f"    {name}," for name in names), ")"]


def _joined(blocks: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of blocks, with empty lines between them as in Python code."""
    previous = ""
    for block in blocks:
        if previous:
            is_definition = block[0].startswith(("@", "class ", "def ")) or previous.startswith(" ")
            yield from ("", "") if is_definition else ("",)
        yield from block
        previous = block[-1]


def package(setup: Setup) -> Snippet:
    """Return the command that installs what the authorization server needs."""
    extras = {Server.TOOLKIT: "oauth-toolkit", Server.OUTSIDE: "verifiers"}
    requirement = f"django-mcp-oauth-discovery[{extras[setup.server]}]"
    return Snippet(Where.TERMINAL, code=(f"python -m pip install '{requirement}'",))


def apps() -> Snippet:
    """Return the line that adds django-oauth-toolkit."""
    return Snippet(Where.SETTINGS, code=('INSTALLED_APPS = [*INSTALLED_APPS, "oauth2_provider"]',))


def first_middleware(*, is_there: bool) -> Snippet:
    """Return the line that puts `DiscoveryMiddleware` first."""
    if not is_there:
        return Snippet(Where.SETTINGS, code=(f'MIDDLEWARE = ["{MIDDLEWARE}", *MIDDLEWARE]',))
    code = (
        f'_first = "{MIDDLEWARE}"',
        "MIDDLEWARE = [_first, *(name for name in MIDDLEWARE if name != _first)]",
    )
    return Snippet(Where.SETTINGS, code=code)


def issuer(setup: Setup) -> Snippet:
    """Return the line that pins the issuer."""
    return Snippet(Where.SETTINGS, code=(f'MCP_ISSUER = "{setup.issuer}"',))


def hosts(setup: Setup) -> Snippet:
    """Return the line that allows the hosts of the documents."""
    names = ", ".join(f'"{name}"' for name in setup.refused_hosts)
    return Snippet(Where.SETTINGS, code=(f"ALLOWED_HOSTS = [*ALLOWED_HOSTS, {names}]",))


def resources(setup: Setup) -> Snippet:
    """Return the line that names the MCP endpoint."""
    entry = f'"{setup.path}": {{"scopes_supported": [{_listed(setup.scopes)}]}}'
    return Snippet(Where.SETTINGS, code=(f"MCP_RESOURCES = {{{entry}}}",))


def provider_settings(setup: Setup) -> Snippet:
    """Return the lines that make django-oauth-toolkit issue JWTs to MCP clients."""
    text = "Use the MCP server of this site on your behalf"
    entries = [f'"{scope}": "{text}",' for scope in setup.scopes]
    arguments: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    if setup.extends_provider_settings:
        # What the project has chosen stays.
        own = ('_own = {name: OAUTH2_PROVIDER[name] for name in {*OAUTH2_PROVIDER} - {"SCOPES"}}',)
        entries.append('**OAUTH2_PROVIDER.get("SCOPES", {}),')
        arguments = ("    **_own,",)
    scopes = ("    scopes={", *(f"        {entry}" for entry in entries), "    },")
    code = (*own, "OAUTH2_PROVIDER = oauth2_provider_settings(", *scopes, *arguments, ")")
    return Snippet(Where.SETTINGS, (f"from {_PRESET} import oauth2_provider_settings",), code)


def metadata(setup: Setup) -> Snippet:
    """Return the lines with the endpoints of the authorization server."""
    name = "MCP_AUTHORIZATION_SERVER_METADATA"
    if setup.server is Server.TOOLKIT:
        return Snippet(
            Where.SETTINGS,
            (f"from {_PRESET} import authorization_server_metadata",),
            (f"{name} = authorization_server_metadata(OAUTH2_PROVIDER)",),
        )
    code = (
        "IDP_OIDC_DCR_ENABLED = True",
        "IDP_OIDC_DCR_REQUIRES_INITIAL_ACCESS_TOKEN = False",
        'MCP_SIGNING_ALGORITHMS = ["RS256"]',
        f"{name} = {{",
        '    "authorization_endpoint": "idp:oidc:authorization",',
        '    "token_endpoint": "idp:oidc:token",',
        '    "registration_endpoint": "idp:oidc:client_registration",',
        '    "revocation_endpoint": "idp:oidc:revoke",',
        '    "jwks_uri": "idp:oidc:jwks",',
        f'    "scopes_supported": ["openid", {_listed(setup.scopes)}],',
        "}",
    )
    return Snippet(Where.SETTINGS, code=code)


def discovery_urls() -> Snippet:
    """Return the entry of the discovery documents."""
    return Snippet(
        Where.URLS, (_URLS,), patterns=('path("", include("mcp_oauth_discovery.urls"))',)
    )


def oauth_urls(setup: Setup) -> Snippet:
    """Return the entry of the authorization server."""
    urls = [f'path("oauth/mcp/", include("{_PRESET}.urls"))']
    if setup.server is Server.ALLAUTH:
        urls = ['path("", include("allauth.idp.urls"))']
        if not setup.has_account_urls:
            urls.append('path("accounts/", include("allauth.urls"))')
    return Snippet(Where.URLS, (_URLS,), patterns=tuple(urls))


def endpoint(setup: Setup) -> Snippet:
    """Return a protected view to begin with, or what protects the view that is there."""
    if setup.endpoint in (Endpoint.REST_FRAMEWORK, Endpoint.FOREIGN):
        return _protection(setup)
    imports, code, arguments = _verifying(setup, "bearer_required")
    protection = f"bearer_required({_protected(setup)}{arguments})"
    decorator = f"@{protection}"
    if setup.endpoint is Endpoint.FUNCTION:
        return Snippet(Where.VIEW, imports, (*code, decorator))
    if setup.endpoint is Endpoint.CLASS:
        imports = ("from django.utils.decorators import method_decorator", *imports)
        entries = (f"    {protection},", '    name="dispatch",')
        return Snippet(Where.VIEW, imports, (*code, "@method_decorator(", *entries, ")"))
    view = (
        decorator,
        "def mcp(request):",
        "    # Your MCP server goes here.",
        '    return JsonResponse({"user": request.mcp_claims.get("sub")})',
    )
    imports = ("from django.http import JsonResponse", _URLS, *imports)
    lines = (*code, "", "", *view) if code else view
    return Snippet(Where.URLS, imports, lines, (f'path("{setup.route}", mcp)',))


def _protection(setup: Setup) -> Snippet:
    """Return the protection of a view that takes no decorator."""
    imports, code, arguments = _verifying(setup, "BearerProtection")
    protection = f"protection = BearerProtection({_protected(setup)}{arguments})"
    if setup.endpoint is Endpoint.FOREIGN:
        imports = (*imports, "from mcp_oauth_discovery.protection import protect")
        return Snippet(Where.VIEW, imports, (*code, protection))
    names = "BearerAuthentication, HasScope"
    imports = (f"from mcp_oauth_discovery.contrib.rest_framework import {names}", *imports)
    lines = ("class MCPAuthentication(BearerAuthentication):", f"    {protection}")
    return Snippet(Where.VIEW, imports, (*code, "", "", *lines) if code else lines)


def _protected(setup: Setup) -> str:
    return f'"{setup.path}", scope="{" ".join(setup.scopes)}"'


def _verifying(setup: Setup, name: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return the imports, the code and the arguments that verify the tokens of the server."""
    required = f"from mcp_oauth_discovery.protection import {name}"
    if setup.server is Server.TOOLKIT:
        preset = f"from {_PRESET} import verify_token"
        return (preset, f"{required}, find_user"), (), ", verify=verify_token, user=find_user"
    if setup.server is Server.ALLAUTH:
        token = "from allauth.idp.oidc.models import Token"  # noqa: S105 - not a password
        refusal = "from mcp_oauth_discovery.signing import InvalidToken"
        imports = (token, f"{required}, find_user", refusal)
        return imports, _ALLAUTH, ", verify=verify, user=find_user"
    if setup.server is Server.OUTSIDE:
        remote = "from mcp_oauth_discovery.verifiers import RemoteIssuer"
        issuers = [f'RemoteIssuer("{provider}")' for provider in setup.providers]
        verify = issuers[0] if len(issuers) == 1 else f"[{', '.join(issuers)}]"
        return (required, remote), (f"verify = {verify}",), ", verify=verify"
    return (f"{required}, find_user",), (), ", user=find_user"


_ALLAUTH = (
    "def verify(request, token, resource):",
    "    row = Token.objects.lookup(Token.Type.ACCESS_TOKEN, token)",
    "    if row is None or row.get_resources() != [resource]:",
    '        raise InvalidToken("The token is not valid here")',
    '    return {"sub": str(row.user_id), "scope": " ".join(row.get_scopes())}',
)


def command(line: str) -> Snippet:
    """Return a management command."""
    return Snippet(Where.TERMINAL, code=(f"python manage.py {line}",))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
