"""Is any answer too large, too late, or compressed?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.steps.exchanges import compression, of_documents, plain
from mcp_oauth_discovery.doctor.steps.reach import REACH_CUT
from mcp_oauth_discovery.doctor.walk.observations import Walk

SLOW = 3.0

ANSWER_TOO_LARGE = Entry(
    code="answer-too-large",
    severity=Severity.ERROR,
    seen=_("The document is larger than 256 KiB; the rest was not read."),
    expected=_("a few kilobytes"),
    section="RFC 9728 §3.2",
    fix=_("Make the document smaller: the Go SDK reads at most 1 MiB."),
)
ANSWER_SLOW = Entry(
    code="answer-slow",
    severity=Severity.WARNING,
    seen=_("The answer took longer than three seconds."),
    expected=_("an answer within a second"),
    section="MCP authorization, discovery",
    clients=EVERY,
    fix=_("Find out what the site waits for: a database, another server, or a free worker."),
    django_fix=_(
        "Look for middleware that waits: of the documents of this app, only the keys need the "
        "database."
    ),
    explains=(REACH_CUT.code,),
)
ANSWER_ENCODED = Entry(
    code="answer-encoded",
    severity=Severity.WARNING,
    seen=_("The answer is compressed although the request does not allow it."),
    expected=_("no Content-Encoding for Accept-Encoding: identity"),
    section="RFC 9110 §12.5.3",
    clients=EVERY,
    fix=_("Compress answers only if Accept-Encoding of the request allows it."),
    django_fix=_(
        "Have the proxy, or the middleware that compresses, respect Accept-Encoding of the request."
    ),
)


def too_large(walk: Walk) -> Iterator[Finding]:
    for exchange in of_documents(walk):
        if exchange.answer and exchange.answer.is_cut:
            yield finding(ANSWER_TOO_LARGE, exchange.url)


def slow(walk: Walk) -> Iterator[Finding]:
    for exchange in plain(walk):
        # Clients wait for the redirects as well.
        seconds = sum(answer.seconds for answer in exchange.answers())
        if seconds > SLOW:
            text = gettext("The answer took %(seconds)s seconds.")
            yield finding(ANSWER_SLOW, exchange.url, text % {"seconds": f"{seconds:.1f}"})


def encoded(walk: Walk) -> Iterator[Finding]:
    for exchange in of_documents(walk):
        if observation := compression(exchange):
            yield finding(ANSWER_ENCODED, exchange.url, observation)


ENTRIES = (ANSWER_TOO_LARGE, ANSWER_SLOW, ANSWER_ENCODED)
RULES = (too_large, slow, encoded)
