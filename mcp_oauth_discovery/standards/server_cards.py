"""Server cards and the catalogue of a site: where they are, their types, members and identifiers.

They follow SEP-2127 with version 1 of its schema, and the AI Catalog as the discovery document of
the extension uses it. What these may still change is in this module alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mcp_oauth_discovery.standards.identifiers import (
    WELL_KNOWN,
    check_url,
    split,
    without_final_slash,
)
from mcp_oauth_discovery.standards.marking import Problem
from mcp_oauth_discovery.standards.marking import gettext_noop as _
from mcp_oauth_discovery.standards.member_forms import Check, check_json, check_string
from mcp_oauth_discovery.standards.metadata import Document

CATALOG = f"{WELL_KNOWN}ai-catalog.json"
# What follows the URL of an endpoint in the URL of its card.
CARD = "/server-card"

CARD_TYPE = "application/mcp-server-card+json"
CATALOG_TYPE = "application/ai-catalog+json"

SCHEMA = "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json"
CATALOG_VERSION = "1.0"

# What a project cannot set, because it follows from the resource.
FILLED_IN = ("$schema", "remotes")
REQUIRED = ("name", "version", "description")
REMOTE_TYPES = ("streamable-http", "sse")

_NAME = re.compile(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+\Z")
_LABEL = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\Z")
_VERSION_RANGE = re.compile(r"[\^~<>=*]|(?:\A|\.)[xX](?:\.|\Z)|\s-\s|\|\|")
_SIZE = re.compile(r"(?:any|[1-9][0-9]*x[1-9][0-9]*)\Z")
_REMOTE = re.compile(r"(?:https?://\S+|\{[a-zA-Z_][a-zA-Z0-9_]*\}\S*)\Z")
_DATA_IMAGE = re.compile(
    r"data:[\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*;base64,[A-Za-z0-9+/]+={0,2}\Z"
)
_META_PREFIX = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\Z")
_META_NAME = re.compile(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9._-]*[a-zA-Z0-9])?)?\Z")


def _text(most: int) -> Check:
    """Return a check of texts with 1 to `most` characters."""

    def check_text(value: object) -> None:
        check_string(value)
        if not 1 <= len(str(value)) <= most:
            text = _("expected 1 to %(most)d characters, not %(number)d")
            raise Problem(text, most=most, number=len(str(value)))

    return check_text


def check_name(value: object) -> None:
    """Refuse what is not a reverse DNS name, a slash and the name of a server."""
    _text(200)(value)
    namespace = str(value).partition("/")[0]
    if not _NAME.match(str(value)) or not all(map(_LABEL.match, namespace.split("."))):
        raise Problem(_("expected a reverse DNS name, a slash and the name of the server"))


def check_version(value: object) -> None:
    """Refuse what is not one version."""
    _text(255)(value)
    if _VERSION_RANGE.search(str(value)):
        raise Problem(_("expected one version, not a range"))


def check_source(value: object) -> None:
    """Refuse what is neither a URL nor an image in a `data:` URL."""
    check_string(value)
    if str(value).startswith("data:"):
        if not _DATA_IMAGE.match(str(value)):
            raise Problem(_("expected a data: URL with a media type and Base64"))
    else:
        check_url(value)


def _check_size(value: object) -> None:
    check_string(value)
    if not _SIZE.match(str(value)):
        text = _("expected sizes such as '48x48' or 'any', not %(value)s")
        raise Problem(text, value=repr(value))


def _check_sizes(value: object) -> None:
    if not isinstance(value, (list, tuple)):
        raise Problem(_("expected a list of sizes, not %(type)s"), type=type(value).__name__)
    for size in value:
        _check_size(size)


def _check_theme(value: object) -> None:
    if value not in ("light", "dark"):
        raise Problem(_("expected 'light' or 'dark', not %(value)s"), value=repr(value))


def _object(members: Mapping[str, Check], *required: str) -> Check:
    """Return a check of dicts with these members; unknown ones pass."""

    def check_object(value: object) -> None:
        if not isinstance(value, dict):
            raise Problem(_("expected a dict, not %(type)s"), type=type(value).__name__)
        for name in required:
            if name not in value:
                raise Problem(_("%(name)s is missing"), name=repr(name))
        for name, item in value.items():
            if name in members:
                try:
                    members[name](item)
                except ValueError as error:
                    raise _within(repr(name), error) from error

    return check_object


_check_icon = _object(
    {
        "src": check_source,
        "mimeType": check_string,
        "sizes": _check_sizes,
        "theme": _check_theme,
    },
    "src",
)
check_repository = _object(
    {
        "url": check_url,
        "source": check_string,
        "subfolder": check_string,
        "id": check_string,
    },
    "url",
    "source",
)


def check_icons(value: object) -> None:
    """Refuse what is not a list of icons."""
    if not isinstance(value, (list, tuple)):
        raise Problem(_("expected a list of icons, not %(type)s"), type=type(value).__name__)
    for icon in value:
        _check_icon(icon)


def _within(name: str, error: ValueError) -> Problem:
    """Return the error of a value, after the name of the value."""
    return Problem(_("%(name)s: %(problem)s"), name=name, problem=error)


def _check_remote_type(value: object) -> None:
    if value not in REMOTE_TYPES:
        text = _("expected 'streamable-http' or 'sse', not %(value)s")
        raise Problem(text, value=repr(value))


def _check_remote_url(value: object) -> None:
    check_string(value)
    if not _REMOTE.match(str(value)):
        raise Problem(_("expected a URL that starts with http://, https:// or a {variable}"))


_check_remote = _object({"type": _check_remote_type, "url": _check_remote_url}, "type", "url")


def check_remotes(value: object) -> None:
    """Refuse what is not a list of remotes."""
    if not isinstance(value, (list, tuple)):
        raise Problem(_("expected a list of remotes, not %(type)s"), type=type(value).__name__)
    for place, remote in enumerate(value):
        try:
            _check_remote(remote)
        except ValueError as error:
            raise _within(f"remotes[{place}]", error) from error


def check_meta(value: object) -> None:
    """Refuse a `_meta` whose names have no form that MCP allows."""
    if not isinstance(value, dict):
        raise Problem(_("expected a dict, not %(type)s"), type=type(value).__name__)
    for key in value:
        prefix, slash, name = str(key).rpartition("/")
        has_prefix = not slash or all(map(_META_PREFIX.match, prefix.split(".")))
        if not (has_prefix and _META_NAME.match(name)):
            text = _("%(name)s is not a name such as 'com.example/audience'")
            raise Problem(text, name=repr(key))


# The members of a card in their order, with a check for each. Others pass through, if JSON can
# carry them.
MEMBERS: Mapping[str, Check] = {
    "name": check_name,
    "version": check_version,
    "title": _text(100),
    "description": _text(100),
    "websiteUrl": check_url,
    "repository": check_repository,
    "icons": check_icons,
    "_meta": check_meta,
}

EXAMPLES: Mapping[str, str] = {
    "name": '"com.example/weather"',
    "version": '"1.0.0"',
    "description": '"Forecasts for any place."',
    "title": '"Weather"',
    "websiteUrl": '"https://example.com/weather"',
    "repository": '{"url": "https://github.com/example/weather", "source": "github"}',
    "icons": '[{"src": "https://example.com/icon.png", "mimeType": "image/png"}]',
    "_meta": '{"com.example/audience": "public"}',
}


def check_card_member(name: object, value: object) -> None:
    """Raise `ValueError` if a member of a card has a name or a value that is not allowed."""
    check_string(name)
    check_json(value)
    if name in MEMBERS:
        MEMBERS[str(name)](value)


def card_url(endpoint: str) -> str:
    """Return the URL of the card of an MCP server, by the URL of its endpoint."""
    parts = split(endpoint)
    return f"{parts.origin}{without_final_slash(parts.path)}{CARD}{parts.query}"


def server_card(endpoint: str, members: Mapping[str, Any]) -> Document:
    """Return the card of the MCP server at a URL."""
    remote = {"type": "streamable-http", "url": endpoint}
    in_order = {name: members[name] for name in MEMBERS if name in members}
    return {"$schema": SCHEMA, **in_order, **members, "remotes": [remote]}


def catalog_identifier(name: str) -> str:
    """Return the identifier of a card in a catalogue, by the name in the card.

    The domain is in its usual order there: `com.example/weather` is
    `urn:air:example.com:mcp:weather`.
    """
    namespace, _, server = name.partition("/")
    # RFC 4343: a domain is the same in capitals and small letters.
    domain = ".".join(reversed(namespace.lower().split(".")))
    return f"urn:air:{domain}:mcp:{server}"


def is_identifier_of(identifier: object, name: str) -> bool:
    """Return whether an identifier in a catalogue fits the name in a card.

    AI Catalog leaves open which segments stand between the domain and the name. Its version 0.9
    has the kind `mcp` after the name.
    """
    domain, _, server = catalog_identifier(name).rpartition(":mcp:")
    start, text = f"{domain}:", str(identifier)
    # RFC 8141 §2, RFC 4343: neither `urn:air:` nor a domain depends on the case of its letters.
    is_of_domain = text.lower().startswith(start.lower())
    segments = text[len(start) :].split(":")
    has_kind_last = len(segments) > 1 and segments[-1] == "mcp"
    return is_of_domain and segments[-2 if has_kind_last else -1] == server


def catalog_entry(card: Mapping[str, Any], url: str) -> Document:
    """Return the entry of a card in a catalogue; `url` is that of the card."""
    return {
        "identifier": catalog_identifier(card["name"]),
        # Clients such as hf-discover refuse a catalogue with an entry that has no name.
        "displayName": card.get("title", card["name"]),
        "type": CARD_TYPE,
        "url": url,
    }


def catalog(entries: Sequence[Document]) -> Document:
    """Return a catalogue with these entries."""
    return {"specVersion": CATALOG_VERSION, "entries": list(entries)}
