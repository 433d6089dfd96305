"""Does the challenge lead to the metadata?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcp_oauth_discovery.doctor.clients import EVERY, TYPESCRIPT_BASED, Client, named
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, correcting, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.walk.acceptance import FIRST_VALUE, LAST_VALUE, differing_parts
from mcp_oauth_discovery.doctor.walk.challenges import (
    Malformation,
    challenges_of,
    malformation,
    named_metadata,
)
from mcp_oauth_discovery.doctor.walk.intermediaries import renamed_challenge
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards.identifiers import check_secure_url, origin
from mcp_oauth_discovery.standards.www_authenticate import Challenge, scope_tokens

_ONE_LAYER = "Send each parameter once. Let only one layer add it, the proxy or the application."

# According to public reports, Claude needs the URL in the challenge, and ChatGPT a challenge.
_LED = (Client.CLAUDE, Client.CHATGPT)

CHALLENGE_MISSING = Entry(
    code="challenge-missing",
    severity=Severity.ERROR,
    seen="The 401 has no WWW-Authenticate header.",
    expected='WWW-Authenticate: Bearer resource_metadata="…"',
    section="RFC 9110 §11.6.1, RFC 9728 §5.1",
    clients=_LED,
    fix="Send the header with every 401, and let no proxy take it off.",
    django_fix="Answer with mcp_oauth_discovery.challenge.unauthorized(request).",
)
CHALLENGE_MALFORMED = Entry(
    code="challenge-malformed",
    severity=Severity.ERROR,
    seen="The challenge does not follow the grammar.",
    expected="a scheme, then name=value pairs between commas, each once, URLs in quotes",
    section="RFC 9110 §11.2",
    clients=(Client.GO,),
    fix="Quote what has to be quoted, URLs above all.",
    django_fix=("Build it with mcp_oauth_discovery.challenge, which quotes what has to be quoted."),
)
CHALLENGE_NOT_BEARER = Entry(
    code="challenge-not-bearer",
    severity=Severity.ERROR,
    seen="No challenge has the scheme Bearer.",
    expected="a Bearer challenge",
    section="RFC 6750 §3",
    clients=_LED,
    fix="Another authentication class comes first: put the bearer one before it.",
)
CHALLENGE_NOT_FIRST = Entry(
    code="challenge-not-first",
    severity=Severity.WARNING,
    seen="Another challenge comes before Bearer.",
    expected="Bearer first",
    section="RFC 6750 §3",
    clients=TYPESCRIPT_BASED,
    fix=("Put the bearer authentication first, or leave the other one out of the endpoint."),
)
CHALLENGE_SEVERAL = Entry(
    code="challenge-several",
    severity=Severity.WARNING,
    seen="There is more than one Bearer challenge.",
    expected="one",
    section="RFC 9110 §11.6.1",
    fix="Let one layer alone answer 401: the proxy or the application.",
)
CHALLENGE_NO_METADATA = Entry(
    code="challenge-no-metadata",
    severity=Severity.WARNING,
    seen="The challenge has no resource_metadata.",
    expected="resource_metadata with the URL of the metadata",
    section="RFC 9728 §5.1, MCP authorization (2025-06-18), metadata location",
    clients=(Client.CLAUDE,),
    fix="Add it. Without it, clients have to guess the address.",
    django_fix=(
        "Answer with mcp_oauth_discovery.challenge.unauthorized(request). Without it, clients "
        "have to guess the address."
    ),
)
CHALLENGE_METADATA_INVALID = Entry(
    code="challenge-metadata-invalid",
    severity=Severity.ERROR,
    seen="resource_metadata is not an absolute URL.",
    expected="an absolute https URL without fragment",
    section="RFC 9728 §5.1",
    clients=(Client.PYTHON,),
    fix="Name the URL with scheme and host.",
)
CHALLENGE_METADATA_HTTP = Entry(
    code="challenge-metadata-http",
    severity=Severity.ERROR,
    seen="resource_metadata is http, the endpoint is https.",
    expected="an https URL",
    section="RFC 9728 §5.1, §7.1",
    clients=TYPESCRIPT_BASED,
    fix="Tell the application that the proxy ended TLS, or give it its public URL.",
    django_fix="Set SECURE_PROXY_SSL_HEADER, or pin MCP_ISSUER and MCP_RESOURCE.",
)
CHALLENGE_METADATA_OFFSITE = Entry(
    code="challenge-metadata-offsite",
    severity=Severity.WARNING,
    seen="resource_metadata is on another origin.",
    expected="a URL on the origin of the endpoint",
    section="RFC 9728 §7.7",
    clients=(Client.RUST,),
    fix="Name the URL on the host that clients use.",
    django_fix="Pin MCP_RESOURCE to the URL that clients use.",
)
CHALLENGE_ERROR = Entry(
    code="challenge-error",
    severity=Severity.INFO,
    seen="The challenge has an error although no token was sent.",
    expected="no error without a token",
    section="RFC 6750 §3.1",
    fix="Leave error out until a token is presented: clients may drop what they have.",
)
CHALLENGE_SCOPE = Entry(
    code="challenge-scope",
    severity=Severity.ERROR,
    seen="The scope of the challenge is not a list of scopes.",
    expected="scope tokens with one blank between them",
    section="RFC 6749 §3.3",
    clients=EVERY,
    fix="Write the scopes with single blanks, without commas and quotes.",
)
CHALLENGE_DIFFERS = Entry(
    code="challenge-differs",
    severity=Severity.WARNING,
    seen="GET and POST are challenged differently.",
    expected="one challenge for one resource",
    section="RFC 9728 §5.1",
    fix="Let the same code answer both.",
)


def header(walk: Walk) -> Iterator[Finding]:
    """Report the first 401 without a challenge, or with a malformed one."""
    for exchange in _unauthorized(walk):
        if fault := malformation(exchange) or _repetition(walk, exchange):
            seen = f"{_of(exchange)}: {shown(fault.problem)}."
            clients, fix = fault.clients, fault.fix
            yield finding(CHALLENGE_MALFORMED, walk.url, seen, clients=clients, fix=fix)
            return
        if not challenges_of(exchange):
            # Clients that need a challenge read the one in the answer to POST.
            is_led = exchange is walk.get and bool(walk.challenges)
            stopped = () if is_led else None
            seen, fix = renamed_challenge(exchange.answer) if exchange.answer else ("", "")
            yield finding(CHALLENGE_MISSING, walk.url, seen, clients=stopped, fix=fix)
            return


def _repetition(walk: Walk, exchange: Exchange) -> Malformation | None:
    for challenge in challenges_of(exchange):
        for name, last in challenge.repeated.items():
            first = challenge.parameters[name]
            problem = f"the parameter {name!r} is there twice"
            if first != last and name in ("resource_metadata", "scope"):
                problem += f"; {named(FIRST_VALUE)} take the first, {named(LAST_VALUE)} the last"
            is_url = first != last and name == "resource_metadata"
            clients = _led_astray(walk, first, last) if is_url else ()
            return Malformation(problem, clients, _ONE_LAYER)
    return None


def _led_astray(walk: Walk, first: str, last: str) -> tuple[Client, ...]:
    """Return the clients that take the URL without a document, and try no other."""
    absent = {one.url for one in walk.resources if one.is_absent}
    return (
        *(TYPESCRIPT_BASED if first in absent else ()),
        *((Client.VS_CODE,) if last in absent else ()),
    )


def scheme(walk: Walk) -> Iterator[Finding]:
    schemes = [one.scheme for one in walk.challenges]
    bearers = [one for one in walk.challenges if one.is_bearer]
    seen = f"The schemes are {shown(', '.join(schemes))}."
    if schemes and not bearers:
        yield finding(CHALLENGE_NOT_BEARER, walk.url, seen)
    elif schemes and not walk.challenges[0].is_bearer:
        yield finding(CHALLENGE_NOT_FIRST, walk.url, seen)
    if len(bearers) > 1:
        yield finding(CHALLENGE_SEVERAL, walk.url, f"There are {len(bearers)} of them.")


def metadata(walk: Walk) -> Iterator[Finding]:
    """Report a URL of the metadata that is missing, or that clients cannot or may not use."""
    url = named_metadata(walk)
    if url is None:
        if any(one.is_bearer for one in walk.challenges):
            yield finding(CHALLENGE_NO_METADATA, walk.url, _written(walk.challenges))
        return
    seen = f"resource_metadata is {shown(url)}"
    parts = [one for one in differing_parts(url, walk.url) if one in ("scheme", "host", "port")]
    if not origin(url):
        yield finding(CHALLENGE_METADATA_INVALID, walk.url, f"{seen}.")
    elif url.lower().startswith("http:") and walk.url.lower().startswith("https:"):
        yield finding(CHALLENGE_METADATA_HTTP, walk.url, f"{seen}.", correction=correcting(parts))
    elif origin(url) != origin(walk.url):
        seen = f"{seen}; not contacted."
        yield finding(CHALLENGE_METADATA_OFFSITE, walk.url, seen, correction=correcting(parts))
    else:
        yield from _form(walk, url, seen)


def _form(walk: Walk, url: str, seen: str) -> Iterator[Finding]:
    try:
        if origin(url).startswith("https:"):
            check_secure_url(url)
    except ValueError as error:
        yield finding(CHALLENGE_METADATA_INVALID, walk.url, f"{seen}: {error}.")


def error_without_token(walk: Walk) -> Iterator[Finding]:
    for challenge in walk.challenges:
        if challenge.is_bearer and "error" in challenge.parameters:
            seen = f"error is {shown(challenge.parameters['error'])}, and no token was sent."
            yield finding(CHALLENGE_ERROR, walk.url, seen)


def scope(walk: Walk) -> Iterator[Finding]:
    for challenge in walk.challenges:
        value = challenge.parameters.get("scope")
        if value is None or not challenge.is_bearer:
            continue
        problem = _problem(value)
        if problem:
            seen = f"scope is {shown(value) or 'empty'}: {shown(problem)}."
            yield finding(CHALLENGE_SCOPE, walk.url, seen)


def _problem(value: str) -> str:
    if not value:
        return "expected at least one scope"
    if "," in value:
        return "commas do not separate scopes"
    try:
        scope_tokens(value)
    except ValueError as error:
        return str(error)
    return ""


def differences(walk: Walk) -> Iterator[Finding]:
    """Report challenges of POST and GET that are not the same."""
    answered = [_of(one) for one in _unauthorized(walk)]
    if len(answered) == 2 and all(answered) and answered[0] != answered[1]:
        seen = f"POST: {answered[0]}. GET: {answered[1]}."
        yield finding(CHALLENGE_DIFFERS, walk.url, seen)


def _of(exchange: Exchange) -> str:
    answer = exchange.answer
    return shown(answer.header("www-authenticate") or "") if answer else ""


def _unauthorized(walk: Walk) -> list[Exchange]:
    answered = [one for one in (walk.post, walk.get) if one and one.status == 401]
    return [one for one in answered if not one.intermediary]


def _written(challenges: Sequence[Challenge]) -> str:
    return f"WWW-Authenticate: {shown(', '.join(str(one) for one in challenges))}"


def _has_seen(walk: Walk) -> bool:
    """Say whether the challenge led to metadata; that it does not is a finding of another step."""
    named = [place for place in walk.resources if place.role is Role.CHALLENGE]
    return any(place.members is not None for place in named)


STEP = Step(
    name="challenge",
    title="Challenge",
    holds="one Bearer challenge that leads to the metadata",
    entries=(
        CHALLENGE_MISSING,
        CHALLENGE_MALFORMED,
        CHALLENGE_NOT_BEARER,
        CHALLENGE_NOT_FIRST,
        CHALLENGE_SEVERAL,
        CHALLENGE_NO_METADATA,
        CHALLENGE_METADATA_INVALID,
        CHALLENGE_METADATA_HTTP,
        CHALLENGE_METADATA_OFFSITE,
        CHALLENGE_ERROR,
        CHALLENGE_SCOPE,
        CHALLENGE_DIFFERS,
    ),
    rules=(header, scheme, metadata, error_without_token, scope, differences),
    has_seen=_has_seen,
)
