"""Is the metadata of the resource where clients look, and the same at each address?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcp_oauth_discovery.doctor.clients import CLOSED, EVERY, TYPESCRIPT_BASED, Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Walk
from mcp_oauth_discovery.doctor.walk.well_known import Role

PRM_NOT_FOUND = Entry(
    code="prm-not-found",
    severity=Severity.ERROR,
    seen=_("No address that clients try has the document."),
    expected=_("the document at the well-known URL of the endpoint"),
    section="RFC 9728 §3.1",
    clients=EVERY,
    fix=_(
        "Serve the protected resource metadata at /.well-known/oauth-protected-resource followed "
        "by the path of the endpoint, and have the proxy pass /.well-known/ on."
    ),
    django_fix=_(
        'Add path("", include("mcp_oauth_discovery.urls")) to the root URLconf, and have the '
        "proxy pass /.well-known/ on."
    ),
)
PRM_PATH_NOT_FOUND = Entry(
    code="prm-path-not-found",
    severity=Severity.WARNING,
    seen=_("The document is not at the well-known URL with the path of the endpoint."),
    expected=_("the well-known part between host and path"),
    section="RFC 9728 §3.1",
    clients=(Client.VS_CODE, Client.GO),
    fix=_("Serve the metadata also at the well-known URL with the path of the endpoint."),
    django_fix=_("Set MCP_RESOURCE to the URL of the endpoint, or list its path in MCP_RESOURCES."),
)
PRM_CHALLENGE_NOT_FOUND = Entry(
    code="prm-challenge-not-found",
    severity=Severity.ERROR,
    seen=_("The URL in the challenge does not lead to the document."),
    expected=_("the document"),
    section="RFC 9728 §5.1",
    clients=TYPESCRIPT_BASED,
    fix=_("In resource_metadata of the challenge, write the URL of the metadata."),
    django_fix=_(
        "In resource_metadata of the challenge, write the URL of the metadata: "
        "mcp_oauth_discovery.challenge.resource_metadata_url() returns it."
    ),
)
PRM_DIFFERS = Entry(
    code="prm-differs",
    severity=Severity.WARNING,
    seen=_("The URL in the challenge and the well-known URL have different documents."),
    expected=_("one document for one resource"),
    section="RFC 9728 §3.1",
    fix=_("Serve the same metadata at both URLs: that in the challenge and the well-known URL."),
)


def places(walk: Walk) -> Iterator[Finding]:
    """Report addresses that have no document although clients look there."""
    by_role = {place.role: place for place in walk.resources}
    if walk.resource is None:
        statuses = {exchange.status for exchange in (walk.post, walk.get) if exchange}
        # An endpoint that is public, or does not exist, needs no metadata.
        is_needed = bool(statuses & {401, 403}) or walk.in_process
        if is_needed and walk.resources and all(place.is_absent for place in walk.resources):
            has_legacy = walk.legacy is not None and walk.legacy.members is not None
            # The others use the site as the authorization server (MCP of March 2025).
            clients = CLOSED if has_legacy else EVERY
            yield finding(PRM_NOT_FOUND, walk.url, _statuses(walk.resources), clients=clients)
        return
    path, challenge = by_role.get(Role.PATH), by_role.get(Role.CHALLENGE)
    challenge_has_document = challenge is not None and challenge.members is not None
    if path and path.is_absent:
        # Clients that read the document that the challenge names try no other address.
        clients = () if challenge_has_document else PRM_PATH_NOT_FOUND.clients
        yield finding(PRM_PATH_NOT_FOUND, path.url, f"{path.exchange.status}.", clients=clients)
    elif (
        (stripped := by_role.get(Role.STRIPPED))
        and not challenge_has_document
        and stripped.members is None
    ):
        text = (
            gettext("%(status)d, where the TypeScript SDK looks: it drops the final slash.")
            if stripped.exchange.status
            else gettext("No answer, where the TypeScript SDK looks: it drops the final slash.")
        )
        observation = text % {"status": stripped.exchange.status}
        yield finding(PRM_PATH_NOT_FOUND, stripped.url, observation, clients=TYPESCRIPT_BASED)
    if challenge and challenge.is_absent:
        yield finding(PRM_CHALLENGE_NOT_FOUND, challenge.url, f"{challenge.exchange.status}.")


def _statuses(places: Iterable[Fetched]) -> str:
    """Return a sentence for each status, with its addresses, each of them once."""
    urls_by_status: dict[int, dict[str, None]] = {}
    for place in places:
        urls_by_status.setdefault(place.exchange.status, {})[place.url] = None
    text = gettext("%(status)d at %(urls)s.")
    return " ".join(
        text % {"status": status, "urls": shown(", ".join(urls))}
        for status, urls in urls_by_status.items()
    )


def differences(walk: Walk) -> Iterator[Finding]:
    """Report different documents for one resource; the root may have that of another one."""
    places = [place for place in walk.resources if place.role in (Role.CHALLENGE, Role.PATH)]
    documents = [place for place in places if place.members is not None]
    if len(documents) == 2 and documents[0].members != documents[1].members:
        first, second = documents[0].content, documents[1].content
        names = sorted(name for name in {*first, *second} if first.get(name) != second.get(name))
        observation = gettext("Different from %(url)s: %(names)s.") % {
            "url": shown(documents[1].url),
            "names": shown(", ".join(names)),
        }
        yield finding(PRM_DIFFERS, documents[0].url, observation)


ENTRIES = (
    PRM_NOT_FOUND,
    PRM_PATH_NOT_FOUND,
    PRM_CHALLENGE_NOT_FOUND,
    PRM_DIFFERS,
)
RULES = (places, differences)
