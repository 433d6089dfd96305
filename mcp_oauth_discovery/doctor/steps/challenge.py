"""Does the challenge lead to the metadata?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY, READS_DPOP, TYPESCRIPT_BASED, Client, named
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, correcting, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps import challenge_scopes
from mcp_oauth_discovery.doctor.walk.acceptance import FIRST_VALUE, LAST_VALUE, differing_parts
from mcp_oauth_discovery.doctor.walk.challenges import (
    Malformation,
    challenges_of,
    is_dpop,
    is_readable,
    malformation,
    named_metadata,
)
from mcp_oauth_discovery.doctor.walk.intermediaries import renamed_challenge
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards.identifiers import check_secure_url, origin

_ONE_LAYER = (
    "Send each parameter of the challenge once, from one layer: the proxy or the application."
)

# Their makers ask for a challenge with the URL. They also document a fallback, but public reports
# say that the sign-in fails: Claude needs the URL in the challenge, and ChatGPT a challenge.
_LED = (Client.CLAUDE, Client.CHATGPT)

CHALLENGE_MISSING = Entry(
    code="challenge-missing",
    severity=Severity.ERROR,
    seen="The 401 has no WWW-Authenticate header.",
    expected='WWW-Authenticate: Bearer resource_metadata="…"',
    section="RFC 9110 §11.6.1, RFC 9728 §5.1",
    clients=_LED,
    fix='Send WWW-Authenticate: Bearer resource_metadata="…" with every 401, through every proxy.',
    django_fix="Answer 401 with mcp_oauth_discovery.challenge.unauthorized(request).",
)
CHALLENGE_MALFORMED = Entry(
    code="challenge-malformed",
    severity=Severity.ERROR,
    seen="The challenge does not follow the grammar.",
    expected="a scheme, then name=value pairs between commas, each once, URLs in quotes",
    section="RFC 9110 §11.2",
    clients=(Client.GO,),
    fix="In WWW-Authenticate, put URLs and values with special characters in quotes.",
    django_fix="Build WWW-Authenticate with mcp_oauth_discovery.challenge, which adds the quotes.",
)
CHALLENGE_NOT_BEARER = Entry(
    code="challenge-not-bearer",
    severity=Severity.ERROR,
    seen="No challenge has the scheme Bearer.",
    expected="a Bearer challenge",
    section="RFC 6750 §3",
    clients=_LED,
    fix="Put the bearer authentication first: the first one writes the challenge of the 401.",
    django_fix="Put the bearer authentication first, in REST framework in authentication_classes.",
)
CHALLENGE_DPOP_ALONE = Entry(
    code="challenge-dpop-alone",
    severity=Severity.WARNING,
    seen="The endpoint offers DPoP, and not Bearer.",
    expected="a Bearer challenge beside it, unless every client of the site supports DPoP",
    section="RFC 9449 §7.1, MCP authorization, token requirements",
    clients=tuple(client for client in EVERY if client not in READS_DPOP),
    fix="Accept Bearer tokens as well and offer Bearer, or use clients that support DPoP.",
)
CHALLENGE_NOT_FIRST = Entry(
    code="challenge-not-first",
    severity=Severity.WARNING,
    seen="Another challenge comes before Bearer.",
    expected="Bearer first",
    section="RFC 6750 §3",
    clients=TYPESCRIPT_BASED,
    fix="Put the bearer authentication first, or remove the other one from the endpoint.",
)
CHALLENGE_SEVERAL = Entry(
    code="challenge-several",
    severity=Severity.WARNING,
    seen="There is more than one Bearer challenge.",
    expected="one Bearer challenge",
    section="RFC 9110 §11.6.1",
    fix="Have only one layer answer 401: the proxy or the application.",
)
CHALLENGE_NO_METADATA = Entry(
    code="challenge-no-metadata",
    severity=Severity.WARNING,
    seen="The challenge has no resource_metadata.",
    expected="resource_metadata with the URL of the metadata",
    section="RFC 9728 §5.1, MCP authorization (2025-06-18), metadata location",
    clients=(Client.CLAUDE,),
    fix="Add resource_metadata to the challenge: without it, clients have to guess the URL.",
    django_fix="Answer 401 with mcp_oauth_discovery.challenge.unauthorized(request).",
)
CHALLENGE_METADATA_INVALID = Entry(
    code="challenge-metadata-invalid",
    severity=Severity.ERROR,
    seen="resource_metadata is not an absolute URL.",
    expected="an absolute https URL without fragment",
    section="RFC 9728 §5.1",
    clients=(Client.PYTHON,),
    fix="Write resource_metadata as an absolute URL: https, the host and the path.",
    django_fix="Answer 401 with mcp_oauth_discovery.challenge.unauthorized(request).",
)
CHALLENGE_METADATA_HTTP = Entry(
    code="challenge-metadata-http",
    severity=Severity.ERROR,
    seen="resource_metadata is http although the endpoint is https.",
    expected="an https URL",
    section="RFC 9728 §5.1, §7.1",
    clients=TYPESCRIPT_BASED,
    fix="Tell the application that the proxy ends TLS, or configure its public URL.",
    django_fix="Set SECURE_PROXY_SSL_HEADER, or pin MCP_ISSUER and MCP_RESOURCE to https URLs.",
    explains=("as-issuer-mismatch", "as-endpoint-http"),
)
CHALLENGE_METADATA_OFFSITE = Entry(
    code="challenge-metadata-offsite",
    severity=Severity.WARNING,
    seen="resource_metadata is on another origin.",
    expected="a URL on the origin of the endpoint",
    section="RFC 9728 §7.7",
    clients=(Client.RUST,),
    fix="In resource_metadata, write the URL of the metadata on the host that clients use.",
    django_fix="Pin MCP_RESOURCE to the URL that clients use.",
)
CHALLENGE_ERROR = Entry(
    code="challenge-error",
    severity=Severity.INFO,
    seen="The challenge has an error although no token was sent.",
    expected="no error without a token",
    section="RFC 6750 §3.1",
    fix=(
        "Leave error out of the challenge until a token is presented: clients may discard the "
        "tokens that they have."
    ),
)
CHALLENGE_DIFFERS = Entry(
    code="challenge-differs",
    severity=Severity.WARNING,
    seen="GET and POST have different challenges.",
    expected="one challenge for one resource",
    section="RFC 9728 §5.1",
    fix="Have the same code answer GET and POST without a token, so that both have one challenge.",
)


def header(walk: Walk) -> Iterator[Finding]:
    """Report the first 401 without a challenge, or with a malformed one."""
    for exchange in _unauthorized(walk):
        if fault := malformation(exchange) or _repetition(walk, exchange):
            observation = f"{_header(exchange)}: {shown(fault.problem)}."
            clients, fix = fault.clients, fault.fix
            yield finding(CHALLENGE_MALFORMED, walk.url, observation, clients=clients, fix=fix)
            return
        if not challenges_of(exchange):
            # Clients that need a challenge read the one in the answer to POST.
            is_elsewhere = exchange is walk.get and bool(walk.challenges)
            clients = () if is_elsewhere else CHALLENGE_MISSING.clients
            observation, fix = renamed_challenge(exchange.answer) if exchange.answer else ("", "")
            yield finding(CHALLENGE_MISSING, walk.url, observation, clients=clients, fix=fix)
            return


def _repetition(walk: Walk, exchange: Exchange) -> Malformation | None:
    """Return the first repeated parameter, and the clients that it stops."""
    for challenge in challenges_of(exchange):
        for name, last in challenge.repeated.items():
            first = challenge.parameters[name]
            problem = f"the parameter {name!r} appears twice"
            if first != last and name in ("resource_metadata", "scope"):
                problem += f"; {named(FIRST_VALUE)} take the first, {named(LAST_VALUE)} the last"
            clients: tuple[Client, ...] = ()
            if first != last and name == "resource_metadata":
                absent = {place.url for place in walk.resources if place.is_absent}
                # These clients try no other URL.
                clients += TYPESCRIPT_BASED if first in absent else ()
                clients += (Client.VS_CODE,) if last in absent else ()
            return Malformation(problem, clients, _ONE_LAYER)
    return None


def scheme(walk: Walk) -> Iterator[Finding]:
    schemes = [challenge.scheme for challenge in walk.challenges]
    bearers = [challenge for challenge in walk.challenges if challenge.is_bearer]
    observation = f"The schemes are {shown(', '.join(schemes))}."
    if any(map(is_dpop, walk.challenges)) and not bearers:
        yield finding(CHALLENGE_DPOP_ALONE, walk.url, observation)
    elif schemes and not bearers:
        yield finding(CHALLENGE_NOT_BEARER, walk.url, observation)
    if any(map(is_readable, walk.challenges)) and not is_readable(walk.challenges[0]):
        yield finding(CHALLENGE_NOT_FIRST, walk.url, observation)
    if len(bearers) > 1:
        yield finding(CHALLENGE_SEVERAL, walk.url, f"There are {len(bearers)} Bearer challenges.")


def metadata(walk: Walk) -> Iterator[Finding]:
    """Report a URL of the metadata that is missing, or that clients cannot or may not use."""
    url = named_metadata(walk)
    if url is None:
        if any(map(is_readable, walk.challenges)):
            challenges = ", ".join(str(challenge) for challenge in walk.challenges)
            observation = f"WWW-Authenticate: {shown(challenges)}"
            yield finding(CHALLENGE_NO_METADATA, walk.url, observation)
        return
    observation = f"resource_metadata is {shown(url)}"
    parts = [part for part in differing_parts(url, walk.url) if part in ("scheme", "host", "port")]
    correction = correcting(parts, "resource_metadata")
    if not origin(url):
        yield finding(CHALLENGE_METADATA_INVALID, walk.url, f"{observation}.")
    elif url.lower().startswith("http:") and walk.url.lower().startswith("https:"):
        yield finding(CHALLENGE_METADATA_HTTP, walk.url, f"{observation}.", correction=correction)
    elif origin(url) != origin(walk.url):
        observation = f"{observation}; not contacted."
        yield finding(CHALLENGE_METADATA_OFFSITE, walk.url, observation, correction=correction)
    elif origin(url).startswith("https:"):
        try:
            check_secure_url(url)
        except ValueError as error:
            yield finding(CHALLENGE_METADATA_INVALID, walk.url, f"{observation}: {error}.")


def error_without_token(walk: Walk) -> Iterator[Finding]:
    for challenge in walk.challenges:
        if challenge.is_bearer and "error" in challenge.parameters:
            observation = f"error is {shown(challenge.parameters['error'])}, and no token was sent."
            yield finding(CHALLENGE_ERROR, walk.url, observation)


def differences(walk: Walk) -> Iterator[Finding]:
    """Report a POST and a GET with different challenges."""
    headers = [_header(exchange) for exchange in _unauthorized(walk)]
    if len(headers) == 2 and all(headers) and headers[0] != headers[1]:
        observation = f"POST: {headers[0]}. GET: {headers[1]}."
        yield finding(CHALLENGE_DIFFERS, walk.url, observation)


def _header(exchange: Exchange) -> str:
    answer = exchange.answer
    return shown(answer.header("www-authenticate") or "") if answer else ""


def _unauthorized(walk: Walk) -> list[Exchange]:
    exchanges = [exchange for exchange in (walk.post, walk.get) if exchange]
    return [
        exchange for exchange in exchanges if exchange.status == 401 and not exchange.intermediary
    ]


def can_pass(walk: Walk) -> bool:
    """Return whether the challenge led to metadata; if it did not, another step reports it."""
    named = [place for place in walk.resources if place.role is Role.CHALLENGE]
    return any(place.members is not None for place in named)


def is_absent(walk: Walk) -> bool:
    """Return whether the endpoint needs no token."""
    return walk.post is not None and 200 <= walk.post.status < 300


def skipped(walk: Walk) -> str:
    return "no challenge led to a document"


STEP = Step(
    name="challenge",
    title="Challenge",
    holds="one Bearer challenge that leads to the metadata",
    entries=(
        CHALLENGE_MISSING,
        CHALLENGE_MALFORMED,
        CHALLENGE_NOT_BEARER,
        CHALLENGE_DPOP_ALONE,
        CHALLENGE_NOT_FIRST,
        CHALLENGE_SEVERAL,
        CHALLENGE_NO_METADATA,
        CHALLENGE_METADATA_INVALID,
        CHALLENGE_METADATA_HTTP,
        CHALLENGE_METADATA_OFFSITE,
        CHALLENGE_ERROR,
        *challenge_scopes.ENTRIES,
        CHALLENGE_DIFFERS,
    ),
    rules=(
        header,
        scheme,
        metadata,
        error_without_token,
        *challenge_scopes.RULES,
        differences,
    ),
    can_pass=can_pass,
    lacks="the endpoint answers without a token, so it sends no challenge",
    is_absent=is_absent,
    skipped=skipped,
)
