"""Is there nothing at addresses that belong to nobody?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.probes import NOBODYS_PATH
from mcp_oauth_discovery.doctor.walk.reading import is_html


def unknown(walk: Walk) -> Iterator[Finding]:
    # Where a document itself is a page, that says it all.
    pages = any(one.reading.fault == "document-html" for one in walk.asked)
    for exchange in walk.suffixes:
        answer = exchange.answer
        if answer is None or answer.status != 200:
            continue
        if is_html(answer):
            if not pages:
                yield finding("suffix-html", exchange.url)
        elif NOBODYS_PATH.encode() in answer.body:
            yield finding("suffix-echoed", exchange.url)
        else:
            yield finding("suffix-answered", exchange.url)


RULES = (unknown,)
