"""Which configured resource a client means (RFC 8707), in any spelling of its URL."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping

from django.core.exceptions import SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404, HttpRequest
from oauth2_provider.models import get_grant_model
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from mcp_oauth_discovery.conf import Misconfigured, conf, fixed_script_prefix
from mcp_oauth_discovery.discovery.documents import resource_document
from mcp_oauth_discovery.identity import Resource, Site, pinned_issuer
from mcp_oauth_discovery.identity.lookup import find_all_at
from mcp_oauth_discovery.standards.identifiers import (
    check_resource,
    locate,
    origin,
    split,
    without_final_slash,
)
from mcp_oauth_discovery.standards.wsgi import environ

_OCTET = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")


class InvalidTarget(CustomOAuth2Error):  # type: ignore[misc]
    """The request names no resource, or a wrong one (RFC 8707 §2)."""

    # The toolkit sends the headers of the error. oauthlib itself does not set the content type.
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}

    def __init__(self, description: str, request: Request) -> None:
        super().__init__("invalid_target", description=description, request=request)


def as_configured(resources: Iterable[str], request: Request) -> list[str]:
    """Return the configured spelling of each resource; raises `InvalidTarget`."""
    # A resource in several spellings is listed once.
    identifiers = {resource: find(resource) for resource in resources}
    if None in identifiers.values():
        raise InvalidTarget("This site has no such resource.", request)
    return list(dict.fromkeys(filter(None, identifiers.values())))


def only_resource(request: Request) -> str:
    """Return the only resource of this site; raises `InvalidTarget` if there is not exactly one."""
    pinned_issuer()
    resources = _enabled(_as_django(request))
    if len(resources) != 1:
        text = "The request names no resource. Send the URL of the MCP server as `resource`."
        raise InvalidTarget(text, request)
    return resources[0].identifier


def is_for_mcp(scopes: Iterable[str], request: Request) -> bool:
    """Return whether a request for scopes that names no resource may be for an MCP endpoint.

    It is not if every resource has `scopes_supported` and the request has none of these scopes.
    """
    requested = list(scopes)
    offered = [_scopes_of(resource.members) for resource in _enabled(_as_django(request))]
    if callable(conf.MCP_RESOURCE):
        # The resource of the tenant may be unknown in this request.
        offered.append(_scopes_of({}))
    return any(not names or any(scope in names for scope in requested) for names in offered)


def _scopes_of(members: Mapping[str, object]) -> list[object]:
    scopes = {**conf.MCP_RESOURCE_METADATA, **members}.get("scopes_supported")
    return list(scopes) if isinstance(scopes, (list, tuple)) else []


def find(resource: str) -> str | None:
    """Return the configured spelling of a resource, or None if this site does not have it."""
    # Raise for an invalid MCP_ISSUER first: it is not the client's fault.
    pinned_issuer()
    try:
        wanted = _normalized(check_resource(resource))
    except ValueError:
        return None
    known = [each.identifier for each in _enabled(_to(resource), locate(resource).path)]
    return next((each for each in known if _normalized(each) == wanted), None)


def requires_proof(identifier: str) -> bool:
    """Return whether the PRM of a resource says that its tokens must be bound by DPoP.

    `identifier` is in the configured spelling, as `find` returns it. Raises `Misconfigured`.
    """
    request = _to(identifier)
    return any(
        resource_document(Site(request), resource).get("dpop_bound_access_tokens_required") is True
        for resource in _enabled(request, locate(identifier).path)
        if resource.identifier == identifier
    )


def _to(resource: str) -> HttpRequest:
    """Return a request to a resource, because callables expect no request to the token endpoint."""
    return WSGIRequest(environ("GET", resource, prefix=fixed_script_prefix()))


def _normalized(identifier: str) -> str:
    """Return an identifier in the spelling of RFC 3986 §6.2, without the final slash."""
    parts = split(identifier)
    rest = without_final_slash(parts.path) + parts.query
    return origin(identifier) + _OCTET.sub(_normalized_octet, rest)


def _normalized_octet(match: re.Match[str]) -> str:
    letter = chr(int(match[1], 16))
    return letter if _UNRESERVED.match(letter) else match[0].upper()


def _enabled(request: HttpRequest, path: str | None = None) -> list[Resource]:
    """Return the enabled resources, or only those at a percent-decoded path."""
    site = Site(request)
    try:
        resources = site.resources if path is None else find_all_at(site, path)
        return [resource for resource in resources if resource.enabled]
    except (Http404, SuspiciousOperation):
        return []
    except Misconfigured:
        # A callable may fail for a host without a tenant. A string is invalid for every host.
        if callable(conf.MCP_RESOURCE):
            return []
        raise


def granted_resources(request: Request) -> list[str]:
    """Return the resources of the code or the refresh token in a token request."""
    if request.grant_type == "client_credentials":
        # A list is from `ServiceAccountValidator`; text is what the client has sent.
        return list(request.resource) if isinstance(request.resource, list) else []
    if request.grant_type == "refresh_token":
        return list(request.refresh_token_instance.resource)
    if request.grant_type != "authorization_code":
        return []
    grants = get_grant_model().objects
    grant = grants.filter(code=request.code, application=request.client).first()
    return list(grant.resource) if grant else []


def _as_django(request: Request) -> HttpRequest:
    """Return a request of Django with the headers of one of oauthlib."""
    scheme = "https" if "X_DJANGO_OAUTH_TOOLKIT_SECURE" in request.headers else "http"
    body = {"wsgi.input": io.BytesIO(), "wsgi.url_scheme": scheme}
    return WSGIRequest({**request.headers, **body})
