"""From the settings and one request to the three documents."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import Error as AnyDatabaseError
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.connection import ConnectionDoesNotExist

from mcp_oauth_discovery import documents, policy, signed_metadata
from mcp_oauth_discovery.conf import Misconfigured, conf, misconfigured
from mcp_oauth_discovery.database_errors import remedy
from mcp_oauth_discovery.documents import Document
from mcp_oauth_discovery.identifiers import check_secure_url, locate
from mcp_oauth_discovery.identity import EXAMPLE_ORIGIN, Resource, Site
from mcp_oauth_discovery.log_lines import one_line, tracebacks
from mcp_oauth_discovery.members import (
    AUTHORIZATION_SERVER,
    ENDPOINTS,
    PROTECTED_RESOURCE,
    Check,
    advice,
    check_member,
)
from mcp_oauth_discovery.published import SHORT_WAIT, published_keys
from mcp_oauth_discovery.signing import NoSigningKey

logger = logging.getLogger("mcp_oauth_discovery")

_ALGORITHMS = "id_token_signing_alg_values_supported"

_ENDPOINT_FORMS = (
    "Write an absolute https URL, a path that begins with '/', or the name of a URL pattern "
    "such as 'oauth2_provider:token'."
)


def protected_resource_metadata(
    site: Site, path: str | None = None, query: str = ""
) -> Document | None:
    """Return the PRM (RFC 9728 §2) of the resource at `path`, or None if that is nobody's.

    `path` is percent-decoded and begins with a slash; None asks for the document at the root,
    where MCP clients look for the default resource too. `query` is the raw query of the request.
    """
    resource = site.find_resource(path or "", query)
    if resource is None and path is None:
        resource = site.default_resource
    if resource is None or not resource.enabled:
        return None
    return _signed(resource_document(site, resource), site, "oauth-protected-resource+jwt")


def resource_document(site: Site, resource: Resource) -> Document:
    """Return the PRM of one resource; raises `Misconfigured`."""
    members = {
        **read_members("MCP_RESOURCE_METADATA", conf.MCP_RESOURCE_METADATA, site),
        **read_members("MCP_RESOURCES", resource.members, site, resource.key),
    }
    # Not asked for when it is not wanted: it may have to come from the request.
    issuers = members.pop("authorization_servers", None) or site.authorization_servers
    return documents.protected_resource_metadata(resource.identifier, issuers, members)


def authorization_server_metadata(site: Site, path: str | None = None) -> Document | None:
    """Return the AS metadata (RFC 8414 §2), or None if the issuer at `path` is not this site's.

    `path` is as in `protected_resource_metadata`; the root serves an issuer with a path as well.
    """
    if not site.is_authorization_server:
        return None
    if path is not None and path != locate(site.issuer).path:
        return None
    document = issuer_document(site, _advertised_algorithms)
    return _signed(document, site, "oauth-authorization-server+jwt")


def issuer_document(site: Site, algorithms: Callable[[], Sequence[str]]) -> Document:
    """Return the AS metadata of this site's issuer; raises `Misconfigured`.

    `algorithms` is called if the settings do not list the advertised ones.
    """
    setting = "MCP_AUTHORIZATION_SERVER_METADATA"
    configured = conf.MCP_AUTHORIZATION_SERVER_METADATA
    members = read_members(setting, configured, site)
    # Keys that are not announced need not be read.
    if _ALGORITHMS in members:
        advertised: Sequence[str] = ()
    elif members.get("jwks_uri", True):
        advertised = algorithms()
    else:
        advertised = policy.signing_algorithms()
    defaults = documents.default_authorization_server_members(
        site.issuer,
        # Not looked up when it is not wanted: the URLs may be included elsewhere, or not at all.
        jwks_uri=None if "jwks_uri" in members else jwks_uri(site),
        signing_algorithms=advertised,
    )
    try:
        return documents.authorization_server_metadata(defaults, members)
    except ValueError as error:
        hint = "Give it a value, or change the member that needs it."
        if isinstance(error, documents.MissingAlgorithms):
            example = f'"{error.member}": ["RS256"]'
            hint = f"Write, for example, {example}, or leave the methods with JWTs out."
        raise misconfigured(setting, configured, error, hint) from error


def jwk_set(now: datetime | None = None) -> Document:
    """Return the JWK Set (RFC 7517 §5) of the keys that are published at an instant."""
    return documents.jwk_set(key.jwk for key in published_keys.at(now))


def published_jwk_set(site: Site, now: datetime | None = None) -> Document | None:
    """Return the JWK Set, or None if there are no keys and the site announces none.

    Such a site needs no database.
    """
    try:
        document = jwk_set(now)
    except (AnyDatabaseError, ConnectionDoesNotExist, ImproperlyConfigured) as error:
        if isinstance(error, Misconfigured) or announces_keys(site):
            raise
        _log_unread(f"{one_line(error)}{remedy(error)}")
        return None
    return document if document["keys"] or announces_keys(site) else None


def announces_keys(site: Site) -> bool:
    """Say whether this site is an authorization server whose metadata has a `jwks_uri`."""
    members: object = conf.MCP_AUTHORIZATION_SERVER_METADATA
    is_left_out = isinstance(members, Mapping) and not members.get("jwks_uri", True)
    return site.is_authorization_server and not is_left_out


@lru_cache(maxsize=64)
def _log_unread(reason: str) -> None:
    # Once for each reason: without a database, every request of a scanner would log it.
    extra = {"event": "jwks.unread"}
    text = "The JWK Set is a 404. This site announces no keys, and cannot read any: %s"
    logger.warning(text, reason, extra=extra)


def jwks_max_age(now: datetime | None = None) -> int:
    """Return for how many seconds the JWK Set may be cached: never past the end of one of its keys.

    At most `MCP_JWKS_MAX_AGE`; raises `Misconfigured`.
    """
    now = now or timezone.now()
    ends = [key.expires_at for key in published_keys.at(now) if key.expires_at]
    return min([policy.jwks_max_age(), *(int((end - now).total_seconds()) for end in ends)])


def _advertised_algorithms() -> list[str]:
    """Return what is signed with now, and what else is still verified by a published key."""
    configured = policy.signing_algorithms()
    try:
        published = {key.algorithm for key in published_keys.at(patience=SHORT_WAIT)}
    except Exception as error:
        # Most of this document is not about keys, so serve it while the database is down.
        if tracebacks.of(error, "algorithms"):
            logger.error(
                "The signing keys cannot be read; advertising MCP_SIGNING_ALGORITHMS only: %s%s",
                one_line(error),
                remedy(error),
                exc_info=error,
                extra={"event": "algorithms.unread"},
            )
        return configured
    return [*configured, *sorted(published.difference(configured))]


def _signed(document: Document, site: Site, typ: str) -> Document:
    """Add `signed_metadata` (RFC 9728 §2.2, RFC 8414 §2.1) where that is wanted and possible."""
    if not policy.signs_metadata():
        return document
    if not (site.is_pinned and isinstance(conf.MCP_ISSUER, str)):
        logger.warning(
            "Left signed_metadata out: nothing is signed for an issuer that is not pinned.",
            extra={"event": "signed_metadata.not_pinned"},
        )
        return document
    try:
        signature = signed_metadata.sign(document, site.issuer, typ)
    except AnyDatabaseError as error:
        text = f"Left signed_metadata out: {one_line(error)}{remedy(error)}"
        if tracebacks.of(error, "signed_metadata"):
            logger.warning("%s", text, extra={"event": "signed_metadata.unread"})
        return document
    except NoSigningKey as error:
        _log_left_out(str(error), typ, published_keys.reading())
        return document
    return {**document, "signed_metadata": signature}


@lru_cache(maxsize=64)
def _log_left_out(reason: str, typ: str, reading: object) -> None:
    # Not on every request: once for each reading of the key store.
    extra = {"event": "signed_metadata.no_key"}
    logger.warning("Left signed_metadata out: %s", one_line(reason), extra=extra)


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


def read_members(setting: str, members: object, site: Site, *path: object) -> Document:
    """Return the members at a `path` of keys in a setting, with endpoints as URLs.

    Raises `Misconfigured` for the first one that does not fit.
    """
    if not isinstance(members, Mapping):
        hint = f'Write, for example, {setting} = {{"scopes_supported": ["mcp"]}}.'
        raise misconfigured(setting, members, "expected a dict of members", hint, path=path)
    # What the identity settings say cannot be said a second time, in other words.
    identity, hint = _IDENTITY[setting]
    if identity in members:
        problem = f"{identity!r} is not for this place"
        raise misconfigured(setting, members, problem, hint, path=path)
    return {name: _read(setting, (*path, name), value, site) for name, value in members.items()}


_IDENTITY = {
    "MCP_AUTHORIZATION_SERVER_METADATA": ("issuer", "Leave it out, and set MCP_ISSUER instead."),
    "MCP_RESOURCE_METADATA": ("resource", "Leave it out, and set MCP_RESOURCE instead."),
    "MCP_RESOURCES": ("resource", "Leave it out: the key says which resource this is."),
}


def _read(setting: str, path: Sequence[Any], value: object, site: Site) -> object:
    """Return the value of the member at a path, checked; raises `Misconfigured`."""
    name = path[-1]
    is_server = setting == "MCP_AUTHORIZATION_SERVER_METADATA"
    table: Mapping[str, Check] = AUTHORIZATION_SERVER if is_server else PROTECTED_RESOURCE
    if _is_left_out(name, value):
        if not is_server and name == "authorization_servers":
            problem = "MCP clients need at least one authorization server"
            raise misconfigured(setting, value, problem, advice(table, name), path=path)
        return None
    if name in ENDPOINTS and name in table:
        return _endpoint(setting, path, value, site)
    try:
        check_member(table, name, value)
    except ValueError as error:
        raise misconfigured(setting, value, error, advice(table, name), path=path) from error
    return value


def _is_left_out(name: object, value: object) -> bool:
    """Say whether a member has no value, whatever its form."""
    # RFC 9728 §2: an empty list of these says that no method works, where None leaves it open.
    is_said = name == "bearer_methods_supported" and value is not None
    return not is_said and value in (None, "", [], ())


def _endpoint(setting: str, path: Sequence[Any], value: object, site: Site) -> str:
    """Return the URL of an endpoint given as absolute URL, as path or as name of a pattern."""
    try:
        if not isinstance(value, str):
            raise ValueError(f"expected a string, not {type(value).__name__}")
        if "://" in value or value.startswith("//"):
            return check_secure_url(value)
        if value.startswith("/"):
            check_secure_url(EXAMPLE_ORIGIN + value)
            return site.origin + value
        return site.url_for(value)
    except NoReverseMatch as error:
        problem = f"no URL pattern without arguments has this name ({error})"
        raise misconfigured(setting, value, problem, _ENDPOINT_FORMS, path=path) from error
    except ValueError as error:
        raise misconfigured(setting, value, error, _ENDPOINT_FORMS, path=path) from error
