"""Deployments that nothing is wrong with, however they are made."""

from __future__ import annotations

from tests import ASM, PRM
from tests.gallery import by_hand, projects
from tests.gallery.behind_nginx import ALL
from tests.gallery.by_hand import OPENID, PRM_PATH, Site
from tests.gallery.hand_keys import sign
from tests.gallery.projects import CORS, LOCALE, LOGIN_REQUIRED, OURS, Project


@by_hand.healthy()
def site_by_hand(site: Site) -> None:
    """Starlette and four routes."""


@by_hand.healthy()
def site_with_everything(site: Site) -> None:
    """OpenID, a signed copy, documents at the root as well."""
    site.documents[PRM] = site.prm
    site.documents[OPENID] = site.openid
    sign(site)


@by_hand.healthy()
def site_whose_issuer_has_a_path(site: Site) -> None:
    issuer = f"{site.origin}/tenants/one"
    site.prm["authorization_servers"] = [issuer]
    site.server["issuer"] = issuer
    site.documents[f"{ASM}/tenants/one"] = site.documents.pop(ASM)


@by_hand.healthy(remarks=("as-left-out",))
def site_of_four_servers(site: Site) -> None:
    """The fourth has nothing, and nobody looks."""
    for name in ("two", "three", "four"):
        issuer = f"{site.origin}/{name}"
        site.prm["authorization_servers"].append(issuer)
        site.documents[f"{ASM}/{name}"] = {**site.server, "issuer": issuer}
    del site.documents[f"{ASM}/four"]


@by_hand.healthy(path="/mcp/")
def site_with_a_final_slash(site: Site) -> None:
    """The challenge leads there whoever drops it."""
    site.pages["/mcp/"] = site.pages.pop("/mcp")
    site.prm["resource"] += "/"
    site.documents[f"{PRM_PATH}/"] = site.documents.pop(PRM_PATH)
    site.challenge = f'Bearer resource_metadata="{site.origin}{PRM_PATH}/"'


@by_hand.healthy(path="/team/42/mcp")
def site_with_an_endpoint_for_each_team(site: Site) -> None:
    site.pages["/team/42/mcp"] = site.pages.pop("/mcp")
    site.prm["resource"] = f"{site.origin}/team/42/mcp"
    site.documents[f"{PRM}/team/42/mcp"] = site.documents.pop(PRM_PATH)
    site.challenge = f'Bearer resource_metadata="{site.origin}{PRM}/team/42/mcp"'


@by_hand.healthy()
def site_with_events_for_those_with_a_token(site: Site) -> None:
    """The stream never ends, and nobody without a token gets to it."""
    site.pages["/mcp"] = lambda request: (
        by_hand.events() if "authorization" in request.headers else site.unauthorized(request)
    )


@by_hand.healthy(block=ALL)
def outside_server(site: Site) -> None:
    """Over TLS; others name it as their authorization server."""


@by_hand.healthy()
def site_of_an_outside_server(site: Site) -> None:
    site.prm["authorization_servers"] = ["https://outside-server.example.com"]
    del site.documents[ASM]


@projects.healthy()
def project_as_it_is_documented(project: Project) -> None:
    """Pinned, our middleware first."""


@projects.healthy()
def project_that_is_not_pinned(project: Project) -> None:
    del project.settings["MCP_ISSUER"]


@projects.healthy()
def project_without_our_middleware(project: Project) -> None:
    """Nothing else in the stack is in the way."""
    project.without(OURS)


@projects.healthy()
def project_whose_issuer_has_a_path(project: Project) -> None:
    project.settings["MCP_ISSUER"] += "/tenants/one"
    project.set(MCP_RESOURCE=f"{project.origin}/mcp")
    project.set(CORS_URLS_REGEX=r"^/(mcp|tenants/.*)$")
    project.urls = lambda: [
        *project.discovery_urls(),
        *project.endpoint_urls(),
        projects.path("tenants/one/", projects.include(project.oauth_urls())),
    ]


@projects.healthy(path="/files/mcp")
def project_with_several_resources(project: Project) -> None:
    project.set(MCP_RESOURCES={"/files/mcp": {"resource_name": "Files"}, "/mcp": {}})
    project.urls = lambda: [*project.all_urls(), *project.endpoint_urls("files/mcp")]


@projects.healthy()
def project_of_an_outside_server(project: Project) -> None:
    del project.settings["MCP_ISSUER"]
    project.set(MCP_RESOURCE=f"{project.origin}/mcp")
    project.set(MCP_AUTHORIZATION_SERVERS=["https://outside-server.example.com"])
    project.urls = lambda: [*project.discovery_urls(), *project.endpoint_urls()]


@projects.healthy()
def project_with_keys_and_signed_metadata(project: Project) -> None:
    project.algorithms = ("RS256", "EdDSA")
    project.set(MCP_SIGNED_METADATA=True)


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


@projects.healthy(block=ALL)
def project_behind_nginx_that_is_not_pinned(project: Project) -> None:
    del project.settings["MCP_ISSUER"]
