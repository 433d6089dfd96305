"""May a page of any origin read the documents, and may it speak to the endpoint?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcp_oauth_discovery.doctor.clients import BROWSERS
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.headers import OF_DOCUMENTS
from mcp_oauth_discovery.doctor.walk.intermediaries import intermediary
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk, all_answered
from mcp_oauth_discovery.standards.mcp_headers import REQUEST_HEADERS

# How an endpoint answers a GET that has no use for it.
LIKE_THE_POST = (400, 405, 406)

CORS_DOCUMENT = Entry(
    code="cors-document",
    severity=Severity.ERROR,
    seen="A page may not read a public document.",
    expected="Access-Control-Allow-Origin: *",
    section="Fetch, CORS check",
    clients=BROWSERS,
    fix="Send Access-Control-Allow-Origin: * with the documents.",
    django_fix="Put DiscoveryMiddleware first, before CorsMiddleware.",
)
CORS_DOCUMENT_PREFLIGHT = Entry(
    code="cors-document-preflight",
    severity=Severity.ERROR,
    seen="The preflight of a document fails.",
    expected="2xx to OPTIONS, with mcp-protocol-version allowed",
    section="Fetch, CORS-preflight fetch",
    clients=BROWSERS,
    fix=(
        "Send Access-Control-Allow-Origin: * with the documents, and answer OPTIONS before any "
        "authentication."
    ),
    django_fix="Put DiscoveryMiddleware first, before CorsMiddleware and any authentication.",
)
CORS_ENDPOINT = Entry(
    code="cors-endpoint",
    severity=Severity.WARNING,
    seen="A page may not read the 401 of the endpoint.",
    expected="Access-Control-Allow-Origin on the 401 as well",
    section="Fetch, CORS check",
    clients=BROWSERS,
    fix="Send the CORS headers with the 401 as well, from above whatever answers it.",
    django_fix=(
        "Cover the endpoint with django-cors-headers, CorsMiddleware above whatever answers 401."
    ),
)
CORS_ENDPOINT_CLOSED = Entry(
    code="cors-endpoint-closed",
    severity=Severity.INFO,
    seen="Pages of other origins may not use the endpoint.",
    expected="their origins allowed, if clients in a browser are wanted",
    section="Fetch, CORS check",
    fix="Allow the origins of those pages, or name one that is allowed with --origin.",
    django_fix=(
        "Add the origins to CORS_ALLOWED_ORIGINS, or name one that is allowed with --origin."
    ),
)
CORS_ENDPOINT_PREFLIGHT = Entry(
    code="cors-endpoint-preflight",
    severity=Severity.WARNING,
    seen="The preflight of the endpoint fails.",
    expected="2xx to OPTIONS, before authentication",
    section="Fetch, CORS-preflight fetch",
    clients=BROWSERS,
    fix="Answer OPTIONS above the authentication.",
    django_fix=(
        "Cover the endpoint with django-cors-headers, CorsMiddleware above authentication."
    ),
)
CORS_ENDPOINT_HEADERS = Entry(
    code="cors-endpoint-headers",
    severity=Severity.WARNING,
    seen="The preflight of the endpoint lacks headers that clients send.",
    expected=", ".join(REQUEST_HEADERS),
    section="Fetch, CORS-preflight fetch",
    clients=BROWSERS,
    fix=("Name them in Access-Control-Allow-Headers. The wildcard does not cover authorization."),
    django_fix=(
        "CORS_ALLOW_HEADERS = MCP_REQUEST_HEADERS from mcp_oauth_discovery.cors. The wildcard "
        "does not cover authorization."
    ),
)
CORS_ENDPOINT_METHODS = Entry(
    code="cors-endpoint-methods",
    severity=Severity.INFO,
    seen="A page may not send DELETE to the endpoint.",
    expected=(
        "DELETE in Access-Control-Allow-Methods, if the endpoint has sessions; GET and POST need "
        "no permission"
    ),
    section="Fetch, CORS-preflight fetch",
    fix="Allow DELETE, with which clients end a session, or have none.",
)
CORS_EXPOSED = Entry(
    code="cors-exposed",
    severity=Severity.WARNING,
    seen="Scripts may not read WWW-Authenticate.",
    expected="Access-Control-Expose-Headers: WWW-Authenticate",
    section="Fetch, CORS filtered response",
    clients=BROWSERS,
    fix="Name it in Access-Control-Expose-Headers.",
    django_fix="CORS_EXPOSE_HEADERS = MCP_EXPOSED_HEADERS from mcp_oauth_discovery.cors.",
)
CORS_CREDENTIALS = Entry(
    code="cors-credentials",
    severity=Severity.WARNING,
    seen="Credentials are allowed to every origin.",
    expected="no Access-Control-Allow-Credentials",
    section="Fetch, CORS check",
    clients=BROWSERS,
    fix="Do not allow credentials: tokens travel in a header.",
    django_fix="Leave CORS_ALLOW_CREDENTIALS off: tokens travel in a header.",
)


def document_reads(walk: Walk) -> Iterator[Finding]:
    for exchange in walk.page_reads:
        if exchange.answer and not _allows(exchange.answer, walk.page_origin):
            seen, fix = _origin_line(exchange.answer), passing(exchange.answer)
            yield finding(CORS_DOCUMENT, exchange.url, seen, fix=fix)


def document_preflights(walk: Walk) -> Iterator[Finding]:
    for exchange in walk.page_preflights:
        if problem := lacking(exchange, walk.page_origin, OF_DOCUMENTS):
            fix = passing(exchange.answer)
            yield finding(CORS_DOCUMENT_PREFLIGHT, exchange.url, f"{problem}.", fix=fix)


def endpoint(walk: Walk) -> Iterator[Finding]:
    """Report an endpoint that pages cannot use; one that is closed to them on purpose, as such."""
    preflight = walk.endpoint_preflight
    if preflight is None or preflight.answer is None:
        return
    if not 200 <= preflight.status < 300:
        seen, fix = f"{preflight.status} to OPTIONS.", passing(preflight.answer)
        yield finding(CORS_ENDPOINT_PREFLIGHT, walk.url, seen, fix=fix)
    elif is_closed(walk):
        yield finding(CORS_ENDPOINT_CLOSED, walk.url, f"Not to {shown(walk.page_origin)}.")
    else:
        problem = lacking(preflight, walk.page_origin, REQUEST_HEADERS)
        if problem:
            yield finding(CORS_ENDPOINT_HEADERS, walk.url, f"{problem}.")
        elif (delete := walk.endpoint_delete) and not _allows_delete(delete):
            seen, fix = _methods_line(delete), passing(delete.answer)
            yield finding(CORS_ENDPOINT_METHODS, walk.url, seen, fix=fix)
        yield from _reads(walk)


def is_closed(walk: Walk) -> bool:
    """Say whether the endpoint answers preflights, and lets pages of this origin do nothing."""
    answer = walk.endpoint_preflight.answer if walk.endpoint_preflight else None
    return (
        answer is not None and 200 <= answer.status < 300 and not _allows(answer, walk.page_origin)
    )


def seen_by_pages(walk: Walk) -> list[Answer]:
    """Return the 401 as pages get it, as far as it was seen.

    The POST has no Origin: servers refuse those that they do not know, and there is no second one.
    Where the same headers are sent to everybody it shows them nevertheless; otherwise what a layer
    adds to the answer to GET is what it adds to the 401.
    """
    post, get, read = (
        one.answer if one else None for one in (walk.post, walk.get, walk.endpoint_read)
    )
    seen = []
    is_challenged = post is not None and post.status == 401
    if post and is_challenged and any(_has_origin(one) for one in (post, get) if one):
        seen.append(post)
    is_like_it = is_challenged and not seen and read and read.status in LIKE_THE_POST
    if read and (read.status == 401 or is_like_it):
        seen.append(read)
    return seen


def _reads(walk: Walk) -> Iterator[Finding]:
    for answer in seen_by_pages(walk):
        named = f"{answer.status} to {answer.method}: "
        if not _allows(answer, walk.page_origin):
            seen, fix = f"{named}{_origin_line(answer)}", passing(answer)
            yield finding(CORS_ENDPOINT, walk.url, seen, fix=fix)
            return
        if not {"www-authenticate", "*"} & set(_listed(answer, "access-control-expose-headers")):
            yield finding(CORS_EXPOSED, walk.url, f"{named}it is not exposed.")
            return


def _allows_delete(exchange: Exchange) -> bool:
    """Say whether a preflight lets pages send DELETE; that of POST has said all the rest."""
    answer = exchange.answer
    if answer is None:
        return True
    methods = _listed(answer, "access-control-allow-methods")
    return 200 <= answer.status < 300 and bool({"delete", "*"} & set(methods))


def _methods_line(exchange: Exchange) -> str:
    answer = exchange.answer
    if answer is None or not 200 <= answer.status < 300:
        return f"{exchange.status} to the preflight of DELETE."
    allowed = answer.header("access-control-allow-methods")
    if allowed is None:
        return "There is no Access-Control-Allow-Methods."
    return f"Access-Control-Allow-Methods: {shown(allowed)}."


def _has_origin(answer: Answer) -> bool:
    return answer.header("access-control-allow-origin") is not None


def credentials(walk: Walk) -> Iterator[Finding]:
    exchanges = [*walk.page_reads, *([walk.endpoint_read] if walk.endpoint_read else [])]
    for exchange in exchanges:
        answer = exchange.answer
        if answer and (answer.header("access-control-allow-credentials") or "").lower() == "true":
            yield finding(CORS_CREDENTIALS, exchange.url, _origin_line(answer))


def passing(answer: Answer | None) -> str:
    """Return what to do where another one answers in place of the site, or ""."""
    by = intermediary(answer) if answer else None
    if by is None:
        return ""
    return f"Have {by.name} let the requests of pages pass, OPTIONS above all: it answers this one."


def lacking(exchange: Exchange, page: str, names: Sequence[str]) -> str:
    """Return what a preflight lacks for a page to send `names`, or "".

    GET, HEAD and POST need no permission.
    """
    answer = exchange.answer
    if answer is None:
        return ""
    if not 200 <= answer.status < 300:
        return f"{exchange.status} to OPTIONS"
    if not _allows(answer, page):
        return _origin_line(answer).rstrip(".")
    allowed = _listed(answer, "access-control-allow-headers")
    # Fetch: the wildcard covers every header but this one.
    covered = {*allowed, *(name for name in names if "*" in allowed and name != "authorization")}
    if missing := [name for name in names if name not in covered]:
        return f"Access-Control-Allow-Headers lacks {', '.join(missing)}"
    return ""


def _allows(answer: Answer, page: str) -> bool:
    return answer.header("access-control-allow-origin") in ("*", page)


def _listed(answer: Answer, name: str) -> list[str]:
    return [one.strip().lower() for one in (answer.header(name) or "").split(",")]


def _origin_line(answer: Answer) -> str:
    allowed = answer.header("access-control-allow-origin")
    if allowed is None:
        return "There is no Access-Control-Allow-Origin."
    return f"Access-Control-Allow-Origin: {shown(allowed)}."


def _has_seen(walk: Walk) -> bool:
    asked = [*walk.page_reads, *walk.page_preflights, walk.endpoint_preflight, walk.endpoint_delete]
    return all_answered(asked) and bool(walk.page_reads) and bool(seen_by_pages(walk))


STEP = Step(
    name="cors",
    title="CORS",
    holds="a page of any origin can read the documents and speak to the endpoint",
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
    has_seen=_has_seen,
)
