"""django-oauth-toolkit, with its own documents or with ours."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from django.utils.module_loading import import_string

from tests.gallery.projects import OURS, Project, broken, healthy

# Without the settings for client ID metadata documents and for iss.
USUAL = ("as-registration-alone", "as-iss-not-announced")
SCOPES = {"mcp": "Use the MCP server"}


def add_toolkit(project: Project, **options: Any) -> None:
    """Add django-oauth-toolkit, set up as it should be."""
    project.apps.append("oauth2_provider")
    given = {
        "SCOPES": SCOPES,
        "DCR_ENABLED": True,
        "DCR_REGISTRATION_PERMISSION_CLASSES": ("oauth2_provider.dcr.AllowAllDCRPermission",),
        "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
        **options,
    }
    project.set(OAUTH2_PROVIDER=given, LOGIN_URL="/login/")
    project.set(MCP_AUTHORIZATION_SERVER_METADATA=announced())
    project.urls = lambda: [
        *project.discovery_urls(),
        *project.endpoint_urls(),
        path("o/", include("oauth2_provider.urls")),
    ]


def announced() -> dict[str, Any]:
    """Return the endpoints by the names of their URL patterns."""
    return {
        "authorization_endpoint": "oauth2_provider:authorize",
        "token_endpoint": "oauth2_provider:token",
        "registration_endpoint": "oauth2_provider:dcr-register",
        "revocation_endpoint": "oauth2_provider:revoke-token",
        "introspection_endpoint": "oauth2_provider:introspect",
    }


def with_its_own_documents(project: Project, *, is_prefixed: bool) -> None:
    """Have the documents of django-oauth-toolkit instead of ours."""
    host = project.origin.partition("://")[2]
    project.without(OURS)
    project.apps.remove("mcp_oauth_discovery")
    add_toolkit(
        project,
        OIDC_ISS_ENDPOINT=project.origin,
        OAUTH2_PROTECTED_RESOURCE_IDENTIFIER=f"{project.origin}/mcp",
        OAUTH2_PROTECTED_RESOURCE_AUTHORIZATION_SERVERS=[project.origin],
    )
    project.set(CORS_URLS_REGEX="^.*$", ALLOWED_HOSTS=[host.partition(":")[0]])
    project.urls = lambda: [
        path("o/" if is_prefixed else "", include("oauth2_provider.urls")),
        path("mcp", import_string("tests.gallery.bare_views.unauthorized")),
    ]


@healthy(remarks=USUAL)
def toolkit_with_our_documents(project: Project) -> None:
    add_toolkit(project)


@broken("prm-not-found")
def toolkit_under_a_prefix(project: Project) -> None:
    """Its own documents are below the prefix as well, where nobody looks."""
    with_its_own_documents(project, is_prefixed=True)


@broken("suffix-answered", remarks=("cache-missing", "challenge-scope-missing", *USUAL))
def toolkit_at_the_root(project: Project) -> None:
    """Its own documents are where they belong, and at every other address as well."""
    with_its_own_documents(project, is_prefixed=False)


@broken("oauth-endpoint-not-found", remarks=USUAL)
def toolkit_without_registration(project: Project) -> None:
    add_toolkit(project, DCR_ENABLED=False)
