"""How long do caches keep the documents, and does HEAD say what GET says?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.observations import Walk

DAY = 24 * 60 * 60
# As many digits as make an age or a lifetime; Python refuses to read some thousands.
_DIGITS = 18
_LIFETIME = re.compile(r"(?:^|[\s,])(?:s-maxage|max-age)\s*=\s*\"?(\d+)", re.I)


def lifetimes(walk: Walk) -> Iterator[Finding]:
    for url, answer in _published(walk):
        told = answer.header("cache-control")
        if not told and not answer.header("expires"):
            yield finding("cache-missing", url)
        elif (longest := lifetime(answer)) is not None and longest > DAY:
            yield finding("cache-long", url, f"Cache-Control: {shown(told or '')}.")


def stale(walk: Walk) -> Iterator[Finding]:
    for url, answer in _published(walk):
        age, longest = answer.header("age") or "", lifetime(answer)
        if age.isdecimal() and longest is not None and int(age[:_DIGITS]) > longest:
            yield finding("cache-stale", url, f"Age: {shown(age)}, of {longest} at most.")


def variants(walk: Walk) -> Iterator[Finding]:
    for url, answer in _published(walk):
        names = {one.strip().lower() for one in (answer.header("vary") or "").split(",")}
        if names & {"*", "cookie"}:
            yield finding("cache-vary", url, f"Vary: {shown(answer.header('vary') or '')}.")


def heads(walk: Walk) -> Iterator[Finding]:
    """Report a HEAD without the status, the type or the tag of the GET."""
    for document, exchange in walk.heads:
        get, head = document.exchange.answer, exchange.answer
        if get is None or head is None:
            continue
        names = [name for name in ("content-type", "etag") if get.header(name) != head.header(name)]
        if head.status != get.status:
            yield finding("head-differs", document.url, f"{head.status} to HEAD.")
        elif names:
            yield finding("head-differs", document.url, f"Other values of {', '.join(names)}.")


def lifetime(answer: Answer) -> int | None:
    """Return for how long a shared or private cache may keep an answer, if it says so."""
    told = answer.header("cache-control") or ""
    if "no-store" in told.lower():
        return 0
    spans = [int(one[:_DIGITS]) for one in _LIFETIME.findall(told)]
    return max(spans, default=None)


def _published(walk: Walk) -> Iterator[tuple[str, Answer]]:
    yield from ((one.url, one.exchange.answer) for one in walk.published if one.exchange.answer)


RULES = (lifetimes, stale, variants, heads)
