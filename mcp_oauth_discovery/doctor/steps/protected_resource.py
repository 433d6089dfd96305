"""Is the metadata of the resource where clients look, and is it about this endpoint?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY, Client, named
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, correcting, finding
from mcp_oauth_discovery.doctor.language import gettext, said
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import pointed
from mcp_oauth_discovery.doctor.steps import resource_members, resource_places
from mcp_oauth_discovery.doctor.steps.resource_members import identifier, is_plain_http
from mcp_oauth_discovery.doctor.steps.values import invalid
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

PRM_RESOURCE_MISSING = Entry(
    code="prm-resource-missing",
    severity=Severity.ERROR,
    seen=_("The document has no resource."),
    expected=_("resource, with the URL of the endpoint"),
    section="RFC 9728 §2",
    clients=EVERY,
    fix=_("Add resource to the metadata, with the URL of the endpoint exactly as users type it."),
    django_fix=_("Set MCP_RESOURCE to the URL of the endpoint, exactly as users type it."),
)
PRM_RESOURCE_INVALID = Entry(
    code="prm-resource-invalid",
    severity=Severity.ERROR,
    seen=_("resource is not a resource identifier."),
    expected=_("an absolute https URL without fragment"),
    section="RFC 9728 §1.2",
    clients=EVERY,
    fix=_("Set resource to the URL of the endpoint, exactly as users type it."),
    django_fix=_("Set MCP_RESOURCE to the URL of the endpoint, exactly as users type it."),
)
PRM_RESOURCE_SCHEME = Entry(
    code="prm-resource-scheme",
    severity=Severity.ERROR,
    seen=_("resource is http although the endpoint is https."),
    expected=_("the URL of the endpoint"),
    section="RFC 9728 §3.3",
    clients=EVERY,
    fix=_("Tell the application that the proxy ends TLS, or configure its public https URL."),
    django_fix=_(
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
    seen=_("resource is not this endpoint."),
    expected=_("the URL of the endpoint"),
    section="RFC 9728 §3.3",
    clients=EVERY,
    fix=_("Set resource to the URL of the endpoint, exactly as users type it."),
    django_fix=_("Set MCP_RESOURCE to the URL of the endpoint, exactly as users type it."),
    explains=("as-protected-resources", "card-endpoint", "challenge-metadata-offsite"),
)
PRM_RESOURCE_NOT_EXACT = Entry(
    code="prm-resource-not-exact",
    severity=Severity.ERROR,
    seen=_("resource covers the endpoint but is not its URL; some clients require an exact match."),
    expected=_("the URL of the endpoint, character by character"),
    section="RFC 9728 §3.3",
    clients=(Client.CLAUDE, Client.VS_CODE, Client.GO),
    fix=_("Set resource to the URL of the endpoint, exactly as users type it."),
    django_fix=_("Set MCP_RESOURCE to the URL of the endpoint, exactly as users type it."),
)

PRM_RESOURCE_ORIGIN = Entry(
    code="prm-resource-origin",
    severity=Severity.WARNING,
    seen=_("resource is the bare origin, and the endpoint has a path."),
    expected=_("the URL of the endpoint, character by character"),
    section="RFC 9728 §3.3",
    clients=(Client.CLAUDE,),
    fix=_(
        "Set resource to the URL of the endpoint: tokens for the origin are for all of the site."
    ),
    django_fix=_(
        "Set MCP_RESOURCE to the URL of the endpoint: tokens for the origin are for all of the "
        "site."
    ),
    explains=("prm-path-not-found",),
)


def resource(walk: Walk) -> Iterator[Finding]:
    """Report a `resource` that clients do not accept for this endpoint, and name the clients."""
    document = walk.resource
    if document is None:
        return
    value = identifier(document)
    if not has_value(value):
        yield finding(PRM_RESOURCE_MISSING, document.url)
    elif problem := _invalid(value):
        observation = invalid("resource", value, problem)
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
        # Correct, but maybe only at the root, which some clients refuse: another rule reports it.
        return
    observation = f"{pointed(value, walk.url)}\n{difference(value, walk.url)}"
    if not refused:
        # A prefix of the path comes with a second document, which `resource_places` reports.
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
        stopped = gettext("Refused by %(clients)s.") % {"clients": named(clients)}
        text = f"{observation}\n{stopped}"
        yield finding(PRM_RESOURCE_NOT_EXACT, document.url, text, clients=clients)


def _invalid(value: object) -> str:
    """Return what is wrong with a resource identifier; `_match` judges plain http."""
    try:
        url = check_url(value)
        check_resource(f"https{url[4:]}" if url.lower().startswith("http:") else url)
    except ValueError as error:
        return said(error)
    return ""


def can_pass(walk: Walk) -> bool:
    tried = [place for place in walk.tried if place in walk.resources]
    are_read = all(place.members is not None or place.is_absent for place in tried)
    named = [place for place in tried if place.role is Role.CHALLENGE]
    return walk.resource is not None and are_read and not any(place.is_absent for place in named)


def skipped(walk: Walk) -> str:
    return gettext("no metadata of this endpoint was found") if walk.resource is None else ""


STEP = Step(
    name="protected-resource",
    title=_("Protected resource metadata"),
    holds=_("found where clients look, and its resource is this endpoint"),
    entries=(
        *resource_places.ENTRIES,
        PRM_RESOURCE_MISSING,
        PRM_RESOURCE_INVALID,
        PRM_RESOURCE_SCHEME,
        PRM_RESOURCE_MISMATCH,
        PRM_RESOURCE_NOT_EXACT,
        PRM_RESOURCE_ORIGIN,
        *resource_members.ENTRIES,
    ),
    rules=(
        *resource_places.RULES,
        resource,
        *resource_members.RULES,
    ),
    can_pass=can_pass,
    skipped=skipped,
)
