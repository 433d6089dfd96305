"""The settings of the documents, read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import NoReverseMatch

from mcp_oauth_discovery.conf import Misconfigured, conf
from mcp_oauth_discovery.identity import EXAMPLE_ORIGIN, Site
from mcp_oauth_discovery.keys.policy import whole_seconds
from mcp_oauth_discovery.standards.identifiers import check_secure_url
from mcp_oauth_discovery.standards.member_forms import Check
from mcp_oauth_discovery.standards.members import (
    AUTHORIZATION_SERVER,
    ENDPOINTS,
    PROTECTED_RESOURCE,
    advice,
    check_member,
)
from mcp_oauth_discovery.standards.metadata import Document

_ENDPOINT_FORMS = (
    "Write an absolute https URL, a path that begins with '/', or the name of a URL pattern "
    "such as 'oauth2_provider:token'."
)


def read_members(setting: str, members: object, site: Site, *path: object) -> Document:
    """Return the members at a `path` of keys in a setting, with endpoints as URLs.

    Raises `Misconfigured` for the first one that does not fit.
    """
    if not isinstance(members, Mapping):
        hint = f'Write, for example, {setting} = {{"scopes_supported": ["mcp"]}}.'
        raise Misconfigured.of(setting, members, "expected a dict of members", hint, path=path)
    # What the identity settings say cannot be said a second time, in other words.
    identity, hint = _IDENTITY[setting]
    if identity in members:
        problem = f"{identity!r} is not for this place"
        raise Misconfigured.of(setting, members, problem, hint, path=path)
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
            raise Misconfigured.of(setting, value, problem, advice(table, name), path=path)
        return None
    if name in ENDPOINTS and name in table:
        return _endpoint(setting, path, value, site)
    try:
        check_member(table, name, value)
    except ValueError as error:
        raise Misconfigured.of(setting, value, error, advice(table, name), path=path) from error
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
        raise Misconfigured.of(setting, value, problem, _ENDPOINT_FORMS, path=path) from error
    except ValueError as error:
        raise Misconfigured.of(setting, value, error, _ENDPOINT_FORMS, path=path) from error


def metadata_max_age() -> int:
    """Return `MCP_METADATA_MAX_AGE` in seconds; raises `Misconfigured`."""
    return whole_seconds("MCP_METADATA_MAX_AGE", conf.MCP_METADATA_MAX_AGE)


def signs_metadata() -> bool:
    """Return `MCP_SIGNED_METADATA`; raises `Misconfigured`."""
    value: object = conf.MCP_SIGNED_METADATA
    if not isinstance(value, bool):
        hint = "Write MCP_SIGNED_METADATA = True, or leave it out."
        raise Misconfigured.of("MCP_SIGNED_METADATA", value, "expected True or False", hint)
    return value
