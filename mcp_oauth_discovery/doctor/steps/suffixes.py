"""Are unknown well-known URLs a 404?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.walk.observations import Walk, all_answered
from mcp_oauth_discovery.doctor.walk.probes import UNKNOWN_PATH, ask_unknown_addresses
from mcp_oauth_discovery.doctor.walk.reading import Unreadable, is_html

SUFFIX_ECHOED = Entry(
    code="suffix-echoed",
    severity=Severity.ERROR,
    seen=_("The metadata of an unknown path repeats the path."),
    expected="404",
    section="RFC 9728 §3.3, §7.3",
    fix=_(
        "Serve metadata only for the resources that the site has: do not build resource from the "
        "requested path."
    ),
)
SUFFIX_HTML = Entry(
    code="suffix-html",
    severity=Severity.WARNING,
    seen=_("An unknown well-known URL returns an HTML page."),
    expected="404",
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    fix=_("Exclude /.well-known/ from the catch-all route: a strict client stops at the page."),
)
SUFFIX_ANSWERED = Entry(
    code="suffix-answered",
    severity=Severity.WARNING,
    seen=_("An unknown well-known URL returns a document."),
    expected="404",
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    fix=_("Answer 404 at well-known URLs whose path belongs to no resource and no issuer."),
)


def unknown(walk: Walk) -> Iterator[Finding]:
    # A document that is a page has its own finding, with the same cause.
    pages = any(place.reading.fault is Unreadable.HTML for place in walk.tried)
    for exchange in walk.suffixes:
        answer = exchange.answer
        if answer is None or answer.status != 200:
            continue
        if is_html(answer):
            if not pages:
                yield finding(SUFFIX_HTML, exchange.url)
        elif UNKNOWN_PATH.encode() in answer.body:
            yield finding(SUFFIX_ECHOED, exchange.url)
        else:
            yield finding(SUFFIX_ANSWERED, exchange.url)


def can_pass(walk: Walk) -> bool:
    """Return whether the site itself answered each time, and not a rate limit.

    A site that refuses every request, for its host perhaps, has not shown that it serves documents.
    """
    is_limited = any(one.status == 429 or one.intermediary for one in walk.suffixes)
    return bool(walk.suffixes and walk.published) and all_answered(walk.suffixes) and not is_limited


STEP = Step(
    name="suffixes",
    title=_("Unknown addresses"),
    holds=_("unknown /.well-known/ paths return no document"),
    entries=(
        SUFFIX_ECHOED,
        SUFFIX_HTML,
        SUFFIX_ANSWERED,
    ),
    rules=(unknown,),
    can_pass=can_pass,
    probes=(ask_unknown_addresses,),
)
