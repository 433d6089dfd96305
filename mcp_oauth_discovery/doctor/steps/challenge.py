"""Does the challenge lead to the metadata?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcp_oauth_discovery.doctor.catalogue import correcting, finding
from mcp_oauth_discovery.doctor.clients import Client, named
from mcp_oauth_discovery.doctor.findings import Finding
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
from mcp_oauth_discovery.standards.identifiers import check_secure_url, origin
from mcp_oauth_discovery.standards.www_authenticate import Challenge, scope_tokens

_TYPESCRIPT = (Client.TYPESCRIPT, Client.INSPECTOR)
_ONE_LAYER = "Send each parameter once. Let only one layer add it, the proxy or the application."


def header(walk: Walk) -> Iterator[Finding]:
    """Report the first 401 without a challenge, or with a malformed one."""
    for exchange in _unauthorized(walk):
        if fault := malformation(exchange) or _repetition(walk, exchange):
            seen = f"{_of(exchange)}: {shown(fault.problem)}."
            clients, fix = fault.clients, fault.fix
            yield finding("challenge-malformed", walk.url, seen, clients=clients, fix=fix)
            return
        if not challenges_of(exchange):
            # Clients that need a challenge read the one in the answer to POST.
            is_led = exchange is walk.get and bool(walk.challenges)
            stopped = () if is_led else None
            seen, fix = renamed_challenge(exchange.answer) if exchange.answer else ("", "")
            yield finding("challenge-missing", walk.url, seen, clients=stopped, fix=fix)
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
        *(_TYPESCRIPT if first in absent else ()),
        *((Client.VS_CODE,) if last in absent else ()),
    )


def scheme(walk: Walk) -> Iterator[Finding]:
    schemes = [one.scheme for one in walk.challenges]
    bearers = [one for one in walk.challenges if one.is_bearer]
    seen = f"The schemes are {shown(', '.join(schemes))}."
    if schemes and not bearers:
        yield finding("challenge-not-bearer", walk.url, seen)
    elif schemes and not walk.challenges[0].is_bearer:
        yield finding("challenge-not-first", walk.url, seen)
    if len(bearers) > 1:
        yield finding("challenge-several", walk.url, f"There are {len(bearers)} of them.")


def metadata(walk: Walk) -> Iterator[Finding]:
    """Report a URL of the metadata that is missing, or that clients cannot or may not use."""
    url = named_metadata(walk)
    if url is None:
        if any(one.is_bearer for one in walk.challenges):
            yield finding("challenge-no-metadata", walk.url, _written(walk.challenges))
        return
    seen = f"resource_metadata is {shown(url)}"
    parts = [one for one in differing_parts(url, walk.url) if one in ("scheme", "host", "port")]
    if not origin(url):
        yield finding("challenge-metadata-invalid", walk.url, f"{seen}.")
    elif url.lower().startswith("http:") and walk.url.lower().startswith("https:"):
        fix = correcting("challenge-metadata-http", parts)
        yield finding("challenge-metadata-http", walk.url, f"{seen}.", fix=fix)
    elif origin(url) != origin(walk.url):
        fix = correcting("challenge-metadata-offsite", parts)
        yield finding("challenge-metadata-offsite", walk.url, f"{seen}; not contacted.", fix=fix)
    else:
        yield from _form(walk, url, seen)


def _form(walk: Walk, url: str, seen: str) -> Iterator[Finding]:
    try:
        if origin(url).startswith("https:"):
            check_secure_url(url)
    except ValueError as error:
        yield finding("challenge-metadata-invalid", walk.url, f"{seen}: {error}.")


def error_without_token(walk: Walk) -> Iterator[Finding]:
    for challenge in walk.challenges:
        if challenge.is_bearer and "error" in challenge.parameters:
            seen = f"error is {shown(challenge.parameters['error'])}, and no token was sent."
            yield finding("challenge-error", walk.url, seen)


def scope(walk: Walk) -> Iterator[Finding]:
    for challenge in walk.challenges:
        value = challenge.parameters.get("scope")
        if value is None or not challenge.is_bearer:
            continue
        problem = _problem(value)
        if problem:
            seen = f"scope is {shown(value) or 'empty'}: {shown(problem)}."
            yield finding("challenge-scope", walk.url, seen)


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
        yield finding("challenge-differs", walk.url, seen)


def _of(exchange: Exchange) -> str:
    answer = exchange.answer
    return shown(answer.header("www-authenticate") or "") if answer else ""


def _unauthorized(walk: Walk) -> list[Exchange]:
    answered = [one for one in (walk.post, walk.get) if one and one.status == 401]
    return [one for one in answered if not one.intermediary]


def _written(challenges: Sequence[Challenge]) -> str:
    return f"WWW-Authenticate: {shown(', '.join(str(one) for one in challenges))}"


RULES = (header, scheme, metadata, error_without_token, scope, differences)
