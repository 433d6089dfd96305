"""Does the challenge lead to the metadata?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY, READS_DPOP, TYPESCRIPT_BASED, Client, named
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext, ngettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps import challenge_dpop, challenge_metadata, challenge_scopes
from mcp_oauth_discovery.doctor.walk.acceptance import FIRST_VALUE, LAST_VALUE
from mcp_oauth_discovery.doctor.walk.challenges import (
    Malformation,
    challenges_of,
    is_dpop,
    is_readable,
    malformation,
)
from mcp_oauth_discovery.doctor.walk.intermediaries import renamed_challenge
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.well_known import Role

_ONE_LAYER = _(
    "Send each parameter of the challenge once, from one layer: the proxy or the application."
)

# Their makers ask for a challenge with the URL. They also document a fallback, but public reports
# say that the sign-in fails: Claude needs the URL in the challenge, and ChatGPT a challenge.
_LED = (Client.CLAUDE, Client.CHATGPT)

CHALLENGE_MISSING = Entry(
    code="challenge-missing",
    severity=Severity.ERROR,
    seen=_("The 401 has no WWW-Authenticate header."),
    expected=_('WWW-Authenticate: Bearer resource_metadata="…"'),
    section="RFC 9110 §11.6.1, RFC 9728 §5.1",
    clients=_LED,
    fix=_(
        'Send WWW-Authenticate: Bearer resource_metadata="…" with every 401, through every proxy.'
    ),
    django_fix=_("Answer 401 with mcp_oauth_discovery.challenge.unauthorized(request)."),
)
CHALLENGE_MALFORMED = Entry(
    code="challenge-malformed",
    severity=Severity.ERROR,
    seen=_("The challenge does not follow the grammar."),
    expected=_("a scheme, then name=value pairs between commas, each once, URLs in quotes"),
    section="RFC 9110 §11.2",
    clients=(Client.GO,),
    fix=_("In WWW-Authenticate, put URLs and values with special characters in quotes."),
    django_fix=_(
        "Build WWW-Authenticate with mcp_oauth_discovery.challenge, which adds the quotes."
    ),
)
CHALLENGE_NOT_BEARER = Entry(
    code="challenge-not-bearer",
    severity=Severity.ERROR,
    seen=_("No challenge has the scheme Bearer."),
    expected=_("a Bearer challenge"),
    section="RFC 6750 §3",
    clients=_LED,
    fix=_("Put the bearer authentication first: the first one writes the challenge of the 401."),
    django_fix=_(
        "Put the bearer authentication first, in REST framework in authentication_classes."
    ),
)
CHALLENGE_DPOP_ALONE = Entry(
    code="challenge-dpop-alone",
    severity=Severity.WARNING,
    seen=_("The endpoint offers DPoP, and not Bearer."),
    expected=_("a Bearer challenge beside it, unless every client of the site supports DPoP"),
    section="RFC 9449 §7.1, MCP authorization, token requirements",
    clients=tuple(client for client in EVERY if client not in READS_DPOP),
    fix=_("Accept Bearer tokens as well and offer Bearer, or use clients that support DPoP."),
)
CHALLENGE_NOT_FIRST = Entry(
    code="challenge-not-first",
    severity=Severity.WARNING,
    seen=_("Another challenge comes before Bearer."),
    expected=_("Bearer first"),
    section="RFC 6750 §3",
    clients=TYPESCRIPT_BASED,
    fix=_("Put the bearer authentication first, or remove the other one from the endpoint."),
)
CHALLENGE_SEVERAL = Entry(
    code="challenge-several",
    severity=Severity.WARNING,
    seen=_("There is more than one Bearer challenge."),
    expected=_("one Bearer challenge"),
    section="RFC 9110 §11.6.1",
    fix=_("Have only one layer answer 401: the proxy or the application."),
)
CHALLENGE_ERROR = Entry(
    code="challenge-error",
    severity=Severity.INFO,
    seen=_("The challenge has an error although no token was sent."),
    expected=_("no error without a token"),
    section="RFC 6750 §3.1",
    fix=_(
        "Leave error out of the challenge until a token is presented: clients may discard the "
        "tokens that they have."
    ),
)
CHALLENGE_DIFFERS = Entry(
    code="challenge-differs",
    severity=Severity.WARNING,
    seen=_("GET and POST have different challenges."),
    expected=_("one challenge for one resource"),
    section="RFC 9728 §5.1",
    fix=_(
        "Have the same code answer GET and POST without a token, so that both have one challenge."
    ),
)


def header(walk: Walk) -> Iterator[Finding]:
    """Report the first 401 without a challenge, or with a malformed one."""
    for exchange in _unauthorized(walk):
        if fault := malformation(exchange) or _repetition(walk, exchange):
            values = {"value": _header(exchange), "problem": fault.problem}
            observation = gettext("%(value)s: %(problem)s.") % values
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
            if first != last and name in ("resource_metadata", "scope"):
                text = gettext(
                    "the parameter %(name)s appears twice; %(first)s take the first, %(last)s the "
                    "last"
                )
            else:
                text = gettext("the parameter %(name)s appears twice")
            values = {
                "name": shown(repr(name)),
                "first": named(FIRST_VALUE),
                "last": named(LAST_VALUE),
            }
            clients: tuple[Client, ...] = ()
            if first != last and name == "resource_metadata":
                absent = {place.url for place in walk.resources if place.is_absent}
                # These clients try no other URL.
                clients += TYPESCRIPT_BASED if first in absent else ()
                clients += (Client.VS_CODE,) if last in absent else ()
            return Malformation(text % values, clients, gettext(_ONE_LAYER))
    return None


def scheme(walk: Walk) -> Iterator[Finding]:
    schemes = [challenge.scheme for challenge in walk.challenges]
    bearers = [challenge for challenge in walk.challenges if challenge.is_bearer]
    observation = gettext("The schemes are %(schemes)s.") % {"schemes": shown(", ".join(schemes))}
    if any(map(is_dpop, walk.challenges)) and not bearers:
        yield finding(CHALLENGE_DPOP_ALONE, walk.url, observation)
    elif schemes and not bearers:
        yield finding(CHALLENGE_NOT_BEARER, walk.url, observation)
    if any(map(is_readable, walk.challenges)) and not is_readable(walk.challenges[0]):
        yield finding(CHALLENGE_NOT_FIRST, walk.url, observation)
    if len(bearers) > 1:
        text = ngettext(
            "There is %(number)d Bearer challenge.",
            "There are %(number)d Bearer challenges.",
            len(bearers),
        )
        yield finding(CHALLENGE_SEVERAL, walk.url, text % {"number": len(bearers)})


def error_without_token(walk: Walk) -> Iterator[Finding]:
    for challenge in walk.challenges:
        if challenge.is_bearer and "error" in challenge.parameters:
            text = gettext("error is %(error)s, and no token was sent.")
            values = {"error": shown(challenge.parameters["error"])}
            yield finding(CHALLENGE_ERROR, walk.url, text % values)


def differences(walk: Walk) -> Iterator[Finding]:
    """Report a POST and a GET with different challenges."""
    headers = [_header(exchange) for exchange in _unauthorized(walk)]
    if len(headers) == 2 and all(headers) and headers[0] != headers[1]:
        text = gettext("POST: %(post)s. GET: %(get)s.")
        yield finding(CHALLENGE_DIFFERS, walk.url, text % {"post": headers[0], "get": headers[1]})


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
    return gettext("no challenge led to a document")


STEP = Step(
    name="challenge",
    title=_("Challenge"),
    holds=_("one Bearer challenge that leads to the metadata"),
    entries=(
        CHALLENGE_MISSING,
        CHALLENGE_MALFORMED,
        CHALLENGE_NOT_BEARER,
        CHALLENGE_DPOP_ALONE,
        CHALLENGE_NOT_FIRST,
        CHALLENGE_SEVERAL,
        *challenge_metadata.ENTRIES,
        CHALLENGE_ERROR,
        *challenge_scopes.ENTRIES,
        *challenge_dpop.ENTRIES,
        CHALLENGE_DIFFERS,
    ),
    rules=(
        header,
        scheme,
        *challenge_metadata.RULES,
        error_without_token,
        *challenge_scopes.RULES,
        *challenge_dpop.RULES,
        differences,
    ),
    can_pass=can_pass,
    lacks=_("the endpoint answers without a token, so it sends no challenge"),
    is_absent=is_absent,
    skipped=skipped,
)
