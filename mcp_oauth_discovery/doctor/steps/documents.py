"""Is each document a JSON object, labelled as one, and without members that say nothing?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.values import has_value
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Walk
from mcp_oauth_discovery.doctor.walk.well_known import Role

_TYPESCRIPT = (Client.TYPESCRIPT, Client.INSPECTOR)
_JSON = ("application/json", "application/jwk-set+json")


def unreadable(walk: Walk) -> Iterator[Finding]:
    """Report what was served with 200 and is no JSON object; the redirect to a page is enough."""
    for document in walk.asked:
        if document.reading.fault == "document-html" and document.exchange.hops:
            continue
        if document.exchange.intermediary:
            continue
        answer = document.exchange.answer
        is_encoded = answer is not None and answer.header("content-encoding") is not None
        if document.reading.fault and not is_encoded:
            detail = shown(document.reading.detail)
            clients: tuple[Client, ...] | None = None
            if walk.is_spare(document):
                # The TypeScript SDK stops at metadata that it cannot read; the others go on.
                clients = () if document.role is Role.JWKS else _TYPESCRIPT
            seen = f"200 with {detail}"
            yield finding(document.reading.fault, document.url, seen, clients=clients)


def marked(walk: Walk) -> Iterator[Finding]:
    """Report documents that begin with a byte order mark, which JSON does not allow."""
    for document in walk.asked:
        if document.reading.has_mark:
            clients = () if document.role is Role.JWKS else None
            yield finding("document-byte-order-mark", document.url, clients=clients)


def content_type(walk: Walk) -> Iterator[Finding]:
    for document in walk.published:
        answer = document.exchange.answer
        given = (answer.header("content-type") if answer else None) or ""
        allowed = _JSON if document.role is Role.JWKS else _JSON[:1]
        if given.partition(";")[0].strip().lower() not in allowed:
            seen = f"Content-Type: {shown(given)}." if given else "There is no Content-Type."
            yield finding("document-content-type", document.url, seen)


def without_value(walk: Walk) -> Iterator[Finding]:
    """Report members that are null or empty; the list of keys may be empty."""
    for document in walk.published:
        for name, value in document.told.items():
            if value is None:
                yield finding("document-null", document.url, f"{shown(name)} is null.")
            elif not has_value(value) and document.role is not Role.JWKS:
                seen = f"{shown(name)} is {shown(value) or 'an empty string'}."
                yield finding("document-empty", document.url, seen)


def duplicates(walk: Walk) -> Iterator[Finding]:
    for document in walk.published:
        for name in document.reading.duplicates:
            yield finding("document-duplicate", document.url, f"{shown(name)} is there twice.")


def cookies(walk: Walk) -> Iterator[Finding]:
    for document in walk.published:
        if names := _cookies(document):
            seen = f"Set-Cookie: {shown(', '.join(names))}."
            yield finding("document-cookie", document.url, seen)


def _cookies(document: Fetched) -> list[str]:
    answer = document.exchange.answer
    return [one.partition("=")[0] for one in answer.all("set-cookie")] if answer else []


RULES = (unreadable, marked, content_type, without_value, duplicates, cookies)
