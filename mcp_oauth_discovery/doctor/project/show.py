"""The documents as this project serves them for a host, each value with its source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_oauth_discovery.discovery import documents
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.project.captured_logs import kept
from mcp_oauth_discovery.doctor.project.provenance import (
    Source,
    key_sources,
    resource_sources,
    server_sources,
)
from mcp_oauth_discovery.doctor.transport.messages import Answer, Fault, Transport
from mcp_oauth_discovery.doctor.walk.reading import read
from mcp_oauth_discovery.doctor.walk.well_known import OAUTH, PRM
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.standards.identifiers import split, without_final_slash
from mcp_oauth_discovery.standards.well_known import JWKS

_VIEW = Source("view", "a view of the project")


@dataclass(frozen=True)
class Served:
    """One document as it is served: what came, and where its members come from."""

    url: str
    status: int
    cache_control: str
    members: Mapping[str, Any]
    sources: Mapping[str, Source]
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as a program reads it."""
        return {
            "url": self.url,
            "status": self.status,
            "cache_control": self.cache_control,
            "document": dict(self.members),
            "sources": {name: source._asdict() for name, source in self.sources.items()},
            "error": self.error,
        }


def served(site: Site, start: str, transport: Transport) -> list[Served]:
    """Return every document that requests to an origin, `start`, are answered with."""
    found = []
    for resource in site.resources:
        if resource.enabled:
            _, path, query, _ = split(resource.identifier)
            members = documents.resource_document(site, resource)
            url = f"{start}{PRM}{without_final_slash(path)}{query}"
            found.append(_ask(url, transport, members, resource_sources(resource)))
    if site.is_authorization_server:
        # It reads the keys: what is wrong with those is told with the documents.
        with kept([]):
            members = documents.authorization_server_metadata(site) or {}
        url = f"{start}{OAUTH}{without_final_slash(split(site.issuer).path)}"
        found.append(_ask(url, transport, members, server_sources(members)))
    return [*found, _ask(f"{start}{JWKS}", transport, None, key_sources())]


def lines(document: Served) -> Iterator[str]:
    """Yield a document as lines: the name, the value and the source of each member."""
    cached = f", Cache-Control: {visible(document.cache_control)}" if document.cache_control else ""
    yield f"{document.url}  ({document.status or 'no answer'}{cached})"
    for name, value in document.members.items():
        source = document.sources[name]
        yield f"  {visible(name)}: {visible(json.dumps(value, ensure_ascii=False))}"
        yield f"      {source.kind}: {visible(source.detail)}"
    if document.error:
        yield f"  error: {visible(document.error)}"


def _ask(
    url: str,
    transport: Transport,
    expected: Mapping[str, Any] | None,
    sources: Mapping[str, Source],
) -> Served:
    """Return what is at a URL; a member that the settings do not account for is a view's own."""
    outcome = transport.send("GET", url, (("Accept", "application/json"),))
    if not isinstance(outcome, Answer):
        return Served(url, 0, "", {}, {}, f"No answer: {outcome.reason}.")
    members = (read(outcome).members or {}) if outcome.status == 200 else {}
    told = {
        name: _VIEW if _is_strange(name, value, expected) else sources.get(name, _VIEW)
        for name, value in members.items()
    }
    cached = outcome.header("cache-control") or ""
    return Served(url, outcome.status, cached, members, told, _error(outcome))


def _error(answer: Answer) -> str:
    """Say what is at fault where the project fails, and what to do about it."""
    if answer.status < 500:
        return ""
    fault = answer.fault or Fault("The project answers with an error.", "Read the log of the site.")
    return f"{fault.seen.removesuffix('.')}. {fault.fix}".strip()


def _is_strange(name: str, value: object, expected: Mapping[str, Any] | None) -> bool:
    # Signed anew for each request.
    return expected is not None and name != "signed_metadata" and expected.get(name) != value
