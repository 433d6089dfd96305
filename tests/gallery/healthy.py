"""Deployments that nothing is wrong with, however they are made."""

from __future__ import annotations

from tests import PRM
from tests.gallery import by_hand, projects
from tests.gallery.behind_nginx import ALL
from tests.gallery.by_hand import OPENID, Site
from tests.gallery.hand_keys import sign
from tests.gallery.projects import CORS, LOCALE, LOGIN_REQUIRED, Project


@by_hand.healthy()
def site_with_everything(site: Site) -> None:
    """OpenID, a signed copy, documents at the root as well."""
    site.documents[PRM] = site.prm
    site.documents[OPENID] = site.openid
    sign(site)


@by_hand.healthy(block=ALL)
def outside_server(site: Site) -> None:
    """Over TLS; others name it as their authorization server."""


@projects.healthy()
def project_as_it_is_documented(project: Project) -> None:
    """Pinned, our middleware first."""


@projects.healthy()
def project_with_keys_and_signed_metadata(project: Project) -> None:
    project.set(MCP_SIGNED_METADATA=True)


@projects.healthy()
def project_with_a_server_card(project: Project) -> None:
    members = {"name": "com.example/x", "version": "1.0.0", "description": "Does x."}
    project.set(MCP_SERVER_CARDS={"/mcp": members})


@projects.healthy()
def project_with_everything_in_the_way(project: Project) -> None:
    """Logins, languages and www below our middleware, which answers before them."""
    project.middleware += [LOCALE, LOGIN_REQUIRED]
    project.set(CORS_ALLOW_ALL_ORIGINS=False, CORS_ALLOWED_ORIGINS=["http://localhost:6274"])
    project.without(CORS)
    project.middleware.insert(1, CORS)


@projects.healthy()
def project_served_by_gunicorn(project: Project) -> None:
    project.server = projects.gunicorn


@projects.healthy()
def project_served_by_uvicorn(project: Project) -> None:
    project.server = projects.asgi


@projects.healthy(block=ALL)
def project_behind_nginx(project: Project) -> None:
    """TLS ends at the proxy, which says so."""
    project.set(SECURE_SSL_REDIRECT=True)
