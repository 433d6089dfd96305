"""Builds the metadata and the JWK Set from the settings and one request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial

from django.core.exceptions import ImproperlyConfigured
from django.db import Error as AnyDatabaseError
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.connection import ConnectionDoesNotExist

from mcp_oauth_discovery.conf import Misconfigured, conf
from mcp_oauth_discovery.discovery.announced import announced_members
from mcp_oauth_discovery.discovery.settings import read_members
from mcp_oauth_discovery.discovery.signed import with_signed_metadata
from mcp_oauth_discovery.identity import Resource, Site
from mcp_oauth_discovery.identity.lookup import find_at
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.keys.database_errors import remedy
from mcp_oauth_discovery.logs.lines import logger, one_line, tracebacks
from mcp_oauth_discovery.signing.published import SHORT_WAIT, ShownKeys
from mcp_oauth_discovery.standards import metadata
from mcp_oauth_discovery.standards.identifiers import locate
from mcp_oauth_discovery.standards.metadata import Document

_ALGORITHMS = "id_token_signing_alg_values_supported"


def protected_resource_metadata(
    site: Site, path: str | None = None, query: str = "", keys: ShownKeys | None = None
) -> Document | None:
    """Return the PRM (RFC 9728 §2) of the resource at `path`, or None if there is none.

    `path` and `query` are as in `described_resource`, and `keys` are those to show.
    """
    resource = described_resource(site, path, query)
    if resource is None:
        return None
    document = resource_document(site, resource)
    return with_signed_metadata(document, site, "oauth-protected-resource+jwt", keys)


def described_resource(site: Site, path: str | None, query: str = "") -> Resource | None:
    """Return the resource whose PRM is at `path`, or None if there is none.

    `path` is percent-decoded and begins with a slash. None means the document at the root, where
    MCP clients look for the default resource too. `query` is the raw query of the request.
    """
    resource = find_at(site, path or "", query)
    if resource is None and path is None:
        resource = site.default_resource
    return resource if resource is not None and resource.enabled else None


def resource_document(site: Site, resource: Resource) -> Document:
    """Return the PRM of one resource; raises `Misconfigured`.

    A member in the settings replaces what the views announce.
    """
    members = {
        **announced_members(site, resource),
        **read_members("MCP_RESOURCE_METADATA", conf.MCP_RESOURCE_METADATA, site),
        **read_members("MCP_RESOURCES", resource.members, site, resource.key),
    }
    # Read this property only if needed: it may depend on the request.
    issuers = members.pop("authorization_servers", None) or site.authorization_servers
    return metadata.protected_resource_metadata(resource.identifier, issuers, members)


def authorization_server_metadata(
    site: Site, path: str | None = None, keys: ShownKeys | None = None
) -> Document | None:
    """Return the AS metadata (RFC 8414 §2), or None if the issuer at `path` is not this site's.

    `path` is as in `described_resource`, and `keys` are those to show. The root serves an issuer
    with a path too.
    """
    if not site.is_authorization_server:
        return None
    if path is not None and path != locate(site.issuer).path:
        return None
    keys = keys or ShownKeys()
    document = issuer_document(site, partial(_advertised_algorithms, keys))
    return with_signed_metadata(document, site, "oauth-authorization-server+jwt", keys)


def issuer_document(site: Site, algorithms: Callable[[], Sequence[str]]) -> Document:
    """Return the AS metadata of this site's issuer; raises `Misconfigured`.

    `algorithms` is called if the settings do not list the signing algorithms.
    """
    setting = "MCP_AUTHORIZATION_SERVER_METADATA"
    configured = conf.MCP_AUTHORIZATION_SERVER_METADATA
    members = read_members(setting, configured, site)
    # Read the keys only if the document announces them.
    if _ALGORITHMS in members:
        advertised: Sequence[str] = ()
    elif members.get("jwks_uri", True):
        advertised = algorithms()
    else:
        advertised = policy.signing_algorithms()
    defaults = metadata.default_authorization_server_members(
        site.issuer,
        # Look this up only if needed: the URLs may be included elsewhere, or not at all.
        jwks_uri=None if "jwks_uri" in members else jwks_uri(site),
        signing_algorithms=advertised,
    )
    try:
        return metadata.authorization_server_metadata(defaults, members)
    except ValueError as error:
        hint = "Give it a value, or change the member that needs it."
        if isinstance(error, metadata.MissingAlgorithms):
            example = f'"{error.member}": ["RS256"]'
            hint = f"Write, for example, {example}, or leave the methods with JWTs out."
        raise Misconfigured.of(setting, configured, error, hint) from error


def jwk_set(now: datetime | None = None, keys: ShownKeys | None = None) -> Document:
    """Return the JWK Set (RFC 7517 §5) of the keys that are published at `now`."""
    return metadata.jwk_set(key.jwk for key in (keys or ShownKeys()).at(now))


def published_jwk_set(
    site: Site, now: datetime | None = None, keys: ShownKeys | None = None
) -> Document | None:
    """Return the JWK Set, or None if there are no keys and the site announces none.

    Such a site needs no database.
    """
    try:
        document = jwk_set(now, keys)
    except (AnyDatabaseError, ConnectionDoesNotExist, ImproperlyConfigured) as error:
        if isinstance(error, Misconfigured) or announces_keys(site):
            raise
        _log_unread(f"{one_line(error)}{remedy(error)}")
        return None
    return document if document["keys"] or announces_keys(site) else None


def announces_keys(site: Site) -> bool:
    """Return whether this site is an authorization server whose metadata has a `jwks_uri`."""
    members: object = conf.MCP_AUTHORIZATION_SERVER_METADATA
    is_left_out = isinstance(members, Mapping) and not members.get("jwks_uri", True)
    return site.is_authorization_server and not is_left_out


@lru_cache(maxsize=64)
def _log_unread(reason: str) -> None:
    # Once per reason: without a database, every request of a scanner would log it.
    extra = {"event": "jwks.unread"}
    text = "The JWK Set is a 404. This site announces no keys, and cannot read any: %s"
    logger.warning(text, reason, extra=extra)


def jwks_max_age(now: datetime | None = None, keys: ShownKeys | None = None) -> int:
    """Return for how many seconds the JWK Set may be cached; raises `Misconfigured`.

    At most `MCP_JWKS_MAX_AGE`, and never beyond the expiry of one of its keys.
    """
    now = now or timezone.now()
    ends = [key.expires_at for key in (keys or ShownKeys()).at(now) if key.expires_at]
    return min([policy.jwks_max_age(), *(int((end - now).total_seconds()) for end in ends)])


def _advertised_algorithms(keys: ShownKeys) -> list[str]:
    """Return the configured algorithms, then those of other published keys."""
    configured = policy.signing_algorithms()
    try:
        published = {key.algorithm for key in keys.at(patience=SHORT_WAIT)}
    except Exception as error:
        # Most of this document is not about keys: serve it while the database is down.
        if tracebacks.limited(error, "algorithms"):
            logger.error(
                "The signing keys cannot be read; advertising MCP_SIGNING_ALGORITHMS only: %s%s",
                one_line(error),
                remedy(error),
                exc_info=error,
                extra={"event": "algorithms.unread"},
            )
        return configured
    return [*configured, *sorted(published.difference(configured))]


def jwks_uri(site: Site) -> str:
    """Return the URL of the JWK Set; raises `Misconfigured` if the URLs are not included."""
    try:
        return site.url_for("mcp_oauth_discovery:jwks")
    except NoReverseMatch as error:
        raise Misconfigured(
            "ROOT_URLCONF",
            "The URLs of mcp_oauth_discovery are not in ROOT_URLCONF.",
            'Add path("", include("mcp_oauth_discovery.urls")) to its urlpatterns.',
        ) from error
