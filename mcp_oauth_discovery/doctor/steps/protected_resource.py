"""Is the metadata of the resource where clients look, and is it about this endpoint?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.catalogue import correcting, finding
from mcp_oauth_discovery.doctor.clients import CLOSED, EVERY, Client, named
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.printing import pointed, shown
from mcp_oauth_discovery.doctor.steps.values import (
    check_host,
    has_value,
    misformed,
    strict,
    strings,
)
from mcp_oauth_discovery.doctor.transport.reachability import is_exposed
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
    check_issuer,
    check_resource,
    check_url,
    locate,
    origin,
)
from mcp_oauth_discovery.standards.members import PROTECTED_RESOURCE

_TYPESCRIPT = (Client.TYPESCRIPT, Client.INSPECTOR)
# Members that have findings of their own.
_TOLD = ("resource", "authorization_servers", "signed_metadata")
# Of the client and of the user, not of a resource.
_CLIENTS_SCOPES = ("offline_access", "openid")


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
            yield finding("prm-not-found", walk.url, f"404 at {shown(tried)}.", clients=clients)
        return
    path, challenge = by_role.get(Role.PATH), by_role.get(Role.CHALLENGE)
    is_led = challenge is not None and challenge.members is not None
    if path and path.is_absent:
        # Whom the challenge has led there does not look any further.
        led = () if is_led else None
        yield finding("prm-path-not-found", path.url, f"{path.exchange.status}.", clients=led)
    elif (stripped := by_role.get(Role.STRIPPED)) and not is_led and stripped.members is None:
        status = f"{stripped.exchange.status or 'No answer'}"
        seen = f"{status}, where the TypeScript SDK looks: it drops the final slash."
        yield finding("prm-path-not-found", stripped.url, seen, clients=_TYPESCRIPT)
    if challenge and challenge.is_absent:
        yield finding("prm-challenge-not-found", challenge.url, f"{challenge.exchange.status}.")


def differences(walk: Walk) -> Iterator[Finding]:
    """Report two documents for one resource; the one at the root may be about another one."""
    named = [one for one in walk.resources if one.role in (Role.CHALLENGE, Role.PATH)]
    found = [one for one in named if one.members is not None]
    if len(found) == 2 and found[0].members != found[1].members:
        one, other = found[0].told, found[1].told
        names = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
        seen = f"{shown(', '.join(names))} not as at {shown(found[1].url)}."
        yield finding("prm-differs", found[0].url, seen)


def resource(walk: Walk) -> Iterator[Finding]:
    """Report a `resource` that clients do not take for this endpoint, and name the clients."""
    document = walk.resource
    if document is None:
        return
    value = _resource(document)
    if not has_value(value):
        yield finding("prm-resource-missing", document.url)
    elif problem := _invalid(value):
        seen = f"resource is {shown(value)}: {shown(problem)}."
        is_read = bool(hosts.origin(str(value)))
        refused = refusals(walk.url, [(document.role, str(value))]) if is_read else EVERY
        yield finding("prm-resource-invalid", document.url, seen, clients=tuple(refused))
    else:
        yield from _match(walk, document, str(value))


def _match(walk: Walk, document: Fetched, value: str) -> Iterator[Finding]:
    found = [
        (one.role, str(_resource(one)))
        for one in walk.resources
        if one.members is not None
        and not _invalid(_resource(one))
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
        yield finding("prm-resource-scheme", document.url, seen)
    elif len(refused) == len(RESOURCE_RULES):
        fix = correcting("prm-resource-mismatch", parts)
        yield finding("prm-resource-mismatch", document.url, seen, clients=EVERY, fix=fix)
    else:
        seen = f"{seen}\nRefused by {named(refused)}."
        yield finding("prm-resource-not-exact", document.url, seen, clients=refused)


def members(walk: Walk) -> Iterator[Finding]:
    document = walk.resource
    if document is not None:
        table = {name: check for name, check in PROTECTED_RESOURCE.items() if name not in _TOLD}
        told = {name: one for name, one in document.told.items() if name not in _TOLD}
        if _rules_out_header(document):
            del told["bearer_methods_supported"]
        for name, problem in misformed(told, table):
            clients = strict(name, told[name])
            yield finding("prm-member-invalid", document.url, problem, clients=clients)


def servers(walk: Walk) -> Iterator[Finding]:
    """Report authorization servers that are missing, or no issuers."""
    document = walk.resource
    if document is None:
        return
    listed = document.told.get("authorization_servers")
    if not has_value(listed):
        yield finding("prm-servers-missing", document.url)
        return
    if not isinstance(listed, list):
        seen = f"authorization_servers is {shown(listed)}: expected a list."
        yield finding("prm-server-invalid", document.url, seen)
        return
    for issuer in listed:
        is_told = is_exposed(walk.url) or is_plain_http(_resource(document), walk.url)
        if is_told and str(issuer).startswith("http:"):
            # The same fault as that of the endpoint or of the resource.
            continue
        try:
            check_host(check_issuer(issuer))
        except ValueError as error:
            seen = f"{shown(issuer)}: {shown(str(error))}."
            # Clients take the first one.
            clients = None if issuer == listed[0] else ()
            yield finding("prm-server-invalid", document.url, seen, clients=clients)


def spellings(walk: Walk) -> Iterator[Finding]:
    document = walk.resource
    seen: dict[object, str] = {}
    for issuer in strings(document.told, "authorization_servers") if document else ():
        try:
            place = locate(issuer)._replace(host=hosts.origin(issuer))
        except ValueError:
            continue
        other = seen.setdefault(place, issuer)
        if document and other != issuer:
            seen_twice = f"{pointed(issuer, other)}\n{difference(issuer, other)}"
            yield finding("prm-servers-spellings", document.url, seen_twice)


def bearer_methods(walk: Walk) -> Iterator[Finding]:
    document = walk.resource
    if document and _rules_out_header(document):
        methods = strings(document.told, "bearer_methods_supported")
        seen = f"bearer_methods_supported is {shown(methods)}."
        yield finding("prm-bearer-header", document.url, seen)


def _rules_out_header(document: Fetched) -> bool:
    methods = strings(document.told, "bearer_methods_supported")
    return bool(methods) and "header" not in methods


def scopes(walk: Walk) -> Iterator[Finding]:
    """Report scopes that do not belong to a resource, or that this site does not announce.

    RFC 8414 §2 lets a server leave scopes out, and providers omit those of APIs.
    """
    document = walk.resource
    wanted = strings(document.told, "scopes_supported") if document else []
    strange = [one for one in _CLIENTS_SCOPES if one in wanted]
    if document and strange:
        yield finding("prm-scopes-of-clients", document.url, f"It has {', '.join(strange)}.")
    own = [one for one in walk.servers if origin(one.issuer) == origin(walk.url)]
    for server in own:
        offered = set(strings(server.found.told, "scopes_supported") if server.found else ())
        missing = [one for one in wanted if one not in offered and one not in strange]
        if document and offered and missing:
            seen = f"{shown(', '.join(missing))} not among those of {shown(server.issuer)}."
            yield finding("prm-scopes-not-offered", document.url, seen)


def is_plain_http(value: object, endpoint: str) -> bool:
    """Say whether a URL is http where that of the endpoint is https."""
    return isinstance(value, str) and value.startswith("http:") and endpoint.startswith("https:")


def _resource(document: Fetched) -> object:
    return document.told.get("resource")


def _invalid(value: object) -> str:
    """Return what is wrong with a resource identifier; plain http is judged by the match."""
    try:
        url = check_url(value)
        check_resource(f"https{url[4:]}" if url.lower().startswith("http:") else url)
        check_host(url)
    except ValueError as error:
        return str(error)
    return ""


RULES = (
    places,
    differences,
    resource,
    members,
    servers,
    spellings,
    bearer_methods,
    scopes,
)
