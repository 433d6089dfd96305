"""May web pages of any origin read the documents and use the endpoint?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import BROWSERS
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.origins import allows, origin_line
from mcp_oauth_discovery.doctor.steps.outside import CLOSED_TO_PAGES, is_outside, readvised
from mcp_oauth_discovery.doctor.steps.preflights import lacking, listed, passing
from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.busy import all_served, served
from mcp_oauth_discovery.doctor.walk.headers import OF_DOCUMENTS
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.probes import ask_documents_as_a_page, ask_endpoint_as_a_page
from mcp_oauth_discovery.standards.mcp_headers import REQUEST_HEADERS

# How an endpoint that has no use for GET answers it.
LIKE_THE_POST = (400, 405, 406)
# In the 403 of a protection for an origin that MCP_ALLOWED_ORIGINS does not have.
_REFUSED = b'"origin_not_allowed"'

CORS_DOCUMENT = Entry(
    code="cors-document",
    severity=Severity.ERROR,
    seen=_("Web pages may not read a public document."),
    expected="Access-Control-Allow-Origin: *",
    section="Fetch, CORS check",
    clients=BROWSERS,
    fix=_("Send Access-Control-Allow-Origin: * with the documents."),
    django_fix=_("Put DiscoveryMiddleware first in MIDDLEWARE, before CorsMiddleware."),
    explains=("cors", "oauth-endpoint-cors", "card-cors"),
)
# The TypeScript SDK, and so the Inspector, repeats the request without the header.
CORS_DOCUMENT_PREFLIGHT = Entry(
    code="cors-document-preflight",
    severity=Severity.WARNING,
    seen=_("The preflight of a document fails."),
    expected=_("2xx to OPTIONS, with mcp-protocol-version allowed"),
    section="Fetch, CORS-preflight fetch",
    fix=_(
        "Send Access-Control-Allow-Origin: * with the documents, and answer OPTIONS before any "
        "authentication."
    ),
    django_fix=_(
        "Put DiscoveryMiddleware first in MIDDLEWARE, above CorsMiddleware and any login."
    ),
    explains=("cors-endpoint-preflight", "cors-endpoint-closed"),
)
CORS_ENDPOINT = Entry(
    code="cors-endpoint",
    severity=Severity.WARNING,
    seen=_("Web pages may not read the 401 of the endpoint."),
    expected=_("Access-Control-Allow-Origin on the 401 as well"),
    section="Fetch, CORS check",
    clients=BROWSERS,
    fix=_(
        "Send the CORS headers with the 401 as well, from a layer above the one that answers 401."
    ),
    django_fix=_(
        "Cover the endpoint with django-cors-headers, and put CorsMiddleware above the layer "
        "that answers 401."
    ),
    explains=("cors-exposed", "cors-endpoint-preflight", "cors-endpoint-headers"),
)
CORS_ENDPOINT_CLOSED = Entry(
    code="cors-endpoint-closed",
    severity=Severity.INFO,
    seen=_("Web pages of other origins may not use the endpoint."),
    expected=_("their origins allowed, if clients in a browser must work"),
    section="Fetch, CORS check",
    fix=_("Allow the origins of web clients, or check an allowed one with --origin."),
    django_fix=_("Add the origins of web clients to MCP_ALLOWED_ORIGINS and CORS_ALLOWED_ORIGINS."),
)
CORS_ENDPOINT_PREFLIGHT = Entry(
    code="cors-endpoint-preflight",
    severity=Severity.WARNING,
    seen=_("The preflight of the endpoint fails."),
    expected=_("2xx to OPTIONS, before authentication"),
    section="Fetch, CORS-preflight fetch",
    clients=BROWSERS,
    fix=_("Answer OPTIONS at the endpoint before any authentication."),
    django_fix=_(
        "Cover the endpoint with django-cors-headers, and put CorsMiddleware above authentication."
    ),
)
CORS_ENDPOINT_HEADERS = Entry(
    code="cors-endpoint-headers",
    severity=Severity.WARNING,
    seen=_("The preflight of the endpoint lacks headers that clients send."),
    expected=", ".join(REQUEST_HEADERS),
    section="Fetch, CORS-preflight fetch",
    clients=BROWSERS,
    fix=_(
        "Name each missing header in Access-Control-Allow-Headers: * does not cover authorization."
    ),
    django_fix=_(
        "Set CORS_ALLOW_HEADERS = MCP_REQUEST_HEADERS, imported from mcp_oauth_discovery.cors. The "
        "wildcard does not cover authorization."
    ),
)
CORS_ENDPOINT_METHODS = Entry(
    code="cors-endpoint-methods",
    severity=Severity.INFO,
    seen=_("Web pages may not send DELETE to the endpoint."),
    expected=_(
        "DELETE in Access-Control-Allow-Methods, if the endpoint has sessions; GET and POST need "
        "no permission"
    ),
    section="Fetch, CORS-preflight fetch",
    fix=_("Add DELETE, which ends a session, to Access-Control-Allow-Methods, or use no sessions."),
)
CORS_EXPOSED = Entry(
    code="cors-exposed",
    severity=Severity.WARNING,
    seen=_("Scripts may not read WWW-Authenticate."),
    expected="Access-Control-Expose-Headers: WWW-Authenticate",
    section="Fetch, CORS filtered response",
    clients=BROWSERS,
    fix=_("Send Access-Control-Expose-Headers: WWW-Authenticate with the 401 of the endpoint."),
    django_fix=_("Set CORS_EXPOSE_HEADERS = MCP_EXPOSED_HEADERS from mcp_oauth_discovery.cors."),
)
CORS_CREDENTIALS = Entry(
    code="cors-credentials",
    severity=Severity.WARNING,
    seen=_("Credentials are allowed for every origin."),
    expected=_("no Access-Control-Allow-Credentials"),
    section="Fetch, CORS check",
    clients=BROWSERS,
    fix=_("Do not send Access-Control-Allow-Credentials: MCP clients send tokens in a header."),
    django_fix=_("Remove CORS_ALLOW_CREDENTIALS from the settings: tokens travel in a header."),
)


def document_reads(walk: Walk) -> Iterator[Finding]:
    """Report documents that web pages cannot read; of a provider, only what clients read there."""
    used = {server.metadata.url for server in walk.servers if server.metadata}
    for exchange in walk.page_reads:
        is_read = exchange.url in used or not is_outside(walk, exchange.url)
        answer = served(exchange)
        if answer and is_read and not allows(answer, walk.page_origin):
            observation, fix = origin_line(answer), passing(answer)
            result = finding(CORS_DOCUMENT, exchange.url, observation, fix=fix)
            yield readvised(walk, result, gettext(CLOSED_TO_PAGES), Severity.WARNING)


def document_preflights(walk: Walk) -> Iterator[Finding]:
    for exchange in walk.page_preflights:
        if problem := lacking(exchange, walk.page_origin, OF_DOCUMENTS):
            fix = passing(exchange.answer)
            yield finding(CORS_DOCUMENT_PREFLIGHT, exchange.url, problem, fix=fix)


def endpoint(walk: Walk) -> Iterator[Finding]:
    """Report an endpoint that web pages cannot use, or that is closed to them on purpose."""
    preflight = walk.endpoint_preflight
    if preflight is None or served(preflight) is None:
        return
    problem = lacking(preflight, walk.page_origin, REQUEST_HEADERS)
    if is_closed(walk):
        text = gettext("The endpoint does not allow %(origin)s.")
        yield finding(CORS_ENDPOINT_CLOSED, walk.url, text % {"origin": shown(walk.page_origin)})
    elif not 200 <= preflight.status < 300:
        fix = passing(preflight.answer)
        yield finding(CORS_ENDPOINT_PREFLIGHT, walk.url, problem, fix=fix)
    else:
        if problem:
            yield finding(CORS_ENDPOINT_HEADERS, walk.url, problem)
        elif (delete := walk.endpoint_delete) and (problem := _problem_of_delete(delete)):
            fix = passing(delete.answer)
            yield finding(CORS_ENDPOINT_METHODS, walk.url, problem, fix=fix)
        yield from _judge_challenge(walk)


def is_closed(walk: Walk) -> bool:
    """Return whether the endpoint refuses this origin, or allows nothing to its pages."""
    preflight, read = walk.endpoint_preflight, walk.endpoint_read
    if any(each and each.answer and _REFUSED in each.answer.body for each in (preflight, read)):
        return True
    answer = preflight.answer if preflight else None
    return bool(answer and 200 <= answer.status < 300 and not allows(answer, walk.page_origin))


def _challenges_for_pages(walk: Walk) -> list[Answer]:
    """Return the answers that show which headers the 401 has for web pages.

    The doctor sends one POST, without an Origin, because servers refuse unknown origins. It shows
    the headers if the site sends them with every answer. Otherwise the GET with an Origin does: a
    layer that adds headers to it adds them to the 401 as well.
    """
    post, get, read = (
        exchange.answer if exchange else None
        for exchange in (walk.post, walk.get, walk.endpoint_read)
    )
    if post is None or post.status != 401:
        return [read] if read and read.status == 401 else []
    name = "access-control-allow-origin"
    has_origin = any(answer.header(name) is not None for answer in (post, get) if answer)
    answers = [post] if has_origin else []
    if read and (read.status == 401 or (not answers and read.status in LIKE_THE_POST)):
        answers.append(read)
    return answers


def _judge_challenge(walk: Walk) -> Iterator[Finding]:
    """Report the first answer that web pages cannot read, or whose challenge they cannot."""
    for answer in _challenges_for_pages(walk):
        values = {"status": answer.status, "method": answer.method, "line": origin_line(answer)}
        if not allows(answer, walk.page_origin):
            observation = gettext("%(status)d to %(method)s: %(line)s") % values
            yield finding(CORS_ENDPOINT, walk.url, observation, fix=passing(answer))
            return
        if not {"www-authenticate", "*"} & set(listed(answer, "access-control-expose-headers")):
            text = gettext("%(status)d to %(method)s: WWW-Authenticate is not exposed.")
            yield finding(CORS_EXPOSED, walk.url, text % values)
            return


def _problem_of_delete(exchange: Exchange) -> str:
    """Return why web pages may not send DELETE, or ""; the rest is as for POST."""
    answer, header = served(exchange), "Access-Control-Allow-Methods"
    if answer is None:
        return ""
    if not 200 <= answer.status < 300:
        return gettext("%(status)d to the preflight of DELETE.") % {"status": exchange.status}
    if {"delete", "*"} & set(listed(answer, header)):
        return ""
    allowed = answer.header(header)
    if allowed is None:
        return gettext("There is no Access-Control-Allow-Methods.")
    return f"{header}: {shown(allowed)}."


def credentials(walk: Walk) -> Iterator[Finding]:
    exchanges = [*walk.page_reads, *([walk.endpoint_read] if walk.endpoint_read else [])]
    for exchange in exchanges:
        answer = None if is_outside(walk, exchange.url) else exchange.answer
        if answer and (answer.header("access-control-allow-credentials") or "").lower() == "true":
            yield finding(CORS_CREDENTIALS, exchange.url, origin_line(answer))


def can_pass(walk: Walk) -> bool:
    preflights = [*walk.page_preflights, walk.endpoint_preflight, walk.endpoint_delete]
    return (
        bool(walk.page_reads)
        # Behind a redirect, the doctor did not repeat the request as a web page sends it.
        and not any(place.exchange.hops for place in walk.tried)
        and all_served([*walk.page_reads, *preflights])
        and bool(_challenges_for_pages(walk))
    )


STEP = Step(
    name="cors",
    title="CORS",
    holds=_("web pages of another origin can read the documents and use the endpoint"),
    entries=(
        CORS_DOCUMENT,
        CORS_DOCUMENT_PREFLIGHT,
        CORS_ENDPOINT,
        CORS_ENDPOINT_CLOSED,
        CORS_ENDPOINT_PREFLIGHT,
        CORS_ENDPOINT_HEADERS,
        CORS_ENDPOINT_METHODS,
        CORS_EXPOSED,
        CORS_CREDENTIALS,
    ),
    rules=(document_reads, document_preflights, endpoint, credentials),
    can_pass=can_pass,
    probes=(ask_documents_as_a_page, ask_endpoint_as_a_page),
)
