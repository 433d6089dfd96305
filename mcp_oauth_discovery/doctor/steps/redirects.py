"""Is any answer a redirect, and which setting is most likely behind it?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY, TYPESCRIPT_BASED, Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.exchanges import PUBLIC, plain, stopped
from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.transport.reachability import is_exposed
from mcp_oauth_discovery.doctor.walk.intermediaries import login_service
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.redirects import Cause, cause, target

# These follow no redirect to another origin; the Python SDK follows none at all.
_SAME_ORIGIN_ONLY = (Client.PYTHON, *TYPESCRIPT_BASED, Client.RUST)

REDIRECT_HTTPS = Entry(
    code="redirect-https",
    severity=Severity.ERROR,
    seen="The answer is a redirect to the https URL it came from.",
    expected="a direct answer",
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=_SAME_ORIGIN_ONLY,
    fix=(
        "Tell the application that the proxy ended TLS, by X-Forwarded-Proto, and have it "
        "believe that header."
    ),
    django_fix=(
        "Django does not know that the proxy ended TLS: set SECURE_PROXY_SSL_HEADER for "
        "SECURE_SSL_REDIRECT, and have the proxy set that header."
    ),
)
REDIRECT_SLASH = Entry(
    code="redirect-slash",
    severity=Severity.ERROR,
    seen="The answer is a redirect that differs in a final slash.",
    expected="a direct answer at the URL as it is published",
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=(Client.PYTHON,),
    fix=(
        "Route the URL as it is published: a POST loses its body on the way to the other spelling."
    ),
    django_fix=(
        "Route the URL as it is published. APPEND_SLASH redirects to the other spelling, and a "
        "POST loses its body on the way."
    ),
)
REDIRECT_WWW = Entry(
    code="redirect-www",
    severity=Severity.ERROR,
    seen="The answer is a redirect to the host with or without www.",
    expected="a direct answer at the host that the identifiers name",
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=_SAME_ORIGIN_ONLY,
    fix="Use the host that the site redirects to in the documents, or do not redirect.",
    django_fix=(
        "Use the host that the site redirects to in MCP_ISSUER and MCP_RESOURCE, or turn off "
        "PREPEND_WWW."
    ),
)
REDIRECT_LANGUAGE = Entry(
    code="redirect-language",
    severity=Severity.ERROR,
    seen="The answer is a redirect to a path with a language.",
    expected="one URL for all languages",
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=(Client.PYTHON,),
    fix="Route it outside of what has a language in its path.",
    django_fix="Route it outside i18n_patterns(): LocaleMiddleware redirects what is inside.",
)
REDIRECT_LOGIN = Entry(
    code="redirect-login",
    severity=Severity.ERROR,
    seen="The answer is a redirect to a login page.",
    expected="an answer without a login; 401 from the MCP endpoint",
    section="RFC 9728 §3.2, RFC 6750 §3",
    clients=EVERY,
    fix=("Except the documents and the endpoint from the login; the endpoint answers 401."),
    django_fix=(
        "Put DiscoveryMiddleware first, or mark the view login_not_required: "
        "LoginRequiredMiddleware or login_required sends clients to LOGIN_URL."
    ),
)
REDIRECT_OFFSITE = Entry(
    code="redirect-offsite",
    severity=Severity.ERROR,
    seen="The answer is a redirect to another host; not followed.",
    expected="a direct answer",
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=_SAME_ORIGIN_ONLY,
    fix="Answer at the host that the identifiers name, or name the host that answers.",
)
REDIRECT_OTHER = Entry(
    code="redirect-other",
    severity=Severity.ERROR,
    seen="The answer is a redirect.",
    expected="a direct answer",
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=(Client.PYTHON,),
    fix="Find the redirect in the proxy or the application, and answer directly.",
    django_fix="Find the redirect in the proxy or the URLconf, and answer directly.",
)
REDIRECT_LOOP = Entry(
    code="redirect-loop",
    severity=Severity.ERROR,
    seen="The redirects come back to where they began.",
    expected="a direct answer",
    section="RFC 9110 §15.4",
    clients=EVERY,
    fix=(
        "Two rules contradict each other, often one to https in the application and one to http "
        "in the proxy: let one of them decide."
    ),
    django_fix=(
        "Two rules contradict each other, often SECURE_SSL_REDIRECT in Django and https to http "
        "in the proxy: set SECURE_PROXY_SSL_HEADER."
    ),
)

_ENTRY_OF = {
    Cause.HTTPS: REDIRECT_HTTPS,
    Cause.SLASH: REDIRECT_SLASH,
    Cause.WWW: REDIRECT_WWW,
    Cause.LANGUAGE: REDIRECT_LANGUAGE,
    Cause.LOGIN: REDIRECT_LOGIN,
    Cause.OFFSITE: REDIRECT_OFFSITE,
    Cause.OTHER: REDIRECT_OTHER,
    Cause.LOOP: REDIRECT_LOOP,
}


def redirected(walk: Walk) -> Iterator[Finding]:
    """Report redirects, by the setting that is most likely behind each."""
    for exchange in plain(walk):
        causes = _causes(exchange)
        # In a circle, the other redirects are no faults of their own.
        loops = [pair for pair in causes if pair[0] is Cause.LOOP]
        for likely, seen in loops or causes:
            if likely is Cause.HTTPS and is_exposed(walk.url):
                # Correct: the user gave a URL that is not https.
                continue
            clients, fix = stopped(walk, exchange), _past_login(exchange)
            yield finding(_ENTRY_OF[likely], exchange.url, seen, clients=clients, fix=fix)


def _past_login(exchange: Exchange) -> str:
    """Return what to do about a redirect to a login service, or "" for other redirects."""
    targets = (target(answer) or "" for answer in _answers(exchange))
    name = next(filter(None, map(login_service, targets)), None)
    return f"{name} asks for a login first. Exempt {PUBLIC} from it." if name else ""


def _causes(exchange: Exchange) -> list[tuple[Cause, str]]:
    """Return the cause of each redirect on the way, and what was seen."""
    causes = []
    visited = {exchange.url}
    for answer in _answers(exchange):
        to = target(answer)
        if to is not None:
            likely = Cause.LOOP if to in visited else cause(answer.url, to)
            causes.append((likely, f"{answer.status} to {shown(to)}."))
            visited.add(to)
    return causes


def _answers(exchange: Exchange) -> list[Answer]:
    return [*exchange.hops, *([exchange.answer] if exchange.answer else [])]


ENTRIES = (
    REDIRECT_HTTPS,
    REDIRECT_SLASH,
    REDIRECT_WWW,
    REDIRECT_LANGUAGE,
    REDIRECT_LOGIN,
    REDIRECT_OFFSITE,
    REDIRECT_OTHER,
    REDIRECT_LOOP,
)
RULES = (redirected,)
