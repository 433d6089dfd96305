"""An nginx that ends TLS in front of a healthy site, and does one thing more, or one less."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.gallery import by_hand, projects
from tests.gallery.by_hand import Site
from tests.gallery.projects import Project

PASS = "proxy_pass {upstream}; proxy_set_header Host $host;"
TOLD = f"{PASS} proxy_set_header X-Forwarded-Proto $scheme;"
ALL = f"location / {{ {TOLD} }}"

Decorator = Callable[..., Any]


def site(*codes: str, block: str, **options: Any) -> Decorator:
    """Put a site by hand behind a block."""
    return by_hand.broken(*codes, block=block, **options)


def project(*codes: str, block: str = ALL, **options: Any) -> Decorator:
    """Put a project of Django behind a block."""
    return projects.broken(*codes, block=block, **options)


at_well_known = partial("location /.well-known/ {{ {0} {1} }} {2}".format, TOLD)


@project(
    "prm-resource-scheme",
    "challenge-metadata-http",
    says=("SECURE_PROXY_SSL_HEADER",),
    block=f"location / {{ {PASS} }}",
)
def proxy_does_not_tell_of_tls_and_nothing_is_pinned(project: Project) -> None:
    """The site takes itself for an http one, and says so in every identifier."""
    del project.settings["MCP_ISSUER"]


@project("forwarded-reflected", says=("USE_X_FORWARDED_HOST",))
def proxy_passes_on_a_forwarded_host(project: Project) -> None:
    """It sets Host, and leaves what the client says of itself alone."""
    del project.settings["MCP_ISSUER"]
    project.set(ALLOWED_HOSTS=["*"], USE_X_FORWARDED_HOST=True)


@site("answer-forbidden", block=f"location ~ /\\. {{ deny all; }} {ALL}")
def dot_files_are_hidden(site: Site) -> None:
    """The rule that is in so many configurations."""


@site("answer-server-error", block="location / { proxy_pass http://127.0.0.1:1; }")
def nothing_is_behind_the_proxy(site: Site) -> None:
    """502 Bad Gateway."""


@site("challenge-missing", block=f"location / {{ {TOLD} proxy_hide_header WWW-Authenticate; }}")
def proxy_takes_the_challenge_off(site: Site) -> None:
    """Some gateways rename it, others drop it."""


@site(
    "cors-document",
    "cors-document-preflight",
    says=("Origin: *, *",),
    block=at_well_known("add_header Access-Control-Allow-Origin *;", ALL),
)
def proxy_adds_what_the_site_has_added(site: Site) -> None:
    """Two values are as good as none."""


@site("cache-long", block=at_well_known("expires 30d;", ALL))
def proxy_sets_a_lifetime_for_files(site: Site) -> None:
    """Meant for pictures."""
    site.headers.clear()


@site(
    "burst-limited",
    block=at_well_known("limit_req zone=walk burst=20 nodelay; limit_req_status 429;", ALL),
)
def proxy_counts_requests(site: Site) -> None:
    """Enough for a person, not enough for a client."""


@site(
    "endpoint-elsewhere",
    "reach-plain-http",
    scheme="http",
    block="return 301 https://$host$request_uri;",
)
def user_typed_http(site: Site) -> None:
    """On the way to TLS, as everywhere."""


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
