"""How long do caches keep the documents, and does HEAD match GET?"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.outside import is_outside
from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.busy import all_served, served
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.probes import ask_with_head

DAY = 24 * 60 * 60
# Enough for any age or lifetime; Python refuses to read thousands of digits.
_DIGITS = 18
_LIFETIME = re.compile(r"(?:^|[\s,])(?:s-maxage|max-age)\s*=\s*\"?(\d+)", re.I)

CACHE_MISSING = Entry(
    code="cache-missing",
    severity=Severity.INFO,
    seen=_("A document does not say how long caches may keep it."),
    expected=_("Cache-Control with max-age or no-store"),
    section="RFC 9111 §4.2.2",
    fix=_(
        "Set Cache-Control of the document, such as max-age=3600: otherwise caches choose a "
        "lifetime themselves."
    ),
)
CACHE_LONG = Entry(
    code="cache-long",
    severity=Severity.WARNING,
    seen=_("A document may be cached for more than a day."),
    expected=_("minutes or hours"),
    section="RFC 9111 §5.2.2.1",
    fix=_("Lower max-age of the document, in the application or in the proxy."),
    django_fix=_("Lower MCP_METADATA_MAX_AGE or MCP_JWKS_MAX_AGE, or the proxy's own lifetime."),
)
CACHE_STALE = Entry(
    code="cache-stale",
    severity=Severity.WARNING,
    seen=_("A cache serves a document after its lifetime."),
    expected=_("Age below max-age"),
    section="RFC 9111 §4.2",
    fix=_("Purge the cache in front of the site, and have it respect Cache-Control."),
)
CACHE_VARY = Entry(
    code="cache-vary",
    severity=Severity.WARNING,
    seen=_("A document varies with everything, or with the cookie."),
    expected=_("no Vary: * and no Vary: Cookie"),
    section="RFC 9111 §4.1",
    fix=_("Answer requests for the public documents before sessions, logins and redirects."),
    django_fix=_(
        "Put DiscoveryMiddleware first in MIDDLEWARE, before session and CSRF middleware."
    ),
)
HEAD_DIFFERS = Entry(
    code="head-differs",
    severity=Severity.WARNING,
    seen=_("HEAD is answered differently from GET."),
    expected=_("the status and headers of GET"),
    section="RFC 9110 §9.3.2",
    fix=_("Allow HEAD at each URL where GET is allowed."),
)


def lifetimes(walk: Walk) -> Iterator[Finding]:
    for url, answer in _published(walk):
        longest, policy = lifetime(answer), answer.header("cache-control") or ""
        line = f"Cache-Control: {shown(policy)}." if policy else ""
        if longest is None and "no-cache" not in policy.lower():
            yield finding(CACHE_MISSING, url, line)
        elif longest is not None and longest > DAY:
            expires = answer.header("expires") or ""
            yield finding(CACHE_LONG, url, line if "age" in line else f"Expires: {shown(expires)}.")


def stale(walk: Walk) -> Iterator[Finding]:
    for url, answer in _published(walk):
        age, longest = answer.header("age") or "", lifetime(answer)
        if age.isdecimal() and longest is not None and int(age[:_DIGITS]) > longest:
            text = gettext("Age: %(age)s, of %(longest)d at most.")
            yield finding(CACHE_STALE, url, text % {"age": shown(age), "longest": longest})


def variants(walk: Walk) -> Iterator[Finding]:
    for url, answer in _published(walk):
        names = {name.strip().lower() for name in (answer.header("vary") or "").split(",")}
        if names & {"*", "cookie"}:
            yield finding(CACHE_VARY, url, f"Vary: {shown(answer.header('vary') or '')}.")


def heads(walk: Walk) -> Iterator[Finding]:
    """Report a HEAD without the status, the type or the tag of the GET."""
    for document, exchange in walk.heads:
        get, head = document.exchange.answer, served(exchange)
        if get is None or head is None:
            continue
        names = [name for name in ("content-type", "etag") if get.header(name) != head.header(name)]
        if head.status != get.status:
            observation = gettext("%(status)d to HEAD.") % {"status": head.status}
            yield finding(HEAD_DIFFERS, document.url, observation)
        elif names:
            observation = gettext("Different headers: %(names)s.") % {"names": ", ".join(names)}
            yield finding(HEAD_DIFFERS, document.url, observation)


def lifetime(answer: Answer) -> int | None:
    """Return how long a shared or private cache may keep an answer, if the answer says so."""
    policy = answer.header("cache-control") or ""
    if "no-store" in policy.lower():
        return 0
    spans = [int(digits[:_DIGITS]) for digits in _LIFETIME.findall(policy)]
    return max(spans) if spans else _until_expiry(answer)


def _until_expiry(answer: Answer) -> int | None:
    """Return the lifetime by the date in Expires, or None without the header."""
    expires = answer.header("expires")
    if expires is None:
        return None
    until = _instant(expires)
    sent = _instant(answer.header("date") or "") or time.time()
    # RFC 9111 §5.3: an invalid date, such as 0, is in the past.
    return max(int(until - sent), 0) if until else 0


def _instant(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def _published(walk: Walk) -> Iterator[tuple[str, Answer]]:
    """Yield the documents of this site; an outside provider knows when its own change."""
    yield from (
        (document.url, document.exchange.answer)
        for document in walk.published
        if document.exchange.answer and not is_outside(walk, document.url)
    )


def can_pass(walk: Walk) -> bool:
    return bool(walk.heads) and all_served(exchange for _, exchange in walk.heads)


STEP = Step(
    name="caching",
    title=_("Caching"),
    holds=_("short, explicit lifetimes; HEAD matches GET"),
    entries=(
        CACHE_MISSING,
        CACHE_LONG,
        CACHE_STALE,
        CACHE_VARY,
        HEAD_DIFFERS,
    ),
    rules=(lifetimes, stale, variants, heads),
    can_pass=can_pass,
    probes=(ask_with_head,),
)
