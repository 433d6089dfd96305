"""What matters on a public site: nearly all of it is for `check --deploy`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connections, router

from mcp_oauth_discovery.checks.guards import guards
from mcp_oauth_discovery.checks.registry import Advice, listed, rule
from mcp_oauth_discovery.checks.routes import example_site, places_in_middleware, routes
from mcp_oauth_discovery.checks.site import (
    PIN,
    is_pinned,
    server_metadata,
    written_issuer,
    written_resources,
)
from mcp_oauth_discovery.conf import conf, project_setting
from mcp_oauth_discovery.discovery import documents
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.protection.origins import allowed_origins

_SECURITY = "django.middleware.security.SecurityMiddleware"

# PostgreSQL accepts both spellings, and the last value counts.
_STATEMENT_TIMEOUT = re.compile(r"(?:-c\s*|--)statement[_-]timeout\s*=\s*'?(\d+)", re.ASCII)
# What to type in OPTIONS for each timeout.
_TIMEOUTS = {
    "postgresql": {
        "connect_timeout": '"connect_timeout": 2',
        "statement_timeout": '"options": "{others}-c statement_timeout=5000"',
    },
    "mysql": {
        "connect_timeout": '"connect_timeout": 2',
        "read_timeout": '"read_timeout": 5',
    },
}
_NAMES = {"postgresql": "PostgreSQL", "mysql": "MySQL or MariaDB"}


def _uses_the_request() -> bool:
    """Return whether a document contains the scheme and host of the request."""
    site = example_site()
    for resource in site.resources:
        documents.resource_document(site, resource)
    # It is a cached property, so it is there only if a document needed the issuer.
    return conf.MCP_ISSUER is None and "issuer" in vars(site)


def _allows_all_hosts() -> bool:
    return "*" in project_setting("ALLOWED_HOSTS", [])


def _uses_forwarded_host() -> bool:
    return project_setting("USE_X_FORWARDED_HOST", False)


@rule("W013", deploy=True)
def check_issuer_is_pinned(**kwargs: Any) -> Iterator[Advice]:
    """Report a site whose issuer is the host of each request."""
    if _uses_the_request() and not _allows_all_hosts() and not _uses_forwarded_host():
        yield Advice(
            "MCP_ISSUER is not set: the documents have the scheme and host of each request. "
            "They are not cached, nothing is signed, and behind a proxy their URLs may be http.",
            PIN,
        )


@rule("W014", deploy=True)
def check_hosts(**kwargs: Any) -> Iterator[Advice]:
    """Report that any client can choose the issuer of this site."""
    if _uses_the_request() and _allows_all_hosts():
        yield Advice(
            "MCP_ISSUER is not set, and ALLOWED_HOSTS has '*': the sender of a Host header chooses "
            "where clients send their passwords and tokens.",
            f"{PIN} List the hosts of this site in ALLOWED_HOSTS as well.",
        )


@rule("W015", deploy=True)
def check_uses_forwarded_host(**kwargs: Any) -> Iterator[Advice]:
    """Report that a header which many proxies pass on decides the issuer of this site."""
    if _uses_the_request() and _uses_forwarded_host():
        yield Advice(
            "MCP_ISSUER is not set, and USE_X_FORWARDED_HOST is True: the documents contain "
            "X-Forwarded-Host, which clients can send unless the proxy replaces it.",
            f"{PIN} Or USE_X_FORWARDED_HOST = False, if the proxy passes on Host.",
        )


@rule("W016")
def check_redirect_ends(**kwargs: Any) -> Iterator[Advice]:
    """Report an endless redirect to https behind a proxy that ends TLS."""
    redirects = project_setting("SECURE_SSL_REDIRECT", False)
    header: object = project_setting("SECURE_PROXY_SSL_HEADER", None)
    # The issuer has the scheme of the whole site; a resource only its own.
    written = written_issuer() if is_pinned() else written_resources()
    secure = [named for named in written if named.value.lower().startswith("https:")]
    if redirects and not header and secure and places_in_middleware(_SECURITY):
        setting, value = secure[0]
        yield Advice(
            f"SECURE_SSL_REDIRECT is {redirects}, and SECURE_PROXY_SSL_HEADER is not set. Behind a "
            f"proxy that ends TLS for {value} ({setting}), Django takes every request for plain "
            "http, and redirects it to the same URL.",
            'Write SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https"), if the proxy '
            "sets that header itself. If the application server ends TLS, silence this check.",
        )


@rule("W037", deploy=True)
def check_database_timeouts(**kwargs: Any) -> Iterator[Advice]:
    """Report that requests may wait forever for the database with the keys."""
    alias = router.db_for_read(SigningKey)
    if alias not in connections or not server_metadata(example_site()):
        return
    vendor = connections[alias].vendor
    options: Mapping[str, Any] = connections[alias].settings_dict["OPTIONS"] or {}
    missing = [name for name in _TIMEOUTS.get(vendor, ()) if _is_missing(name, vendor, options)]
    if missing:
        setting = f"DATABASES[{alias!r}]['OPTIONS']"
        entries = ", ".join(_TIMEOUTS[vendor][name] for name in missing)
        # PostgreSQL has one string for all parameters, so keep the others.
        entries = entries.format(others=f"{options.get('options', '')} ".lstrip())
        hint = f"Add to {setting}: {entries}."
        if missing == ["statement_timeout"]:
            hint += (
                " This check does not ask the server. If ALTER ROLE or ALTER DATABASE sets it, "
                "silence this check."
            )
        yield Advice(
            f"{setting} lacks {listed(missing)}. This {_NAMES[vendor]} database has the signing "
            "keys. If it hangs, each request that uses it waits for minutes or forever. In the end "
            "all workers wait.",
            hint,
        )


def _is_missing(name: str, vendor: str, options: Mapping[str, Any]) -> bool:
    """Return whether a timeout is certainly missing; a configuration file may have it."""
    environ: Mapping[str, str] = os.environ if vendor == "postgresql" else {}
    if "service" in options or "PGSERVICE" in environ or "read_default_file" in options:
        return False
    value = options.get(name, environ.get("PGCONNECT_TIMEOUT"))
    if name == "statement_timeout":
        parameters = str(options.get("options", environ.get("PGOPTIONS", "")))
        value = next(reversed(_STATEMENT_TIMEOUT.findall(parameters)), None)
    # Zero means no limit. For PostgreSQL, a negative number does too.
    return value is None or re.fullmatch(r"0+|-\d+", str(value).strip()) is not None


@rule("W046", deploy=True)
def check_allowed_origins(**kwargs: Any) -> Iterator[Advice]:
    """Report protected views that accept requests from the pages of every site."""
    if allowed_origins() is None and any(guards(route.view) for route in routes()):
        yield Advice(
            "MCP_ALLOWED_ORIGINS is '*': every web page that a user visits may send requests to "
            "the protected views. They still require a token, except for public operations. MCP "
            "2026-07-28 requires servers to check Origin. Otherwise a page may reach a server on "
            "the user's machine or in a private network (DNS rebinding).",
            "If no client runs in a browser, write MCP_ALLOWED_ORIGINS = []. Otherwise list the "
            'origins of these clients: MCP_ALLOWED_ORIGINS = ["https://chat.example.com"].',
        )
