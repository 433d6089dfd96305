"""Is the metadata of the resource where clients look, and is it about this endpoint?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import CLOSED, EVERY, TYPESCRIPT_BASED, Client, named
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, correcting, finding
from mcp_oauth_discovery.doctor.printing import pointed, shown
from mcp_oauth_discovery.doctor.steps import resource_members
from mcp_oauth_discovery.doctor.steps.resource_members import identifier, is_plain_http
from mcp_oauth_discovery.doctor.steps.values import check_host
from mcp_oauth_discovery.doctor.steps.wrong_issuers import with_common_cause
from mcp_oauth_discovery.doctor.walk.acceptance import (
    RESOURCE_RULES,
    difference,
    differing_parts,
    refusals,
)
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Walk
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards import hosts
from mcp_oauth_discovery.standards.identifiers import (
    check_resource,
    check_url,
    split,
)
from mcp_oauth_discovery.standards.metadata import has_value

PRM_NOT_FOUND = Entry(
    code="prm-not-found",
    severity=Severity.ERROR,
    seen="No address that clients try has the document.",
    expected="the document at the well-known URL of the endpoint",
    section="RFC 9728 §3.1",
    clients=EVERY,
    fix=(
        "Serve the protected resource metadata at /.well-known/oauth-protected-resource followed "
        "by the path of the endpoint, and have the proxy pass /.well-known/ on."
    ),
    django_fix=(
        'Add path("", include("mcp_oauth_discovery.urls")) to the root URLconf, and have the '
        "proxy pass /.well-known/ on."
    ),
)
PRM_PATH_NOT_FOUND = Entry(
    code="prm-path-not-found",
    severity=Severity.WARNING,
    seen="The document is not at the well-known URL with the path of the endpoint.",
    expected="the well-known part between host and path",
    section="RFC 9728 §3.1",
    clients=(Client.VS_CODE, Client.GO),
    fix="Serve the metadata also at the well-known URL with the path of the endpoint.",
    django_fix="Set MCP_RESOURCE to the URL of the endpoint, or list its path in MCP_RESOURCES.",
)
PRM_CHALLENGE_NOT_FOUND = Entry(
    code="prm-challenge-not-found",
    severity=Severity.ERROR,
    seen="The URL in the challenge does not lead to the document.",
    expected="the document",
    section="RFC 9728 §5.1",
    clients=TYPESCRIPT_BASED,
    fix="In resource_metadata of the challenge, write the URL of the metadata.",
    django_fix=(
        "In resource_metadata of the challenge, write the URL of the metadata: "
        "mcp_oauth_discovery.challenge.resource_metadata_url() returns it."
    ),
)
PRM_DIFFERS = Entry(
    code="prm-differs",
    severity=Severity.WARNING,
    seen="The URL in the challenge and the well-known URL have different documents.",
    expected="one document for one resource",
    section="RFC 9728 §3.1",
    fix="Serve the same metadata at both URLs: that in the challenge and the well-known URL.",
)
PRM_RESOURCE_MISSING = Entry(
    code="prm-resource-missing",
    severity=Severity.ERROR,
    seen="The document has no resource.",
    expected="resource, with the URL of the endpoint",
    section="RFC 9728 §2",
    clients=EVERY,
    fix="Add resource to the metadata, with the URL of the endpoint exactly as users type it.",
    django_fix="Set MCP_RESOURCE to the URL of the endpoint, exactly as users type it.",
)
PRM_RESOURCE_INVALID = Entry(
    code="prm-resource-invalid",
    severity=Severity.ERROR,
    seen="resource is not a resource identifier.",
    expected="an absolute https URL without fragment",
    section="RFC 9728 §1.2",
    clients=EVERY,
    fix="Set resource to the URL of the endpoint, exactly as users type it.",
    django_fix="Set MCP_RESOURCE to the URL of the endpoint, exactly as users type it.",
)
PRM_RESOURCE_SCHEME = Entry(
    code="prm-resource-scheme",
    severity=Severity.ERROR,
    seen="resource is http although the endpoint is https.",
    expected="the URL of the endpoint",
    section="RFC 9728 §3.3",
    clients=EVERY,
    fix="Tell the application that the proxy ends TLS, or configure its public https URL.",
    django_fix=(
        "Set SECURE_PROXY_SSL_HEADER, because a proxy ends TLS, or pin MCP_ISSUER and MCP_RESOURCE "
        "to https URLs."
    ),
    explains=(
        "challenge-metadata-http",
        "prm-server-invalid",
        "as-issuer-mismatch",
        "as-endpoint-http",
    ),
)
PRM_RESOURCE_MISMATCH = Entry(
    code="prm-resource-mismatch",
    severity=Severity.ERROR,
    seen="resource is not this endpoint.",
    expected="the URL of the endpoint",
    section="RFC 9728 §3.3",
    clients=EVERY,
    fix="Set resource to the URL of the endpoint, exactly as users type it.",
    django_fix="Set MCP_RESOURCE to the URL of the endpoint, exactly as users type it.",
    explains=("as-protected-resources", "card-endpoint", "challenge-metadata-offsite"),
)
PRM_RESOURCE_NOT_EXACT = Entry(
    code="prm-resource-not-exact",
    severity=Severity.ERROR,
    seen="resource covers the endpoint but is not its URL; some clients require an exact match.",
    expected="the URL of the endpoint, character by character",
    section="RFC 9728 §3.3",
    clients=(Client.CLAUDE, Client.VS_CODE, Client.GO),
    fix="Set resource to the URL of the endpoint, exactly as users type it.",
    django_fix="Set MCP_RESOURCE to the URL of the endpoint, exactly as users type it.",
)

PRM_RESOURCE_ORIGIN = Entry(
    code="prm-resource-origin",
    severity=Severity.WARNING,
    seen="resource is the bare origin, and the endpoint has a path.",
    expected="the URL of the endpoint, character by character",
    section="RFC 9728 §3.3",
    clients=(Client.CLAUDE,),
    fix="Set resource to the URL of the endpoint: tokens for the origin are for all of the site.",
    django_fix=(
        "Set MCP_RESOURCE to the URL of the endpoint: tokens for the origin are for all of the "
        "site."
    ),
    explains=("prm-path-not-found",),
)


def places(walk: Walk) -> Iterator[Finding]:
    """Report addresses that have no document although clients look there."""
    by_role = {place.role: place for place in walk.resources}
    if walk.resource is None:
        statuses = {exchange.status for exchange in (walk.post, walk.get) if exchange}
        # An endpoint that is public, or does not exist, needs no metadata.
        is_needed = bool(statuses & {401, 403}) or walk.in_process
        if is_needed and walk.resources and all(place.is_absent for place in walk.resources):
            tried = ", ".join(place.url for place in walk.resources)
            has_legacy = walk.legacy is not None and walk.legacy.members is not None
            # The others use the site as the authorization server (MCP of March 2025).
            clients = CLOSED if has_legacy else EVERY
            yield finding(PRM_NOT_FOUND, walk.url, f"404 at {shown(tried)}.", clients=clients)
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
        status = f"{stripped.exchange.status or 'No answer'}"
        observation = f"{status}, where the TypeScript SDK looks: it drops the final slash."
        yield finding(PRM_PATH_NOT_FOUND, stripped.url, observation, clients=TYPESCRIPT_BASED)
    if challenge and challenge.is_absent:
        yield finding(PRM_CHALLENGE_NOT_FOUND, challenge.url, f"{challenge.exchange.status}.")


def differences(walk: Walk) -> Iterator[Finding]:
    """Report different documents for one resource; the root may have that of another one."""
    places = [place for place in walk.resources if place.role in (Role.CHALLENGE, Role.PATH)]
    documents = [place for place in places if place.members is not None]
    if len(documents) == 2 and documents[0].members != documents[1].members:
        first, second = documents[0].content, documents[1].content
        names = sorted(name for name in {*first, *second} if first.get(name) != second.get(name))
        observation = f"Different from {shown(documents[1].url)}: {shown(', '.join(names))}."
        yield finding(PRM_DIFFERS, documents[0].url, observation)


def resource(walk: Walk) -> Iterator[Finding]:
    """Report a `resource` that clients do not accept for this endpoint, and name the clients."""
    document = walk.resource
    if document is None:
        return
    value = identifier(document)
    if not has_value(value):
        yield finding(PRM_RESOURCE_MISSING, document.url)
    elif problem := _invalid(value):
        observation = f"resource is {shown(value)}: {shown(problem)}."
        is_read = bool(hosts.origin(str(value)))
        refused = refusals(walk.url, [(document.role, str(value))]) if is_read else EVERY
        yield finding(PRM_RESOURCE_INVALID, document.url, observation, clients=tuple(refused))
    else:
        yield from _match(walk, document, str(value))


def _match(walk: Walk, document: Fetched, value: str) -> Iterator[Finding]:
    candidates = [
        (place.role, str(identifier(place)))
        for place in walk.resources
        if place.members is not None
        and not _invalid(identifier(place))
        # Clients that found another document do not get there.
        and (place.role is not Role.STRIPPED or place is document)
    ]
    refused = tuple(refusals(walk.url, candidates))
    if value == walk.url:
        # Correct, but only at the root, where some clients refuse it: `places` reports this.
        return
    observation = f"{pointed(value, walk.url)}\n{difference(value, walk.url)}"
    if not refused:
        # A prefix of the path comes with a second document, which `differences` reports.
        if split(value).path in ("", "/"):
            yield finding(PRM_RESOURCE_ORIGIN, document.url, observation)
        return
    parts = differing_parts(value, walk.url)
    if is_plain_http(value, walk.url) and parts == ["scheme"]:
        yield finding(PRM_RESOURCE_SCHEME, document.url, observation)
    elif len(refused) == len(RESOURCE_RULES):
        mismatch = finding(
            PRM_RESOURCE_MISMATCH,
            document.url,
            observation,
            clients=EVERY,
            correction=correcting(parts, "resource"),
        )
        yield with_common_cause(mismatch, walk, value)
    else:
        # Claude needs the URL exactly as users type it, by the page of its maker.
        clients = (Client.CLAUDE, *refused)
        observation = f"{observation}\nRefused by {named(clients)}."
        yield finding(PRM_RESOURCE_NOT_EXACT, document.url, observation, clients=clients)


def _invalid(value: object) -> str:
    """Return what is wrong with a resource identifier; `_match` judges plain http."""
    try:
        url = check_url(value)
        check_resource(f"https{url[4:]}" if url.lower().startswith("http:") else url)
        check_host(url)
    except ValueError as error:
        return str(error)
    return ""


def can_pass(walk: Walk) -> bool:
    tried = [place for place in walk.tried if place in walk.resources]
    are_read = all(place.members is not None or place.is_absent for place in tried)
    named = [place for place in tried if place.role is Role.CHALLENGE]
    return walk.resource is not None and are_read and not any(place.is_absent for place in named)


def skipped(walk: Walk) -> str:
    return "no metadata of this endpoint was found" if walk.resource is None else ""


STEP = Step(
    name="protected-resource",
    title="Protected resource metadata",
    holds="found where clients look, and its resource is this endpoint",
    entries=(
        PRM_NOT_FOUND,
        PRM_PATH_NOT_FOUND,
        PRM_CHALLENGE_NOT_FOUND,
        PRM_DIFFERS,
        PRM_RESOURCE_MISSING,
        PRM_RESOURCE_INVALID,
        PRM_RESOURCE_SCHEME,
        PRM_RESOURCE_MISMATCH,
        PRM_RESOURCE_NOT_EXACT,
        PRM_RESOURCE_ORIGIN,
        *resource_members.ENTRIES,
    ),
    rules=(
        places,
        differences,
        resource,
        *resource_members.RULES,
    ),
    can_pass=can_pass,
    skipped=skipped,
)
