"""Is any answer a redirect, and which setting is most likely behind it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.clients import EVERY, TYPESCRIPT_BASED, Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.exchanges import PUBLIC, plain, stopped
from mcp_oauth_discovery.doctor.steps.outside import MOVED, readvised
from mcp_oauth_discovery.doctor.transport.reachability import is_exposed
from mcp_oauth_discovery.doctor.walk.intermediaries import login_service
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.redirects import Cause, cause, target

# These follow no redirect to another origin; the Python SDK follows none at all.
_SAME_ORIGIN_ONLY = (Client.PYTHON, *TYPESCRIPT_BASED, Client.RUST)

REDIRECT_HTTPS = Entry(
    code="redirect-https",
    severity=Severity.ERROR,
    seen=_("The answer is a redirect to the same URL with https."),
    expected=_("a direct answer"),
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=_SAME_ORIGIN_ONLY,
    fix=_("Have the proxy send X-Forwarded-Proto, and have the application trust it."),
    django_fix=_(
        'Set SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https"), and have the proxy set '
        "X-Forwarded-Proto. Django does not know that the proxy ends TLS, so SECURE_SSL_REDIRECT "
        "redirects."
    ),
    explains=("oauth-endpoint-redirect", "cors"),
)
REDIRECT_SLASH = Entry(
    code="redirect-slash",
    severity=Severity.ERROR,
    seen=_("The answer is a redirect that only adds or removes a final slash."),
    expected=_("a direct answer at the published URL"),
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=(Client.PYTHON,),
    fix=_("Route the URL exactly as it is published: the redirect loses the body of a POST."),
    django_fix=_(
        "Route the URL exactly as it is published: the redirect of APPEND_SLASH loses the body "
        "of a POST."
    ),
    explains=("answer-server-error",),
)
REDIRECT_WWW = Entry(
    code="redirect-www",
    severity=Severity.ERROR,
    seen=_("The answer is a redirect to the host with or without www."),
    expected=_("a direct answer at the host that the identifiers name"),
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=_SAME_ORIGIN_ONLY,
    fix=_("Use the host that the site redirects to in the documents, or remove the redirect."),
    django_fix=_(
        "Use the host that the site redirects to in MCP_ISSUER and MCP_RESOURCE, or turn off "
        "PREPEND_WWW."
    ),
    explains=("oauth-endpoint-redirect", "cors"),
)
REDIRECT_LANGUAGE = Entry(
    code="redirect-language",
    severity=Severity.ERROR,
    seen=_("The answer is a redirect to a path with a language."),
    expected=_("one URL for all languages"),
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=(Client.PYTHON,),
    fix=_("Serve the documents and the endpoint at paths without a language."),
    django_fix=_(
        "Move the route out of i18n_patterns(): LocaleMiddleware redirects the paths in it."
    ),
    explains=("oauth-endpoint-redirect",),
)
REDIRECT_LOGIN = Entry(
    code="redirect-login",
    severity=Severity.ERROR,
    seen=_("The answer is a redirect to a login page."),
    expected=_("an answer without a login; 401 from the MCP endpoint"),
    section="RFC 9728 §3.2, RFC 6750 §3",
    clients=EVERY,
    fix=_(
        "Exempt the documents and the endpoint from the login, and have the endpoint answer 401."
    ),
    django_fix=_(
        "Put DiscoveryMiddleware first in MIDDLEWARE, or mark the view login_not_required: "
        "LoginRequiredMiddleware or login_required sends clients to LOGIN_URL."
    ),
    explains=(
        "oauth-endpoint-redirect",
        "oauth-endpoint-html",
        "document-html",
        "suffix-html",
        "endpoint-html",
        "challenge",
        "cors",
    ),
)
REDIRECT_OFFSITE = Entry(
    code="redirect-offsite",
    severity=Severity.ERROR,
    seen=_("The answer is a redirect to another host; it was not followed."),
    expected=_("a direct answer"),
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=_SAME_ORIGIN_ONLY,
    fix=_(
        "Answer without a redirect at the host of the URL, or name the other host in the documents."
    ),
    django_fix=_(
        "Answer without a redirect at the host of the URL, or name the other host in MCP_ISSUER "
        "and MCP_RESOURCE."
    ),
    explains=("oauth-endpoint-redirect", "cors"),
)
REDIRECT_OTHER = Entry(
    code="redirect-other",
    severity=Severity.ERROR,
    seen=_("The answer is a redirect."),
    expected=_("a direct answer"),
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=(Client.PYTHON,),
    fix=_("Remove the redirect of this URL: look for it in the proxy and in the application."),
    django_fix=_("Remove the redirect of this URL: look for it in the proxy and in the URLconf."),
)
REDIRECT_LOOP = Entry(
    code="redirect-loop",
    severity=Severity.ERROR,
    seen=_("The redirects form a loop."),
    expected=_("a direct answer"),
    section="RFC 9110 §15.4",
    clients=EVERY,
    fix=_(
        "Remove one of the redirects that contradict each other, often one to https in the "
        "application and one to http in the proxy."
    ),
    django_fix=_(
        "Remove one of the redirects that contradict each other, often SECURE_SSL_REDIRECT and a "
        "redirect to http in the proxy. If the proxy ends TLS, set SECURE_PROXY_SSL_HEADER."
    ),
    explains=("redirect-https", "oauth-endpoint-redirect"),
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
        # The other redirects of a loop are not faults of their own.
        loops = [pair for pair in causes if pair[0] is Cause.LOOP]
        for likely, observation in loops or causes:
            if likely is Cause.HTTPS and is_exposed(walk.url):
                # Correct: the user gave a URL that is not https.
                continue
            services = (login_service(target(answer) or "") for answer in exchange.answers())
            login = next(filter(None, services), None)
            result = finding(
                _ENTRY_OF[likely],
                exchange.url,
                observation,
                clients=stopped(walk, exchange),
                fix=_exempt(login) if login else "",
            )
            # Under DEBUG, Django answers the POST with a server error and redirects the GET only.
            is_of_get = exchange is walk.get and walk.post is not None and walk.post.status >= 500
            if likely is Cause.SLASH and not is_of_get:
                result = replace(result, explains=())
            yield readvised(walk, result, gettext(MOVED))


def _exempt(login: str) -> str:
    text = gettext("%(service)s asks for a login first. Exempt %(public)s from it.")
    return text % {"service": login, "public": gettext(PUBLIC)}


def _causes(exchange: Exchange) -> list[tuple[Cause, str]]:
    """Return the cause of each redirect that was followed, and a description."""
    causes = []
    visited = {exchange.url}
    for answer in exchange.answers():
        if (to := target(answer)) is not None:
            likely = Cause.LOOP if to in visited else cause(answer.url, to)
            # Translators: a status, and the URL that a redirect leads to.
            text = gettext("%(status)d to %(url)s.")
            causes.append((likely, text % {"status": answer.status, "url": shown(to)}))
            visited.add(to)
    return causes


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
