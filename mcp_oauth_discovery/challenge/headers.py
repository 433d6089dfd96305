"""The value of `WWW-Authenticate`, and the URL of the metadata in it."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest

from mcp_oauth_discovery.challenge.dpop import challenge_of, challenged_schemes, read_schemes
from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.identity import UnusableRequest
from mcp_oauth_discovery.identity.lookup import Lookup
from mcp_oauth_discovery.logs.redaction import log_refusal
from mcp_oauth_discovery.standards.well_known import PROTECTED_RESOURCE, insert_well_known
from mcp_oauth_discovery.standards.www_authenticate import (
    LONGEST_VALUE,
    Challenge,
    bearer,
    check_value,
    scope_tokens,
)

Scope = str | Iterable[str] | None
# The name of a resource, which each call looks up, or a `Lookup`, which keeps its result.
Named = str | Lookup | None

# No challenge can be made: the resource is disabled or the tenant unknown, a setting is wrong, or
# the host or path of the request cannot be part of a URL.
FAULTS = (Http404, Misconfigured, UnusableRequest)

# Used when the metadata URL is unknown: RFC 6750 §3 requires a parameter.
_REALM = "mcp"
ERRORS = ("error", "error_description")


def resource_metadata_url(request: HttpRequest, resource: Named = None) -> str:
    """Return the URL of the metadata of a resource (RFC 9728 §3.1), on the resource's own origin.

    `resource` is its identifier, or its key or path in the settings. Without it, the resource at
    the path of the request is meant, or else the default one. Raises `UnknownResource`, which is a
    `ValueError` and an `ImproperlyConfigured`; `Http404` if the resource is disabled; and
    `SuspiciousOperation` if no URL can be made from the request.
    """
    # The protection of a view has already looked up its resource.
    lookup = resource if isinstance(resource, Lookup) else Lookup.for_request(request, resource)
    url = insert_well_known(lookup.find().identifier, PROTECTED_RESOURCE)
    lookup.site.log_if_http(url)
    return url


def bearer_challenge(
    request: HttpRequest,
    *,
    resource: Named = None,
    scope: Scope = None,
    error: str | None = None,
    error_description: str | None = None,
) -> str:
    """Return the value of `WWW-Authenticate` for a resource, chosen as in `resource_metadata_url`.

    `error` and its description are left out if the request has no bearer token (RFC 6750 §3.1),
    except for `insufficient_scope`, which implies a token. Raises what `resource_metadata_url`
    raises, and `ValueError` for a value that its parameter cannot have.
    """
    return joined(challenges_for(request, resource, scope, error, error_description))


def joined(challenges: Iterable[Challenge]) -> str:
    """Return the value of `WWW-Authenticate` with these challenges."""
    return ", ".join(map(str, challenges))


def presents_token(request: HttpRequest) -> bool:
    """Return whether a request has credentials of a scheme that its protection reads."""
    return any(scheme.is_presented(credentials(request)) for scheme in read_schemes(request))


def checked_scope(scope: Scope) -> tuple[str, ...]:
    """Return the tokens of a scope that a challenge may name; raises `ValueError`."""
    tokens = scope_tokens(scope)
    if "offline_access" in tokens:
        raise ValueError(
            "scope: offline_access is between the client and the authorization server; "
            "a resource does not ask for it"
        )
    return tokens


def with_granted(needed: tuple[str, ...], granted: str | Iterable[str]) -> tuple[str, ...]:
    """Return the needed scopes, and as many of the granted ones as fit into a challenge."""
    tokens = needed
    granted_tokens = granted.split(" ") if isinstance(granted, str) else granted
    for token in sorted(set(granted_tokens) - set(needed)):
        try:
            longer = (*tokens, *checked_scope([token]))
            check_value("scope", " ".join(longer))
        except ValueError:
            # Another site issued the token: this scope is offline_access, too long or invalid.
            continue
        tokens = longer
    return tokens


def credentials(request: HttpRequest) -> str:
    """Return the `Authorization` header of a request."""
    # `request.headers` parses all headers, unless that has been done.
    header: str = request.META.get("HTTP_AUTHORIZATION", "")
    return request.headers.get("Authorization", "") if "headers" in vars(request) else header


def challenges_for(
    request: HttpRequest,
    resource: Named,
    scope: Scope,
    error: str | None,
    error_description: str | None,
    *,
    keep_errors: bool = False,
) -> list[Challenge]:
    """Return the challenges: with `dpop="accept"` there are two.

    The error is in the challenge of the scheme that the request uses. Without a token there is no
    error, unless `keep_errors` is true.
    """
    metadata = _sendable_url(request, resource)
    # Check every value, even one that is left out below: an invalid one is a mistake in the code.
    complete = bearer(
        {
            "realm": None if metadata else _REALM,
            "resource_metadata": metadata,
            "scope": " ".join(checked_scope(scope)) or None,
            "error": error,
            "error_description": error_description,
        }
    ).parameters
    without_error = {name: value for name, value in complete.items() if name not in ERRORS}
    schemes = challenged_schemes(request)
    header = credentials(request)
    failed = [scheme for scheme in schemes if scheme.is_presented(header)]
    if not failed and (keep_errors or error == "insufficient_scope" or presents_token(request)):
        failed = [schemes[0]]
    return [
        challenge_of(request, scheme, dict(complete if scheme in failed else without_error))
        for scheme in schemes
    ]


def _sendable_url(request: HttpRequest, resource: Named) -> str | None:
    try:
        url = resource_metadata_url(request, resource)
    except UnusableRequest:
        raise
    except SuspiciousOperation as refusal:
        # The URL cannot have a host that is not allowed. The client still gets a challenge, and
        # tries the well-known URLs.
        log_refusal(request, refusal)
        return None
    if len(url) > LONGEST_VALUE:
        # A callable may have built it from the path of the request.
        raise UnusableRequest(
            f"A metadata URL of {len(url)} characters is too long for a challenge"
        )
    return url
