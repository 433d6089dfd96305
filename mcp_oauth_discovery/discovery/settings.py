"""The settings of the documents, read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import NoReverseMatch

from mcp_oauth_discovery.conf import Misconfigured, conf
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.keys.policy import whole_seconds
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
# The member that another setting sets, and what to do instead.
_IDENTITY = {
    "MCP_AUTHORIZATION_SERVER_METADATA": ("issuer", "Leave it out, and set MCP_ISSUER instead."),
    "MCP_RESOURCE_METADATA": ("resource", "Leave it out, and set MCP_RESOURCE instead."),
    "MCP_RESOURCES": ("resource", "Leave it out: the key is the identifier."),
}


def read_members(setting: str, members: object, site: Site, *path: object) -> Document:
    """Return the members at `path` in a setting, with endpoints as URLs.

    Raises `Misconfigured` for the first invalid member.
    """
    if not isinstance(members, Mapping):
        hint = f'Write, for example, {setting} = {{"scopes_supported": ["mcp"]}}.'
        raise Misconfigured.of(setting, members, "expected a dict of members", hint, path=path)
    # Identifiers are set in `MCP_ISSUER`, `MCP_RESOURCE` and the keys of `MCP_RESOURCES` only.
    identity, hint = _IDENTITY[setting]
    if identity in members:
        problem = f"{identity!r} cannot be set here"
        raise Misconfigured.of(setting, members, problem, hint, path=path)
    return {name: _read(setting, (*path, name), value, site) for name, value in members.items()}


def _read(setting: str, path: Sequence[Any], value: object, site: Site) -> object:
    """Return the value of the member at a path, checked; raises `Misconfigured`."""
    name = path[-1]
    is_server = setting == "MCP_AUTHORIZATION_SERVER_METADATA"
    table: Mapping[str, Check] = AUTHORIZATION_SERVER if is_server else PROTECTED_RESOURCE
    hint = advice(table, name)
    # RFC 9728 §2: an empty list of these methods means that none works. It is a value.
    if value in (None, "", [], ()) and (name != "bearer_methods_supported" or value is None):
        if is_server or name != "authorization_servers":
            return None
        problem = "MCP clients need at least one authorization server"
        raise Misconfigured.of(setting, value, problem, hint, path=path)
    try:
        if name in ENDPOINTS and name in table:
            hint = _ENDPOINT_FORMS
            return site.endpoint_url(value)
        check_member(table, name, value)
    except NoReverseMatch as error:
        problem = f"no URL pattern without arguments has this name ({error})"
        raise Misconfigured.of(setting, value, problem, hint, path=path) from error
    except ValueError as error:
        raise Misconfigured.of(setting, value, error, hint, path=path) from error
    return value


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
