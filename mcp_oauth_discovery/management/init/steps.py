"""The steps from a project to discovery that works, in the order of the work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from mcp_oauth_discovery.doctor.findings import documentation
from mcp_oauth_discovery.management.init import snippets
from mcp_oauth_discovery.management.init.project import Endpoint, Middleware, Server, Setup
from mcp_oauth_discovery.management.init.snippets import Snippet


@dataclass(frozen=True)
class Step:
    """One thing that a project needs: a sentence about it, and what to paste if it is missing.

    A step without a snippet is about something that needs a decision; the sentence says which.
    """

    name: str
    is_done: bool
    text: str
    snippet: Snippet | None = None


def page_at(name: str, anchor: str = "") -> str:
    """Return the URL of a page of the documentation."""
    return documentation(anchor, name).removesuffix("#")


def steps(setup: Setup) -> Iterator[Step]:
    """Yield every step of a project."""
    yield from _server(setup)
    yield from _settings(setup)
    yield from _metadata(setup)
    if setup.server is Server.ALLAUTH:
        # Both serve jwks.json, and allauth signs.
        yield from _oauth_urls(setup)
    yield from _urls(setup)
    if setup.server is Server.TOOLKIT:
        yield from _oauth_urls(setup)
    yield _endpoint(setup)
    if setup.server is not Server.OUTSIDE:
        yield from _database(setup)


def _server(setup: Setup) -> Iterator[Step]:
    if setup.server is Server.TOOLKIT:
        if setup.has_package:
            yield Step("package", True, _("django-oauth-toolkit is installed."))
        else:
            text = _("django-oauth-toolkit is missing.")
            yield Step("package", False, text, snippets.package(setup))
        if setup.has_apps:
            yield Step("apps", True, _("INSTALLED_APPS has oauth2_provider."))
        else:
            text = _("INSTALLED_APPS lacks oauth2_provider.")
            yield Step("apps", False, text, snippets.apps())
    elif setup.server is Server.ALLAUTH and setup.unset:
        text = _("Not set: %(settings)s. You choose them, as on %(page)s.")
        text %= {"settings": ", ".join(setup.unset), "page": page_at("integrations/allauth")}
        yield Step("provider-settings", False, text)
    elif setup.server is Server.ALLAUTH:
        yield Step("provider-settings", True, _("django-allauth has an adapter and a key."))
    elif setup.server is Server.OUTSIDE and not setup.has_package:
        text = _("The package that fetches the keys of %(provider)s is missing.")
        text %= {"provider": setup.providers[0]}
        yield Step("package", False, text, snippets.package(setup))


def _settings(setup: Setup) -> Iterator[Step]:
    if setup.middleware is Middleware.FIRST:
        yield Step("middleware", True, _("DiscoveryMiddleware is first in MIDDLEWARE."))
    elif setup.middleware is Middleware.LATE:
        text = _("MIDDLEWARE has DiscoveryMiddleware, but it is not first.")
        yield Step("middleware", False, text, snippets.first_middleware(is_there=True))
    else:
        text = _("MIDDLEWARE lacks DiscoveryMiddleware.")
        yield Step("middleware", False, text, snippets.first_middleware(is_there=False))
    if setup.has_issuer:
        yield Step("issuer", True, _("The settings have the URL of this site."))
    else:
        text = _("MCP_ISSUER is not set. Write the URL of this site.")
        yield Step("issuer", False, text, snippets.issuer(setup))
    if setup.refused_hosts:
        text = _("ALLOWED_HOSTS lacks %(hosts)s.") % {"hosts": ", ".join(setup.refused_hosts)}
        yield Step("hosts", False, text, snippets.hosts(setup))
    else:
        yield Step("hosts", True, _("ALLOWED_HOSTS has the host of this site."))
    if setup.has_resources:
        text = _("The settings name the MCP endpoint %(path)s.") % {"path": setup.path}
        yield Step("resources", True, text)
    else:
        text = _("MCP_RESOURCES is not set. Write the path of the MCP endpoint, and its scopes.")
        yield Step("resources", False, text, snippets.resources(setup))


def _metadata(setup: Setup) -> Iterator[Step]:
    if setup.server is Server.OUTSIDE:
        text = _("MCP_AUTHORIZATION_SERVERS names %(providers)s.")
        text %= {"providers": ", ".join(setup.providers)}
        yield Step("authorization-server", True, text)
        return
    if setup.server is Server.TOOLKIT:
        if setup.has_provider_settings:
            yield Step(
                "provider-settings", True, _("OAUTH2_PROVIDER has an ACCESS_TOKEN_GENERATOR.")
            )
        else:
            if setup.extends_provider_settings:
                text = _(
                    "OAUTH2_PROVIDER has no ACCESS_TOKEN_GENERATOR, so MCP clients get no JWTs."
                )
            else:
                text = _("OAUTH2_PROVIDER is not set. It has the scopes, and who may get tokens.")
            snippet = snippets.provider_settings(setup)
            yield Step("provider-settings", False, text, snippet)
    if setup.has_metadata:
        text = _("MCP_AUTHORIZATION_SERVER_METADATA names the endpoints for sign-in.")
        yield Step("authorization-server", True, text)
    else:
        text = _("MCP_AUTHORIZATION_SERVER_METADATA is not set.")
        yield Step("authorization-server", False, text, snippets.metadata(setup))


def _urls(setup: Setup) -> Iterator[Step]:
    for problem in setup.url_problems:
        yield Step("urls", False, problem, snippets.discovery_urls())
    if not setup.url_problems:
        text = _("The URLs of the discovery documents are at the root of the site.")
        yield Step("urls", True, text)


def _oauth_urls(setup: Setup) -> Iterator[Step]:
    if setup.has_views_of_the_toolkit:
        text = _(
            "The endpoints for sign-in are the views of django-oauth-toolkit. They have no "
            "CORS headers, and report errors in HTML. If you keep them for other "
            "applications, give them another namespace: "
            'include("oauth2_provider.urls", namespace="toolkit").'
        )
        yield Step("oauth-urls", False, text, snippets.oauth_urls(setup))
    elif setup.has_hidden_names:
        text = _(
            "Two includes have the namespace oauth2_provider, so pages of django-oauth-toolkit "
            "fail. Give its own URLs another namespace: "
            'include("oauth2_provider.urls", namespace="toolkit").'
        )
        yield Step("oauth-urls", False, text)
    elif setup.has_oauth_urls:
        yield Step("oauth-urls", True, _("The endpoints for sign-in have URLs."))
    else:
        text = _("The endpoints for sign-in have no URLs.")
        yield Step("oauth-urls", False, text, snippets.oauth_urls(setup))


def _endpoint(setup: Setup) -> Step:
    if setup.endpoint is Endpoint.PROTECTED:
        return Step("endpoint", True, _("An MCP endpoint is protected."))
    if setup.endpoint is Endpoint.IN_ASGI:
        text = _("%(file)s serves the MCP endpoint %(path)s.")
        text %= {"path": setup.path, "file": setup.files.view}
        return Step("endpoint", True, text)
    if setup.endpoint is not Endpoint.MISSING:
        return Step("endpoint", False, _unprotected(setup), snippets.endpoint(setup))
    text = _(
        "No MCP endpoint is protected. Begin with a view, and put your MCP server there later."
    )
    if setup.mcp_package:
        name, page = setup.mcp_package
        more = _("For %(package)s, see %(page)s.") % {"package": name, "page": page_at(page)}
        text = f"{text} {more}"
    return Step("endpoint", False, text, snippets.endpoint(setup))


def _unprotected(setup: Setup) -> str:
    """Return what has to be written for a view that is there."""
    text = _("The view at %(path)s is not protected: %(view)s.")
    text %= {"path": setup.path, "view": setup.view}
    if setup.endpoint is Endpoint.FOREIGN:
        _name, page = setup.mcp_package or ("", "challenges")
        more = _(
            "Write these lines above urlpatterns, and route protect(view, protection) in place of "
            "the view. See %(page)s."
        )
    elif setup.endpoint is Endpoint.REST_FRAMEWORK:
        page = "integrations/rest-framework"
        more = _(
            "Write these lines above it. Then give it authentication_classes = "
            "[MCPAuthentication] and permission_classes = [HasScope]. See %(page)s."
        )
    else:
        return f"{text} {_('Write these lines above it.')}"
    return f"{text} {more % {'page': page_at(page)}}"


def _database(setup: Setup) -> Iterator[Step]:
    if setup.database_problem:
        text = _("The database cannot be read: %(problem)s") % {"problem": setup.database_problem}
        yield Step("migrations", False, text)
        return
    if setup.has_migrated:
        yield Step("migrations", True, _("The database has the tables."))
    else:
        text = _("The database lacks tables.")
        yield Step("migrations", False, text, snippets.command("migrate"))
    if not setup.signs:
        return
    if setup.has_keys:
        yield Step("keys", True, _("A key signs the tokens."))
    else:
        text = _("No key signs the tokens.")
        yield Step("keys", False, text, snippets.command("mcp_keys rotate"))
