"""The documents as this project serves them for a host, each value with its source."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.discovery import cards, documents
from mcp_oauth_discovery.discovery.card_entries import has_cards
from mcp_oauth_discovery.discovery.served import (
    CARD_TITLE,
    CATALOG_TITLE,
    KEYS_TITLE,
    RESOURCE_TITLE,
    SERVER_TITLE,
    Served,
    catalog_url,
    keys_url,
    resource_url,
    server_url,
)
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.output.words import labelled
from mcp_oauth_discovery.doctor.printing import readable, visible
from mcp_oauth_discovery.doctor.project.captured_logs import captured
from mcp_oauth_discovery.doctor.project.provenance import (
    Source,
    card_sources,
    catalog_sources,
    key_sources,
    resource_sources,
    server_sources,
)
from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure, Fault, Transport
from mcp_oauth_discovery.doctor.walk.reading import read
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.standards.identifiers import split

T = TypeVar("T")

_VIEW = _("a view of the project")


@dataclass(frozen=True)
class Sourced(Served):
    """A document as it is served, and the source of each member."""

    sources: Mapping[str, Source] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it for a program."""
        return {
            "url": self.url,
            "status": self.status,
            "cache_control": self.cache_control,
            "document": dict(self.members),
            "sources": {name: source._asdict() for name, source in self.sources.items()},
            "error": self.problem,
        }


def served(site: Site, start: str, transport: Transport) -> Iterator[Sourced]:
    """Yield every document of a site, as requests to the origin `start` get it."""
    request = partial(_request, start, transport)
    for resource in site.resources:
        if resource.enabled:
            members = documents.resource_document(site, resource)
            sources = resource_sources(resource)
            yield request(RESOURCE_TITLE, resource_url(resource), sources, members)
    if site.is_authorization_server:
        # This reads the keys. If that fails, the documents show the fault, so the log need not.
        with captured([]):
            members = documents.authorization_server_metadata(site) or {}
        yield request(SERVER_TITLE, server_url(site), server_sources(members), members)
    yield request(KEYS_TITLE, keys_url(site), key_sources())
    if has_cards():
        entries = _or_nothing(lambda: cards.configured_cards(site)) or []
        for entry in entries:
            members = _or_nothing(partial(cards.read_card, entry)) or {}
            # The settings may have tuples, which JSON sends as lists.
            sent = json.loads(json.dumps(members))
            yield request(CARD_TITLE, entry.url, card_sources(entry, members), sent)
        members = _or_nothing(lambda: cards.catalog(site)) or {}
        yield request(CATALOG_TITLE, catalog_url(site), catalog_sources(entries), members)


def _or_nothing(build: Callable[[], T | None]) -> T | None:
    """Return what a function builds, or None: the answer to the request shows a wrong setting."""
    with suppress(Misconfigured):
        return build()
    return None


def lines(document: Sourced) -> Iterator[str]:
    """Yield a document as lines: the name, the value and the source of each member."""
    cached = f", Cache-Control: {visible(document.cache_control)}" if document.cache_control else ""
    status = str(document.status) if document.status else gettext("no answer")
    yield f"{document.url}  ({status}{cached})"
    for name, value in document.members.items():
        source = document.sources[name]
        yield f"  {visible(name)}: {visible(json.dumps(value, ensure_ascii=False))}"
        yield f"      {labelled(gettext(source.kind))} {readable(source.detail)}"
    if document.problem:
        label = labelled(gettext("error"))
        yield f"  {label} {readable(document.problem)}"


def _request(
    start: str,
    transport: Transport,
    title: str,
    place: str,
    sources: Mapping[str, Source],
    expected: Mapping[str, Any] | None = None,
) -> Sourced:
    """Return the document at a place, requested from the origin `start`.

    If a member is not as `expected` from the settings, a view of the project has made it.
    """
    url = start + place[len(split(place).origin) :]
    answer = transport.send("GET", url, (("Accept", "application/json"),))
    if not isinstance(answer, Answer):
        return Sourced(title, url, problem=_unanswered(answer))
    members = (read(answer).members or {}) if answer.status == HTTPStatus.OK else {}
    view = Source("view", gettext(_VIEW))
    own = {
        name
        for name, value in members.items()
        # Each request gets a new signature.
        if expected is not None and name != "signed_metadata" and expected.get(name) != value
    }
    return Sourced(
        title,
        url,
        answer.status,
        answer.header("cache-control") or "",
        members,
        problem_of(answer) if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "",
        sources={name: view if name in own else sources.get(name, view) for name in members},
    )


def _unanswered(failure: Failure) -> str:
    return gettext("No answer: %(reason)s.") % {"reason": failure.reason}


def problem_of(answer: Answer) -> str:
    """Return what is wrong if the project fails, and what to do about it."""
    fault = answer.fault or Fault(
        gettext("The project answers with an error."), gettext("Read the log of the site.")
    )
    return f"{fault.problem.removesuffix('.')}. {fault.fix}".strip()
