"""Is the metadata of the resource where clients look, and is it about this endpoint?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import CLOSED, EVERY, TYPESCRIPT_BASED, Client, named
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, correcting, finding
from mcp_oauth_discovery.doctor.printing import pointed, shown
from mcp_oauth_discovery.doctor.steps import resource_members
from mcp_oauth_discovery.doctor.steps.resource_members import identifier, is_plain_http
from mcp_oauth_discovery.doctor.steps.values import (
    check_host,
    has_value,
)
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
)

PRM_NOT_FOUND = Entry(
    code="prm-not-found",
    severity=Severity.ERROR,
    seen="No address that clients try has the document.",
    expected="the document at the well-known URL of the endpoint",
    section="RFC 9728 §3.1",
    clients=EVERY,
    fix="Serve it there, and have the proxy pass /.well-known/ on.",
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
    fix="Serve it at the well-known URL with the path of the endpoint as well.",
    django_fix=("Set MCP_RESOURCE to the URL of the endpoint, or list its path in MCP_RESOURCES."),
)
PRM_CHALLENGE_NOT_FOUND = Entry(
    code="prm-challenge-not-found",
    severity=Severity.ERROR,
    seen="The URL in the challenge does not lead to the document.",
    expected="the document",
    section="RFC 9728 §5.1",
    clients=TYPESCRIPT_BASED,
    fix="Name the URL at which the document is.",
    django_fix=(
        "Name the URL at which the document is: challenge.resource_metadata_url() knows it."
    ),
)
PRM_DIFFERS = Entry(
    code="prm-differs",
    severity=Severity.WARNING,
    seen="The URL in the challenge and the well-known URL give different documents.",
    expected="one document for one resource",
    section="RFC 9728 §3.1",
    fix="Serve it from one place.",
)
PRM_RESOURCE_MISSING = Entry(
    code="prm-resource-missing",
    severity=Severity.ERROR,
    seen="The document has no resource.",
    expected="resource, with the URL of the endpoint",
    section="RFC 9728 §2",
    clients=EVERY,
    fix="Add resource.",
    django_fix="Set MCP_RESOURCE.",
)
PRM_RESOURCE_INVALID = Entry(
    code="prm-resource-invalid",
    severity=Severity.ERROR,
    seen="resource is not a resource identifier.",
    expected="an absolute https URL without fragment",
    section="RFC 9728 §1.2",
    clients=EVERY,
    fix="Set resource to the URL of the endpoint.",
    django_fix="Set MCP_RESOURCE to the URL of the endpoint.",
)
PRM_RESOURCE_SCHEME = Entry(
    code="prm-resource-scheme",
    severity=Severity.ERROR,
    seen="resource is http where the endpoint is https.",
    expected="the URL of the endpoint",
    section="RFC 9728 §3.3",
    clients=EVERY,
    fix="A proxy ended TLS: tell the application so, or give it its public URL.",
    django_fix=(
        "A proxy ended TLS: set SECURE_PROXY_SSL_HEADER, or pin MCP_ISSUER and MCP_RESOURCE."
    ),
)
PRM_RESOURCE_MISMATCH = Entry(
    code="prm-resource-mismatch",
    severity=Severity.ERROR,
    seen="resource is not this endpoint.",
    expected="the URL of the endpoint",
    section="RFC 9728 §3.3",
    clients=EVERY,
    fix="Set resource to the URL that clients use, in its very spelling.",
    django_fix="Set MCP_RESOURCE to the URL that clients use, in its very spelling.",
)
PRM_RESOURCE_NOT_EXACT = Entry(
    code="prm-resource-not-exact",
    severity=Severity.ERROR,
    seen="resource covers the endpoint and is not its URL; some clients want it exact.",
    expected="the URL of the endpoint, character by character",
    section="RFC 9728 §3.3",
    clients=(Client.VS_CODE, Client.GO),
    fix="Set resource to the URL that clients use, in its very spelling.",
    django_fix="Set MCP_RESOURCE to the URL that clients use, in its very spelling.",
)


def places(walk: Walk) -> Iterator[Finding]:
    """Report addresses where the document should be and is not."""
    by_role = {one.role: one for one in walk.resources}
    if walk.resource is None:
        asks_for_token = {one.status for one in (walk.post, walk.get) if one} & {401, 403}
        # What is open to everybody, or not there, needs no metadata.
        is_needed = bool(asks_for_token) or walk.in_process
        if is_needed and walk.resources and all(one.is_absent for one in walk.resources):
            tried = ", ".join(one.url for one in walk.resources)
            has_legacy = walk.legacy is not None and walk.legacy.members is not None
            # The others take the site itself for the authorization server, as of March 2025.
            clients = CLOSED if has_legacy else EVERY
            yield finding(PRM_NOT_FOUND, walk.url, f"404 at {shown(tried)}.", clients=clients)
        return
    path, challenge = by_role.get(Role.PATH), by_role.get(Role.CHALLENGE)
    is_led = challenge is not None and challenge.members is not None
    if path and path.is_absent:
        # Whom the challenge has led there does not look any further.
        led = () if is_led else None
        yield finding(PRM_PATH_NOT_FOUND, path.url, f"{path.exchange.status}.", clients=led)
    elif (stripped := by_role.get(Role.STRIPPED)) and not is_led and stripped.members is None:
        status = f"{stripped.exchange.status or 'No answer'}"
        seen = f"{status}, where the TypeScript SDK looks: it drops the final slash."
        yield finding(PRM_PATH_NOT_FOUND, stripped.url, seen, clients=TYPESCRIPT_BASED)
    if challenge and challenge.is_absent:
        yield finding(PRM_CHALLENGE_NOT_FOUND, challenge.url, f"{challenge.exchange.status}.")


def differences(walk: Walk) -> Iterator[Finding]:
    """Report two documents for one resource; the one at the root may be about another one."""
    named = [one for one in walk.resources if one.role in (Role.CHALLENGE, Role.PATH)]
    found = [one for one in named if one.members is not None]
    if len(found) == 2 and found[0].members != found[1].members:
        one, other = found[0].told, found[1].told
        names = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
        seen = f"{shown(', '.join(names))} not as at {shown(found[1].url)}."
        yield finding(PRM_DIFFERS, found[0].url, seen)


def resource(walk: Walk) -> Iterator[Finding]:
    """Report a `resource` that clients do not take for this endpoint, and name the clients."""
    document = walk.resource
    if document is None:
        return
    value = identifier(document)
    if not has_value(value):
        yield finding(PRM_RESOURCE_MISSING, document.url)
    elif problem := _invalid(value):
        seen = f"resource is {shown(value)}: {shown(problem)}."
        is_read = bool(hosts.origin(str(value)))
        refused = refusals(walk.url, [(document.role, str(value))]) if is_read else EVERY
        yield finding(PRM_RESOURCE_INVALID, document.url, seen, clients=tuple(refused))
    else:
        yield from _match(walk, document, str(value))


def _match(walk: Walk, document: Fetched, value: str) -> Iterator[Finding]:
    found = [
        (one.role, str(identifier(one)))
        for one in walk.resources
        if one.members is not None
        and not _invalid(identifier(one))
        # Only who finds nothing else gets there.
        and (one.role is not Role.STRIPPED or one is document)
    ]
    refused = tuple(refusals(walk.url, found))
    if not refused or value == walk.url:
        # Right, and at the root alone, where some do not take it: `places` says so.
        return
    seen = f"{pointed(value, walk.url)}\n{difference(value, walk.url)}"
    parts = differing_parts(value, walk.url)
    if is_plain_http(value, walk.url) and parts == ["scheme"]:
        yield finding(PRM_RESOURCE_SCHEME, document.url, seen)
    elif len(refused) == len(RESOURCE_RULES):
        correction = correcting(parts)
        yield finding(
            PRM_RESOURCE_MISMATCH, document.url, seen, clients=EVERY, correction=correction
        )
    else:
        seen = f"{seen}\nRefused by {named(refused)}."
        yield finding(PRM_RESOURCE_NOT_EXACT, document.url, seen, clients=refused)


def _invalid(value: object) -> str:
    """Return what is wrong with a resource identifier; plain http is judged by the match."""
    try:
        url = check_url(value)
        check_resource(f"https{url[4:]}" if url.lower().startswith("http:") else url)
        check_host(url)
    except ValueError as error:
        return str(error)
    return ""


def _has_seen(walk: Walk) -> bool:
    asked = [place for place in walk.asked if place in walk.resources]
    are_read = all(place.members is not None or place.is_absent for place in asked)
    named = [place for place in asked if place.role is Role.CHALLENGE]
    return walk.resource is not None and are_read and not any(place.is_absent for place in named)


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
        *resource_members.ENTRIES,
    ),
    rules=(
        places,
        differences,
        resource,
        *resource_members.RULES,
    ),
    has_seen=_has_seen,
)
