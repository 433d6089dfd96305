"""Does authorization_servers name a server that is not there?

The findings about each of its addresses are true, but their advice is for the owner of that server.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.clients import EVERY, Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import phrase, shown
from mcp_oauth_discovery.doctor.steps.outside import (
    WRONG_HOST,
    WRONG_ISSUER,
    form_of,
    is_outside,
    readvised,
)
from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.reading import Unreadable, gist
from mcp_oauth_discovery.standards.identifiers import origin

# The failures of a wrong host. Others are those of a right one.
_OF_HOSTS = (Trouble.NAME, Trouble.REFUSED, Trouble.TLS, Trouble.TIMEOUT)

# Consequences of a wrong issuer.
OF_THE_ISSUER = ("as-unusable", "as-not-found", "as-elsewhere")

AS_UNUSABLE = Entry(
    code="as-unusable",
    severity=Severity.ERROR,
    seen=_("authorization_servers names a server that has no metadata."),
    expected=_("the issuer of the server that issues the tokens"),
    section="RFC 9728 §2, RFC 8414 §3",
    clients=EVERY,
    fix=_("Correct the issuer in authorization_servers. If it is right, have its server answer."),
    django_fix=_(
        "Correct the issuer in MCP_ISSUER or MCP_AUTHORIZATION_SERVERS. If it is right, have its "
        "server answer."
    ),
    explains=(
        "reach-name",
        "reach-refused",
        "reach-tls",
        "reach-timeout",
        "reach-broken",
        "answers",
        "documents",
    ),
)

AS_NOT_FOUND = Entry(
    code="as-not-found",
    severity=Severity.ERROR,
    seen=_("No address that clients try has the metadata of the issuer."),
    expected=_("the document at the well-known URL of the issuer"),
    section="RFC 8414 §3",
    clients=EVERY,
    fix=_(
        "Correct the issuer in authorization_servers, or serve the metadata at "
        "/.well-known/oauth-authorization-server followed by the issuer's path."
    ),
    django_fix=_(
        "Correct MCP_ISSUER or MCP_AUTHORIZATION_SERVERS, or serve the metadata at "
        "/.well-known/oauth-authorization-server followed by the issuer's path."
    ),
    explains=("answers", "documents"),
)


def absent(walk: Walk) -> Iterator[Finding]:
    """Report an issuer whose addresses all answer 404."""
    for server in walk.servers:
        if server.metadata is None and all(place.is_absent for place in server.documents):
            tried = ", ".join(place.url for place in server.documents)
            observation = gettext("404 at %(urls)s.") % {"urls": shown(tried)}
            clients, correction = None, ""
            issuer = server.last.content.get("issuer") if server.last else None
            if server.last and issuer == server.issuer:
                place = gettext("It is at %(url)s, where only the Rust SDK looks.")
                observation += f"\n{place % {'url': shown(server.last.url)}}"
                clients = tuple(client for client in EVERY if client is not Client.RUST)
            elif server.last and isinstance(issuer, str):
                values = {"url": shown(server.last.url), "issuer": shown(issuer)}
                place = gettext("The issuer in %(url)s is %(issuer)s.")
                observation += f"\n{place % values}"
                correction = gettext("If tokens come from %(issuer)s, name that issuer.")
                correction = f"{correction % values} "
            result = finding(
                AS_NOT_FOUND,
                server.issuer,
                observation,
                clients=clients,
                correction=correction,
                at=origin(server.issuer),
            )
            # On the origin of the endpoint, other findings have causes of their own.
            is_elsewhere = origin(server.issuer) != origin(walk.url)
            result = result if is_elsewhere else replace(result, explains=(), at="")
            yield readvised(
                walk, result, f"{correction}{gettext(WRONG_ISSUER)}{form_of(server.issuer)}"
            )


def unusable(walk: Walk) -> Iterator[Finding]:
    """Report an issuer on another origin that does not answer, or whose answer is a page."""
    for server in walk.servers:
        if walk.resource is None or server.metadata or not is_outside(walk, server.issuer):
            continue
        for exchange in (place.exchange for place in server.documents):
            outcome = exchange.outcome
            if isinstance(outcome, Failure):
                is_wrong, fix = outcome.trouble in _OF_HOSTS, WRONG_HOST
                sentence = gettext(
                    "authorization_servers names %(issuer)s, which does not answer: %(answer)s."
                )
                answer = phrase(outcome.reason)
            else:
                is_wrong, fix = exchange.reading.fault is Unreadable.HTML, WRONG_ISSUER
                sentence = gettext(
                    "authorization_servers names %(issuer)s, which answers with %(answer)s."
                )
                answer = gist(outcome)
            if is_wrong and not exchange.intermediary:
                yield finding(
                    AS_UNUSABLE,
                    walk.resource.url,
                    sentence % {"issuer": shown(server.issuer), "answer": answer},
                    fix=f"{gettext(fix)}{form_of(server.issuer)}",
                    at=origin(server.issuer),
                )
                break


def with_common_cause(mismatch: Finding, walk: Walk, resource: str) -> Finding:
    """Return a finding about `resource`, with better advice if the issuers have its origin too.

    Both then come from one wrong setting, which is most likely that of the issuer.
    """
    issuers = [*(server.issuer for server in walk.servers), *walk.elsewhere]
    start = origin(resource)
    if start == origin(walk.url) or start not in map(origin, issuers):
        return mismatch
    fix = gettext(
        "Configure the public URL of this site: resource and authorization_servers both name "
        "%(origin)s."
    )
    django_fix = gettext(
        "Set MCP_ISSUER to the public URL of this site: resource and authorization_servers both "
        "name %(origin)s."
    )
    values = {"origin": shown(start)}
    return replace(
        mismatch,
        fix=fix % values,
        django_fix=django_fix % values,
        explains=(*mismatch.explains, *OF_THE_ISSUER),
    )


ENTRIES = (AS_UNUSABLE, AS_NOT_FOUND)
RULES = (unusable, absent)
