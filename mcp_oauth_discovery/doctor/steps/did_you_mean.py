"""Is another URL the MCP endpoint, and not the one that was typed?

The site names an endpoint in a redirect, in its metadata, in its challenge or in a server card; the
project names it in its settings. The doctor contacts it on the typed origin only, and at another
name of this machine. In process, the typed URL is that of the settings.

| The typed URL | The other URL | Result |
|---|---|---|
| is named by the site | is not asked | nothing: the site is at fault |
| has no endpoint | answers 401 | `endpoint-elsewhere` |
| answers 401 | is this machine by another name, and answers 401 | `endpoint-elsewhere` |
| answers 401, or without a token | answers 401 | `endpoint-other` |
| has no endpoint, or redirects there | is on another origin | `endpoint-elsewhere` |
| is plain http | is the same with https | `endpoint-elsewhere` |
| anything | does not answer 401 | nothing |
| in process: has no endpoint | is like `/mcp`, and answers 401 | `endpoint-elsewhere` |
| in process: has no endpoint | answers 401 | `endpoint-other` |
"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.advice import command
from mcp_oauth_discovery.doctor.transport.reachability import host_of, is_exposed
from mcp_oauth_discovery.doctor.walk.acceptance import FINAL_SLASH, differing_parts
from mcp_oauth_discovery.doctor.walk.alternatives import has_no_endpoint, is_likely, requires_token
from mcp_oauth_discovery.doctor.walk.observations import Alternative, Walk
from mcp_oauth_discovery.doctor.walk.reading import is_html
from mcp_oauth_discovery.doctor.walk.redirects import target
from mcp_oauth_discovery.doctor.walk.tokens import OF_THE_REQUEST
from mcp_oauth_discovery.standards.identifiers import is_loopback, origin, split

ENDPOINT_ELSEWHERE = Entry(
    code="endpoint-elsewhere",
    severity=Severity.ERROR,
    seen=_("The MCP endpoint of this site is at another URL."),
    expected=_("the URL of the MCP endpoint"),
    section="MCP authorization, protected resource metadata",
    clients=EVERY,
    fix=_("Check the URL of the MCP endpoint instead, and give users that URL."),
    django_fix=_("Check the URL of the MCP endpoint instead, or correct MCP_RESOURCE."),
    explains=(
        "answers",
        "challenge",
        "documents",
        "protected-resource",
        "reach-plain-http",
        "endpoint-not-found",
        "endpoint-not-routed",
        "endpoint-open",
        "endpoint-parses-first",
        "endpoint-forbidden",
        "endpoint-csrf",
        "endpoint-method",
        "endpoint-html",
        "endpoint-get",
        "cors-endpoint",
        "cors-endpoint-closed",
        "cors-endpoint-preflight",
        "cors-endpoint-headers",
        "cors-endpoint-methods",
        "cors-exposed",
        "card-endpoint",
    ),
)
ENDPOINT_OTHER = Entry(
    code="endpoint-other",
    severity=Severity.INFO,
    seen=_("The site names another MCP endpoint."),
    expected=_("the URL of the MCP endpoint that you mean"),
    section="MCP authorization, protected resource metadata",
    fix=_("If you mean the other endpoint, check its URL instead."),
)


def elsewhere(walk: Walk) -> Iterator[Finding]:
    """Report the first URL that is an endpoint, or else the first that may be one."""
    for alternative in walk.alternatives:
        if alternative.exchange and requires_token(alternative.exchange):
            judge = _in_project if walk.in_process else _answered
            yield judge(walk, alternative)
            return
    for alternative in walk.alternatives:
        if alternative.exchange is None and _may_be_meant(walk, alternative.url):
            unasked = gettext("It was not contacted, as it is on another origin.")
            yield _instead(walk, alternative, unasked)
            return


def _answered(walk: Walk, alternative: Alternative) -> Finding:
    url = alternative.url
    if origin(url) == origin(walk.url) and _may_be_endpoint(walk):
        as_well = gettext("It answers 401 with a challenge as well.")
        fix = gettext("If you mean that endpoint, check it instead: %(command)s")
        fix %= {"command": command(url)}
        return finding(ENDPOINT_OTHER, walk.url, f"{alternative.source} {as_well}", fix=fix)
    return _instead(walk, alternative, gettext("It answers 401 with a challenge."))


def _in_project(walk: Walk, alternative: Alternative) -> Finding:
    seen = _seen(walk, alternative, gettext("It answers 401 with a challenge."))
    if is_likely(walk.url, alternative.url):
        entry = ENDPOINT_ELSEWHERE
        fix = gettext('Name the endpoint in the settings: MCP_RESOURCE = "%(url)s".')
    else:
        entry = ENDPOINT_OTHER
        fix = gettext(
            'If that is the MCP endpoint, name it in the settings: MCP_RESOURCE = "%(url)s".'
        )
    key = gettext("If the wrong URL is a key of MCP_RESOURCES, correct it there.")
    return finding(entry, walk.url, seen, fix=f"{fix % {'url': alternative.url}} {key}")


def _instead(walk: Walk, alternative: Alternative, evidence: str) -> Finding:
    url, seen = alternative.url, _seen(walk, alternative, evidence)
    fix = gettext("Check %(url)s instead, and give users that URL: %(command)s")
    fix %= {"url": url, "command": command(url)}
    return finding(ENDPOINT_ELSEWHERE, walk.url, seen, fix=fix)


def _seen(walk: Walk, alternative: Alternative, evidence: str) -> str:
    """Return how the typed URL answers, what names the other URL, and more evidence for it."""
    status = walk.post.status if walk.post else 0
    start = gettext("%(status)d to an empty POST without a token.") % {"status": status}
    endpoint = gettext("There is an MCP endpoint at %(url)s.") % {"url": shown(alternative.url)}
    return f"{start} {alternative.source or endpoint} {evidence}"


def _may_be_endpoint(walk: Walk) -> bool:
    """Return whether the typed URL may be an endpoint too: it wants a token, or none at all."""
    answer = walk.post.answer if walk.post else None
    if answer is None or answer.status == 401:
        return answer is not None
    is_open = answer.status in (*range(200, 300), *OF_THE_REQUEST) and not is_html(answer)
    # A bare origin is seldom an endpoint, and such sites often answer every path.
    return is_open and split(walk.url).path not in ("", "/")


def _may_be_meant(walk: Walk, url: str) -> bool:
    """Return whether a URL that was not contacted is better than the typed one."""
    parts = set(differing_parts(url, walk.url))
    if is_exposed(walk.url) and parts <= {"scheme", "port", FINAL_SLASH}:
        return True
    answer = walk.post.answer if walk.post else None
    is_redirect = answer is not None and target(answer) == url
    # A copy of the site on this machine may name the public one in its settings.
    is_copy = is_loopback(host_of(walk.url)) and not is_loopback(host_of(url))
    return is_redirect or (has_no_endpoint(walk.post) and not is_copy)


ENTRIES = (ENDPOINT_ELSEWHERE, ENDPOINT_OTHER)
RULES = (elsewhere,)
