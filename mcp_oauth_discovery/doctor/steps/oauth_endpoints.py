"""Do the announced endpoints respond? Only those on the origin that the user named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.clients import BROWSERS, EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.cors import is_closed
from mcp_oauth_discovery.doctor.steps.preflights import lacking, passing
from mcp_oauth_discovery.doctor.walk.busy import all_served
from mcp_oauth_discovery.doctor.walk.fingerprint import is_django
from mcp_oauth_discovery.doctor.walk.observations import OAuthEndpoint, Walk
from mcp_oauth_discovery.doctor.walk.probes import ask_oauth_endpoints
from mcp_oauth_discovery.doctor.walk.reading import is_html
from mcp_oauth_discovery.doctor.walk.redirects import Cause, cause, target

OAUTH_ENDPOINT_NOT_FOUND = Entry(
    code="oauth-endpoint-not-found",
    severity=Severity.ERROR,
    seen=_("An announced endpoint does not exist."),
    expected=_("an endpoint; not 404"),
    section="RFC 8414 §2",
    clients=EVERY,
    fix=_("In the metadata, announce the URL where the endpoint is served."),
    django_fix=_(
        "Name the endpoint by its URL pattern, such as 'oauth2_provider:token', in "
        "MCP_AUTHORIZATION_SERVER_METADATA, or route the path."
    ),
    explains=("oauth-endpoint-cors",),
)
_TOOLKIT_REGISTRATION = _(
    'django-oauth-toolkit serves this endpoint only if OAUTH2_PROVIDER has "DCR_ENABLED": True.'
)
OAUTH_ENDPOINT_UNSEEN = Entry(
    code="oauth-endpoint-unseen",
    severity=Severity.WARNING,
    seen=_("GET finds nothing at an announced endpoint, which may accept only POST."),
    expected=_("an endpoint; 405 for a method that it does not accept"),
    section="RFC 9110 §15.5.6",
    clients=EVERY,
    fix=_(
        "Send a POST to the endpoint with curl -i -X POST. 400 or 401 is fine, 404 means that the "
        "path is wrong."
    ),
)
OAUTH_ENDPOINT_HTML = Entry(
    code="oauth-endpoint-html",
    severity=Severity.WARNING,
    seen=_("An announced endpoint answers with an HTML page."),
    expected=_("400, 401 or 405 to GET without parameters"),
    section="RFC 6749 §5.2, RFC 7591 §3.2.2",
    clients=EVERY,
    fix=_("Put the catch-all route of a single-page app after the endpoint."),
)
OAUTH_ENDPOINT_REDIRECT = Entry(
    code="oauth-endpoint-redirect",
    severity=Severity.ERROR,
    seen=_("An announced endpoint redirects."),
    expected=_("the URL of the endpoint itself; a redirect loses a POST"),
    section="RFC 9110 §15.4",
    clients=EVERY,
    fix=_("Announce the URL that the endpoint redirects to, if that is the endpoint itself."),
    django_fix=_(
        "Announce the URL of the endpoint exactly as it is routed, with its final slash; the name "
        "of a URL pattern does this."
    ),
    explains=("oauth-endpoint-cors",),
)
OAUTH_ENDPOINT_ERROR = Entry(
    code="oauth-endpoint-error",
    severity=Severity.ERROR,
    seen=_("An announced endpoint answers with a server error."),
    expected=_("400 to a request without parameters"),
    section="RFC 6749 §5.2",
    clients=EVERY,
    fix=_(
        "Read the log of the site for the error of this request: the endpoint must answer 400 to a "
        "request without parameters."
    ),
)
OAUTH_ENDPOINT_CORS = Entry(
    code="oauth-endpoint-cors",
    severity=Severity.WARNING,
    seen=_("Web pages may not post to the endpoint."),
    expected=_("a preflight that allows POST from any origin"),
    section="Fetch, CORS-preflight fetch",
    clients=BROWSERS,
    fix=_(
        "Answer the preflights of the token and registration endpoints with "
        "Access-Control-Allow-Origin: *."
    ),
    django_fix=_("Cover the token and registration endpoints with django-cors-headers."),
)


def existence(walk: Walk) -> Iterator[Finding]:
    """Report endpoints that do not exist; many frameworks route by method as well."""
    for endpoint in walk.oauth_endpoints:
        answer = endpoint.get.answer
        if endpoint.get.intermediary:
            continue
        values = {"status": endpoint.get.status, "endpoint": endpoint.member}
        observation = gettext("%(status)d to GET of the %(endpoint)s.") % values
        is_page = endpoint.member == "authorization_endpoint"
        if endpoint.get.status in (404, 410):
            # Django routes by path alone, so that a 404 there is final.
            if is_page or is_django(walk):
                result = finding(OAUTH_ENDPOINT_NOT_FOUND, endpoint.url, observation)
                if endpoint.member == "registration_endpoint":
                    django_fix = f"{result.django_fix} {gettext(_TOOLKIT_REGISTRATION)}"
                    result = replace(result, django_fix=django_fix)
                yield result
            elif not _takes_post(endpoint):
                yield finding(OAUTH_ENDPOINT_UNSEEN, endpoint.url, observation)
        elif endpoint.get.status >= 500:
            yield finding(OAUTH_ENDPOINT_ERROR, endpoint.url, observation)
        elif endpoint.get.status == 200 and not is_page and answer and is_html(answer):
            yield finding(OAUTH_ENDPOINT_HTML, endpoint.url, observation)


def _takes_post(endpoint: OAuthEndpoint) -> bool:
    """Return whether an endpoint announces POST, or has a preflight that other paths lack."""
    preflight, control = (
        exchange.answer if exchange else None for exchange in (endpoint.preflight, endpoint.control)
    )
    if preflight is None or not 200 <= preflight.status < 300:
        return False
    methods = {name.strip().upper() for name in (preflight.header("allow") or "").split(",")}
    return "POST" in methods or (control is not None and control.status in (404, 405, 410))


def redirected(walk: Walk) -> Iterator[Finding]:
    """Report redirects, except that of the authorization endpoint to a login page."""
    for endpoint in walk.oauth_endpoints:
        answer = endpoint.get.answer
        to = target(answer) if answer else None
        if to is None:
            continue
        is_slash = cause(endpoint.url, to) is Cause.SLASH
        if is_slash or endpoint.member != "authorization_endpoint":
            sentence = gettext("%(status)d from the %(endpoint)s to %(url)s.")
            values = {"status": endpoint.get.status, "endpoint": endpoint.member, "url": shown(to)}
            yield finding(OAUTH_ENDPOINT_REDIRECT, endpoint.url, sentence % values)


def pages(walk: Walk) -> Iterator[Finding]:
    """Report endpoints that web pages cannot use, unless the MCP endpoint is closed as well."""
    if is_closed(walk):
        return
    for endpoint in walk.oauth_endpoints:
        # Another rule reports endpoints that are missing, fail or redirect.
        status = endpoint.get.status
        is_there = 200 <= status < 300 or (400 <= status < 500 and status not in (404, 410))
        if endpoint.preflight is None or not is_there:
            continue
        if problem := lacking(endpoint.preflight, walk.page_origin, ("content-type",)):
            values = {"endpoint": endpoint.member, "problem": problem}
            observation = gettext("%(endpoint)s: %(problem)s") % values
            fix = passing(endpoint.preflight.answer)
            yield finding(OAUTH_ENDPOINT_CORS, endpoint.url, observation, fix=fix)


def can_pass(walk: Walk) -> bool:
    exchanges = [endpoint.get for endpoint in walk.oauth_endpoints]
    exchanges += [one.preflight for one in walk.oauth_endpoints if one.preflight]
    return bool(exchanges) and all_served(exchanges)


def is_absent(walk: Walk) -> bool:
    """Return whether the metadata of each server was read, and none names an endpoint here."""
    are_read = bool(walk.servers) and all(server.metadata for server in walk.servers)
    return are_read and not walk.oauth_endpoints


STEP = Step(
    name="oauth-endpoints",
    title=_("OAuth endpoints"),
    holds=_("the endpoints on this origin respond"),
    entries=(
        OAUTH_ENDPOINT_NOT_FOUND,
        OAUTH_ENDPOINT_UNSEEN,
        OAUTH_ENDPOINT_HTML,
        OAUTH_ENDPOINT_REDIRECT,
        OAUTH_ENDPOINT_ERROR,
        OAUTH_ENDPOINT_CORS,
    ),
    rules=(existence, redirected, pages),
    can_pass=can_pass,
    lacks=_("all endpoints are on other origins, which are not contacted"),
    is_absent=is_absent,
    probes=(ask_oauth_endpoints,),
)
