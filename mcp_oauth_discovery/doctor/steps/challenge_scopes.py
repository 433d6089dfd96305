"""Do the scopes of the challenge tell clients what to request?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext, said
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.resource_members import (
    PRM_SCOPES_NOT_OFFERED,
    SCOPES_OF_CLIENTS,
)
from mcp_oauth_discovery.doctor.steps.values import invalid, stated, strings
from mcp_oauth_discovery.doctor.walk.challenges import is_readable
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.standards.identifiers import origin
from mcp_oauth_discovery.standards.www_authenticate import scope_tokens

_OFFLINE = "offline_access"

CHALLENGE_SCOPE = Entry(
    code="challenge-scope",
    severity=Severity.ERROR,
    seen=_("The scope of the challenge is not a list of scopes."),
    expected=_("scopes with one space between them"),
    section="RFC 6749 §3.3",
    clients=EVERY,
    fix=_("Separate the scopes of the challenge with single spaces, without commas and quotes."),
)
CHALLENGE_SCOPE_MISSING = Entry(
    code="challenge-scope-missing",
    severity=Severity.INFO,
    seen=_("The challenge has no scope."),
    expected=_("scope with what the endpoint needs at first"),
    section="MCP authorization (2026-07-28), scope selection",
    fix=_(
        "Add scope to the challenge. Without it, clients ask the user for all of scopes_supported."
    ),
    django_fix=_(
        "Name the scope where the endpoint is protected, such as bearer_required(scope=…). Without "
        "it, clients ask the user for all of scopes_supported."
    ),
)
CHALLENGE_OFFLINE_ACCESS = Entry(
    code="challenge-offline-access",
    severity=Severity.WARNING,
    seen=_("The scope of the challenge has offline_access, which is not a scope of a resource."),
    expected=_("the scopes of the resource"),
    section="MCP authorization (2026-07-28), refresh tokens",
    fix=_(
        "Leave offline_access out of the challenge, and announce it in the authorization server's "
        "scopes_supported."
    ),
)
CHALLENGE_SCOPE_NOT_OFFERED = Entry(
    code="challenge-scope-not-offered",
    severity=Severity.WARNING,
    seen=_("The challenge has a scope that this site, as its own server, does not offer."),
    expected=_("scopes that the authorization server grants"),
    section="MCP authorization (2026-07-28), scope selection; RFC 8414 §2",
    fix=_(
        "Add the scope to the authorization server and to its scopes_supported, or correct it in "
        "the challenge: clients request it, and the server may answer invalid_scope."
    ),
    explains=(PRM_SCOPES_NOT_OFFERED.code,),
)


def form(walk: Walk) -> Iterator[Finding]:
    for challenge in walk.challenges:
        value = challenge.parameters.get("scope")
        if value is not None and challenge.is_bearer and (problem := _problem(value)):
            yield finding(CHALLENGE_SCOPE, walk.url, problem)


def _problem(value: str) -> str:
    """Return a sentence about what is wrong with a list of scopes, or ""."""
    if not value:
        return gettext("scope is empty: expected at least one scope.")
    if "," in value:
        text = gettext("scope is %(value)s: commas do not separate scopes.")
        return text % {"value": shown(value)}
    try:
        scope_tokens(value)
    except ValueError as error:
        return invalid("scope", value, said(error))
    return ""


def missing(walk: Walk) -> Iterator[Finding]:
    """Report a challenge without scope at a resource that has scopes.

    If it lacks the URL of the metadata as well, that is the cause.
    """
    readable = [challenge.parameters for challenge in walk.challenges if is_readable(challenge)]
    is_led = any("resource_metadata" in parameters for parameters in readable)
    listed = strings(walk.resource.content, "scopes_supported") if walk.resource else []
    listed = [scope for scope in listed if scope not in SCOPES_OF_CLIENTS]
    if listed and is_led and not any("scope" in parameters for parameters in readable):
        text = gettext("The challenge has no scope. Clients request %(scopes)s.")
        values = {"scopes": shown(" ".join(listed))}
        yield finding(CHALLENGE_SCOPE_MISSING, walk.url, text % values)


def offline_access(walk: Walk) -> Iterator[Finding]:
    requested = _requested(walk)
    if _OFFLINE in requested:
        observation = stated("scope", " ".join(requested))
        yield finding(CHALLENGE_OFFLINE_ACCESS, walk.url, observation)


def offered(walk: Walk) -> Iterator[Finding]:
    """Report scopes that the site's own server does not list, if it lists any.

    RFC 8414 §2 lets a server leave scopes out, and providers omit those of APIs.
    """
    requested = [scope for scope in _requested(walk) if scope != _OFFLINE]
    own = [server for server in walk.servers if origin(server.issuer) == origin(walk.url)]
    for server in own:
        listed = strings(server.metadata.content, "scopes_supported") if server.metadata else []
        absent = [scope for scope in requested if scope not in listed]
        if listed and absent:
            text = gettext("%(scopes)s missing from scopes_supported of %(issuer)s: %(listed)s.")
            values = {
                "scopes": shown(" ".join(absent)),
                "issuer": shown(server.issuer),
                "listed": shown(" ".join(listed)),
            }
            yield finding(CHALLENGE_SCOPE_NOT_OFFERED, walk.url, text % values)


def _requested(walk: Walk) -> list[str]:
    """Return the scopes of the challenge; none if its form is wrong."""
    values = [
        challenge.parameters["scope"]
        for challenge in walk.challenges
        if is_readable(challenge) and "scope" in challenge.parameters
    ]
    return values[0].split(" ") if values and not _problem(values[0]) else []


ENTRIES = (
    CHALLENGE_SCOPE,
    CHALLENGE_SCOPE_MISSING,
    CHALLENGE_OFFLINE_ACCESS,
    CHALLENGE_SCOPE_NOT_OFFERED,
)
RULES = (form, missing, offline_access, offered)
