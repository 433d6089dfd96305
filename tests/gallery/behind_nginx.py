"""An nginx that ends TLS in front of a healthy site, and does one thing more, or one less."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests import PRM
from tests.gallery import by_hand, projects
from tests.gallery.by_hand import PRM_PATH, Site
from tests.gallery.projects import OURS, SECURITY, Project

PASS = "proxy_pass {upstream}; proxy_set_header Host $host;"
TOLD = f"{PASS} proxy_set_header X-Forwarded-Proto $scheme;"
BELIEVED = "proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;"
ALL = f"location / {{ {TOLD} }}"
STATIC = 'default_type text/html; return 200 "<!doctype html><title>A page</title>";'

Decorator = Callable[..., Any]


def site(*codes: str, block: str, **options: Any) -> Decorator:
    """Put a site by hand behind a block."""
    return by_hand.broken(*codes, block=block, **options)


def project(*codes: str, block: str = ALL, **options: Any) -> Decorator:
    """Put a project of Django behind a block."""
    return projects.broken(*codes, block=block, **options)


at_well_known = partial("location /.well-known/ {{ {0} {1} }} {2}".format, TOLD)


@project("redirect-loop", says=("Two rules",), block=f"location / {{ {PASS} }}")
def proxy_does_not_tell_of_tls(project: Project) -> None:
    """SECURE_SSL_REDIRECT sends clients to where they are."""
    project.set(SECURE_SSL_REDIRECT=True)
    project.without(OURS)
    project.first(SECURITY)


@project(
    "challenge-metadata-http",
    "prm-resource-scheme",
    says=("SECURE_PROXY_SSL_HEADER",),
    block=f"location / {{ {PASS} }}",
)
def proxy_does_not_tell_of_tls_and_nothing_is_pinned(project: Project) -> None:
    """The site takes itself for an http one, and says so in every identifier."""
    del project.settings["MCP_ISSUER"]


@project("challenge-metadata-http", "prm-resource-scheme")
def django_does_not_believe_the_proxy(project: Project) -> None:
    del project.settings["MCP_ISSUER"]
    del project.settings["SECURE_PROXY_SSL_HEADER"]


@project(
    "prm-resource-mismatch",
    "challenge-metadata-offsite",
    block=f"location / {{ {TOLD} }}".replace("$host", "internal.example.com"),
)
def proxy_calls_the_site_by_another_name(project: Project) -> None:
    del project.settings["MCP_ISSUER"]
    project.set(MCP_AUTHORIZATION_SERVERS=["https://outside-server.example.com"])


@project("forwarded-reflected", says=("USE_X_FORWARDED_HOST",))
def proxy_passes_on_a_forwarded_host(project: Project) -> None:
    """It sets Host, and leaves what the client says of itself alone."""
    del project.settings["MCP_ISSUER"]
    project.set(ALLOWED_HOSTS=["*"], USE_X_FORWARDED_HOST=True)


@site("answer-forbidden", block=f"location ~ /\\. {{ deny all; }} {ALL}")
def dot_files_are_hidden(site: Site) -> None:
    """The rule that is in so many configurations."""


@site("prm-not-found", block=f"location /mcp {{ {TOLD} }} location / {{ return 404; }}")
def endpoint_alone_is_passed_on(site: Site) -> None:
    """Nobody has thought of the well-known addresses."""


@site("document-html", block=f"location /mcp {{ {TOLD} }} location / {{ {STATIC} }}")
def front_end_has_everything_else(site: Site) -> None:
    """A single-page application at the root, the API below /mcp."""


@site("answer-server-error", block="location / { proxy_pass http://127.0.0.1:1; }")
def nothing_is_behind_the_proxy(site: Site) -> None:
    """502 Bad Gateway."""


@site("challenge-missing", block=f"location / {{ {TOLD} proxy_hide_header WWW-Authenticate; }}")
def proxy_takes_the_challenge_off(site: Site) -> None:
    """Some gateways rename it, others drop it."""


@site("challenge-not-bearer", block=ALL)
def staging_site_with_a_password(site: Site) -> None:
    site.challenge = 'Basic realm="staging"'


@site(
    "cors-document",
    "cors-document-preflight",
    says=("Origin: *, *",),
    block=at_well_known("add_header Access-Control-Allow-Origin *;", ALL),
)
def proxy_adds_what_the_site_has_added(site: Site) -> None:
    """Two values are as good as none."""


@site(
    "cors-document-preflight",
    block=at_well_known("if ($request_method = OPTIONS) { return 405; }", ALL),
)
def proxy_knows_no_options(site: Site) -> None:
    """Methods that nobody had on the list."""


@site("cache-long", block=at_well_known("expires 30d;", ALL))
def proxy_sets_a_lifetime_for_files(site: Site) -> None:
    """Meant for pictures."""
    site.headers.clear()


@site("document-cookie", block=at_well_known('add_header Set-Cookie "lb=1";', ALL))
def load_balancer_sets_a_cookie(site: Site) -> None:
    """Sticky sessions."""


@site(
    "agent-dependent",
    says=("Go-http-client",),
    block=at_well_known('if ($http_user_agent ~* "python|^node|Go-http") { return 403; }', ALL),
)
def proxy_keeps_robots_out(site: Site) -> None:
    """A list of bad bots from the Internet."""


@site(
    "burst-limited",
    block=at_well_known("limit_req zone=walk burst=20 nodelay; limit_req_status 429;", ALL),
)
def proxy_counts_requests(site: Site) -> None:
    """Enough for a person, not enough for a client."""


@site(
    "redirect-slash",
    "oauth-endpoint-redirect",
    block=f"rewrite ^(/[^.]*[^/])$ $1/ permanent; {ALL}",
)
def proxy_adds_slashes(site: Site) -> None:
    site.pages["/mcp/"] = site.pages["/mcp"]


@site("redirect-offsite", block="return 301 https://www.example.net$request_uri;")
def old_domain(site: Site) -> None:
    """The site has moved, and the user has not heard of it."""


@site("reach-plain-http", scheme="http", block="return 301 https://$host$request_uri;")
def user_typed_http(site: Site) -> None:
    """On the way to TLS, as everywhere."""


@site("redirect-www", block="return 301 https://www.$host$request_uri;")
def user_forgot_the_www(site: Site) -> None:
    """The site itself is at the other name."""


@site("reach-plain-http", scheme="http", block=ALL)
def no_tls_at_all(site: Site) -> None:
    """Identifiers over plain http, on a public host."""


@site(
    "reach-tls",
    says=("self-signed", "intermediate"),
    block="ssl_certificate untrusted.pem; ssl_certificate_key untrusted.key;",
)
def certificate_that_nobody_trusts(site: Site) -> None:
    """Self-signed, or without its chain."""


@site("reach-broken", block="return 444;")
def proxy_hangs_up(site: Site) -> None:
    """Some firewalls close the connection without a word."""


@site("reach-private", says=("auth.internal",), block=f"server_name auth.internal; {ALL}")
def authorization_server_is_private(site: Site) -> None:
    """The name is good within the cluster, and nowhere else."""
    issuer = "https://auth.internal"
    site.prm["authorization_servers"] = [issuer]
    site.server["issuer"] = issuer
    for name, value in site.server.items():
        if name.endswith(("_endpoint", "_uri")):
            site.server[name] = value.replace(site.origin, issuer)


@site("cache-stale", block=at_well_known("add_header Age 90000;", ALL))
def edge_serves_what_is_long_over(site: Site) -> None:
    """A cache that forgets to ask again."""


@site(
    "host-reflected-cached",
    block=f"location {PRM} {{ {PASS} {BELIEVED} }} {ALL}",
)
def scheme_of_whoever_asks(site: Site) -> None:
    """The proxy passes on what the client says of itself, and the site believes it."""
    host = site.origin.partition("://")[2]

    def reflect(request: Request) -> Response:
        scheme = request.headers.get("x-forwarded-proto", "https")
        members = {**site.prm, "resource": f"{scheme}://{host}/mcp"}
        return JSONResponse(members, headers=site.headers)

    site.pages[PRM_PATH] = reflect
