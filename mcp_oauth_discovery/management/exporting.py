"""Export the documents as this project serves them: collect, compare and write them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from django.core.management.base import CommandError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from mcp_oauth_discovery.checks.routes import is_discovery, match_at, serving_urlconf
from mcp_oauth_discovery.conf import conf, fixed_script_prefix, shown
from mcp_oauth_discovery.cors import DOCUMENT_HEADERS
from mcp_oauth_discovery.discovery.card_entries import has_cards
from mcp_oauth_discovery.discovery.cards import configured_cards
from mcp_oauth_discovery.discovery.documents import announces_keys, described_resource
from mcp_oauth_discovery.discovery.export_directory import Changes, ExportDirectory, Obstacle
from mcp_oauth_discovery.discovery.exported import Document, Export
from mcp_oauth_discovery.discovery.responses import JSON, error_response, preflight_response
from mcp_oauth_discovery.discovery.served import (
    catalog_url,
    keys_url,
    resource_url,
    server_url,
)
from mcp_oauth_discovery.discovery.web_servers import WEB_SERVERS
from mcp_oauth_discovery.doctor.project import endpoints
from mcp_oauth_discovery.doctor.project.in_process import DjangoTransport
from mcp_oauth_discovery.doctor.project.show import problem_of
from mcp_oauth_discovery.doctor.transport.messages import SIZE_LIMIT, Answer, Transport
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.standards.identifiers import split, without_final_slash
from mcp_oauth_discovery.standards.well_known import AUTHORIZATION_SERVER, PROTECTED_RESOURCE

_INCLUDE = gettext_lazy(
    'Write path("", include("mcp_oauth_discovery.urls")) first in ROOT_URLCONF.'
)
_ISSUER = gettext_lazy('Write the URL of this site: MCP_ISSUER = "https://app.example.com".')
_RESOURCE = gettext_lazy('Write a URL: MCP_RESOURCE = "https://app.example.com/mcp".')
# What the app sends with each document. Other headers are those of the project's middleware.
_HEADERS = ("Content-Type", "Cache-Control", "X-Content-Type-Options", *DOCUMENT_HEADERS)
# What the app adds to a document with a media type of its own. It also adds Vary, but a file is the
# same for every Accept, so caches need only one copy.
_EXPOSED = "Access-Control-Expose-Headers"


class _Place(NamedTuple):
    """Where a document is, whether the site needs it, and the type to ask for."""

    url: str
    is_needed: bool = True
    accept: str = JSON


@dataclass(frozen=True)
class Exporting:
    """An export to a directory, and what it changes there."""

    directory: ExportDirectory
    kind: str
    export: Export
    files: Mapping[str, bytes]
    changes: Changes

    def write(self) -> None:
        """Write the files; raises `CommandError`."""
        with _explained(self.directory.path):
            self.directory.write(self.files, self.changes)

    def as_json(self) -> dict[str, Any]:
        """Return the export and its changes for `--json`."""
        names = self.export.names()
        return {
            "directory": str(self.directory.path),
            "format": self.kind,
            "documents": [
                {
                    "path": document.path,
                    "file": names[document.path],
                    "cache_control": document.headers["Cache-Control"],
                }
                for document in self.export.documents
            ],
            **vars(self.changes),
        }

    def lines(self) -> Iterator[str]:
        """Yield the lines to print: each change, the numbers, and how to use the configuration."""
        yield from self._changes((_("added"), _("changed"), _("removed")))
        number, path = len(self.files), self.directory.path
        text = ngettext(
            "%(number)d file in %(path)s: %(changes)s.",
            "%(number)d files in %(path)s: %(changes)s.",
            number,
        )
        yield text % {"number": number, "path": path, "changes": self.changes}
        server = WEB_SERVERS.get(self.kind)
        if server is not None:
            line = server.include.format(f'"{self.directory.path / server.name}"')
            text = _("The configuration of your site needs this line: %(line)s")
            yield text % {"line": line}
            if server.name in {*self.changes.added, *self.changes.changed}:
                yield _("The configuration is new: reload %(server)s.") % {"server": self.kind}

    def faults(self) -> Iterator[str]:
        """Yield a line for each file that is not as an export would write it."""
        yield from self._changes((_("missing"), _("out of date"), _("no longer exported")))

    def _changes(self, labels: Iterable[str]) -> Iterator[str]:
        for label, names in zip(labels, vars(self.changes).values(), strict=True):
            yield from (f"{label}: {name}" for name in names)


def exporting(path: Path, kind: str | None) -> Exporting:
    """Return the export of this site to a directory, compared with what is there.

    `kind` is the format, or None for that of the last export. This writes nothing. Raises
    `CommandError` if a document cannot be exported, or if the directory cannot be used.
    """
    start = endpoints.origin_of(None)
    urlconf = serving_urlconf()
    export = _collect(endpoints.site_at(start, urlconf), start, urlconf)
    # nginx and Caddy do not run in the directory of this process.
    path = path.absolute()
    with _explained(path):
        directory = ExportDirectory(path)
        kind = kind or directory.kind or "files"
        server = WEB_SERVERS.get(kind)
        others = {server.name: server.configuration(export, path)} if server else {}
        files = export.files(kind, others)
        return Exporting(directory, kind, export, files, directory.compare(files))


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        text = _("%(path)s cannot be used: %(reason)s.") % {"path": path, "reason": error}
        raise CommandError(text) from error
    except (Obstacle, ValueError) as error:
        raise CommandError(str(error)) from error


def _collect(site: Site, start: str, urlconf: Any) -> Export:
    """Return what requests to the origin `start` get; raises `CommandError`."""
    # Do not limit the time of all requests together: a site may have any number of resources.
    transport = DjangoTransport(budget=math.inf)
    documents = []
    for path, place in {_path(place.url): place for place in _places(site)}.items():
        _check_view(path, urlconf)
        documents.append(_document(start, path, transport, place))
    request = HttpRequest()
    refusal = error_response(request, HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed")
    return Export(
        tuple(document for document in documents if document is not None),
        dict(preflight_response(request).items()),
        {name: value for name, value in refusal.items() if name != "Content-Length"},
        refusal.content.decode(),
    )


def _places(site: Site) -> Iterator[_Place]:
    """Yield the places of all documents that the site has."""
    yield from map(_Place, _metadata_urls(site))
    yield _Place(keys_url(site), is_needed=announces_keys(site))
    if has_cards() and (cards := configured_cards(site)):
        for url in (*(card.url for card in cards), catalog_url(site)):
            # A file has only one type: that for clients without a preference.
            yield _Place(url, accept="*/*")


def _metadata_urls(site: Site) -> Iterator[str]:
    """Yield the URLs of both kinds of metadata, those at the root included."""
    for resource in site.resources:
        if resource.enabled:
            yield resource_url(resource)
    if described_resource(site, None) is not None:
        yield site.origin + PROTECTED_RESOURCE
    if site.is_authorization_server:
        yield server_url(site)
        yield site.origin + AUTHORIZATION_SERVER


def _path(url: str) -> str:
    parts = split(url)
    if parts.query:
        problem = _("%(url)s has a query, but a file is the same for every query.") % {"url": url}
        advice = _("Give the resource another path.")
        raise CommandError(f"{problem} {advice}")
    return without_final_slash(parts.path)


def _check_view(path: str, urlconf: Any) -> None:
    """Raise `CommandError` unless a `DiscoveryView` answers at a path."""
    decoded, prefix = unquote(path), fixed_script_prefix()
    path_info = decoded[len(prefix) - 1 :] if decoded.startswith(prefix) else decoded
    match = match_at(path_info, urlconf)
    if match is None:
        problem = _("No view answers at %(path)s.") % {"path": path}
        raise CommandError(f"{problem} {_INCLUDE}")
    if not is_discovery(match.func):
        values = {"path": path, "view": match._func_path}  # noqa: SLF001
        problem = _("Another view answers at %(path)s: %(view)s.") % values
        raise CommandError(f"{problem} {_INCLUDE}")


def _document(start: str, path: str, transport: Transport, place: _Place) -> Document | None:
    """Return the document at a path, or None if it is a 404 and not needed."""
    answer = transport.send("GET", start + path, (("Accept", place.accept),))
    if not isinstance(answer, Answer):
        text = _("%(path)s gives no answer: %(reason)s.")
        raise CommandError(text % {"path": path, "reason": answer.reason})
    if answer.fault is not None or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        text = _("%(path)s cannot be exported.") % {"path": path}
        raise CommandError(f"{text} {problem_of(answer)}")
    if answer.status == HTTPStatus.NOT_FOUND and not place.is_needed:
        return None
    if answer.status != HTTPStatus.OK:
        text = _(
            "%(path)s cannot be exported: the status is %(status)d. Run 'manage.py mcp_discovery "
            "check'."
        )
        raise CommandError(text % {"path": path, "status": answer.status})
    if answer.is_cut:
        text = _("%(path)s is longer than %(number)d octets, which no client needs.")
        raise CommandError(text % {"path": path, "number": SIZE_LIMIT})
    if not (answer.header("Cache-Control") or "").startswith("public"):
        text = _("%(path)s depends on the request.") % {"path": path}
        raise CommandError(f"{text} {_how_to_pin()}")
    names = _HEADERS if place.accept == JSON else (*_HEADERS, _EXPOSED)
    headers = {name: answer.header(name) for name in names}
    return Document(path, answer.body, {k: v for k, v in headers.items() if v is not None})


def _how_to_pin() -> str:
    """Return which setting makes documents depend on the request, and what to type."""
    for setting, value, hint in (
        ("MCP_ISSUER", conf.MCP_ISSUER, _ISSUER),
        ("MCP_RESOURCE", conf.MCP_RESOURCE, _RESOURCE),
    ):
        if callable(value) or (setting == "MCP_ISSUER" and value is None):
            values = {"setting": setting, "value": shown(value)}
            text = _("%(setting)s is %(value)s: expected a string.") % values
            return f"{text} {hint}"
    return _(
        "If two entries of MCP_RESOURCES have the same path, give one of them another path. "
        "Otherwise a view of the project adds data of the request."
    )
