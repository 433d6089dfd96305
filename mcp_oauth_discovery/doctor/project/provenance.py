"""The source of each value in the documents: a setting, the request, a default or the keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mcp_oauth_discovery.conf import conf, names_in_settings
from mcp_oauth_discovery.discovery.card_entries import SERVER, SETTING
from mcp_oauth_discovery.discovery.cards import Configured
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.identity import Resource
from mcp_oauth_discovery.standards.members import ENDPOINTS

_SERVER = "MCP_AUTHORIZATION_SERVER_METADATA"
_SIGNING = "MCP_SIGNING_ALGORITHMS"
_HOST = _("the scheme and host of the request")
# The kinds of sources in `--json`. For people, `show` translates them.
KINDS = (
    _("setting"),
    _("request"),
    _("default"),
    _("derived"),
    _("keys"),
    _("server"),
    _("view"),
)


class Source(NamedTuple):
    """The kind of source of a value, one of `KINDS`, and its name in words."""

    kind: str
    detail: str


def resource_sources(resource: Resource) -> dict[str, Source]:
    """Return the source of each member that the metadata of a resource can have."""
    if conf.MCP_AUTHORIZATION_SERVERS is not None:
        servers = Source("setting", "MCP_AUTHORIZATION_SERVERS")
    elif conf.MCP_ISSUER is None:
        servers = _issuer()
    else:
        servers = Source("default", _from(gettext("the issuer, from %(source)s")))
    return {
        "resource": _of_resource(resource),
        "authorization_servers": servers,
        "bearer_methods_supported": Source("default", gettext("the only method of MCP")),
        **_of_members("MCP_RESOURCE_METADATA", conf.MCP_RESOURCE_METADATA),
        **_of_members(f"MCP_RESOURCES[{resource.key!r}]", resource.members),
        "signed_metadata": Source("keys", "MCP_SIGNED_METADATA"),
    }


def server_sources(names: Mapping[str, Any]) -> dict[str, Source]:
    """Return the source of each member of the authorization server metadata."""
    default = _derived(
        gettext("a default path at the scheme and host of the request"),
        Source("default", _from(gettext("from %(source)s"))),
    )
    constant = Source("default", gettext("for MCP clients"))
    name = {"setting": _SIGNING}
    if _SIGNING in names_in_settings():
        algorithms = Source("setting", gettext("%(setting)s, and the keys") % name)
    else:
        algorithms = Source("default", gettext("that of %(setting)s, and the keys") % name)
    joined = ("authorization_endpoint", "token_endpoint", "registration_endpoint", "jwks_uri")
    return {
        **dict.fromkeys(names, constant),
        **dict.fromkeys(joined, default),
        "issuer": _issuer(),
        "id_token_signing_alg_values_supported": algorithms,
        **_of_members(_SERVER, conf.MCP_AUTHORIZATION_SERVER_METADATA),
        "signed_metadata": Source("keys", "MCP_SIGNED_METADATA"),
    }


def key_sources() -> dict[str, Source]:
    """Return the source of the members of a JWK Set."""
    return {"keys": Source("keys", "manage.py mcp_keys list")}


def card_sources(entry: Configured, card: Mapping[str, Any]) -> dict[str, Source]:
    """Return the source of each member of a card, by its entry in `MCP_SERVER_CARDS`."""
    own = Source("setting", f"{SETTING}[{entry.key!r}]")
    # Empty values do not count, so an equal value is the one that is published.
    sources = {
        name: own if entry.members.get(name) == value else _of_server(entry)
        for name, value in card.items()
    }
    resource = _of_resource(entry.resource)
    detail = gettext("the resource, %(source)s") % {"source": resource.detail}
    derived = Source("derived", detail)
    return {
        **sources,
        "$schema": Source("derived", gettext("the version of the schema")),
        "remotes": resource if resource.kind == "request" else derived,
    }


def catalog_sources(cards: Iterable[Configured]) -> dict[str, Source]:
    """Return the source of each member of the catalogue."""
    kinds = {_of_resource(entry.resource).kind for entry in cards}
    derived = Source("derived", gettext("the server cards"))
    detail = gettext("the server cards, at the scheme and host of the request")
    of_request = Source("request", detail)
    return {
        "specVersion": Source("derived", gettext("the version of the specification")),
        "entries": of_request if "request" in kinds else derived,
    }


def _of_server(entry: Configured) -> Source:
    return Source("server", str(entry.members.get(SERVER)))


def _issuer() -> Source:
    if conf.MCP_ISSUER is None:
        return Source("request", gettext(_HOST))
    return _setting("MCP_ISSUER", conf.MCP_ISSUER)


def _of_resource(resource: Resource) -> Source:
    if resource.key is not None and not resource.key.startswith("/"):
        return Source("setting", "MCP_RESOURCES")
    if resource.key is not None:
        detail = _from(gettext("MCP_RESOURCES, on the origin from %(source)s"))
        return _derived(_at_request("MCP_RESOURCES"), Source("setting", detail))
    if conf.MCP_RESOURCE is not None:
        return _setting("MCP_RESOURCE", conf.MCP_RESOURCE)
    return _derived(
        gettext("/mcp at the scheme and host of the request"),
        Source("default", _from(gettext("/mcp below the issuer, from %(source)s"))),
    )


def _of_members(setting: str, members: Mapping[str, Any]) -> dict[str, Source]:
    written = Source("setting", setting)
    joined = _derived(_at_request(setting), written)
    return {
        name: joined if name in ENDPOINTS and "://" not in value else written
        for name, value in members.items()
        if value is not None
    }


def _derived(of_request: str, pinned: Source) -> Source:
    """Return the source of a value that starts with the origin of this site."""
    return Source("request", of_request) if conf.MCP_ISSUER is None else pinned


def _from(text: str) -> str:
    """Return a text with the source of the issuer."""
    return text % {"source": _issuer().detail}


def _at_request(setting: str) -> str:
    text = gettext("%(setting)s, at the scheme and host of the request")
    return text % {"setting": setting}


def _setting(name: str, value: object) -> Source:
    if not callable(value):
        return Source("setting", name)
    return Source("setting", gettext("%(setting)s, called with the request") % {"setting": name})
