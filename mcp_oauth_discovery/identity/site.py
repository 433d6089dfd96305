"""The identifiers of this site for one request: issuer, resources, authorization servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest
from django.http.request import split_domain_port
from django.urls import get_script_prefix, reverse
from django.utils import translation
from django.utils.functional import cached_property

from mcp_oauth_discovery.conf import (
    Misconfigured,
    conf,
    default_language,
    fixed_script_prefix,
    root_urlconf,
    shown,
)
from mcp_oauth_discovery.identity.index import EXAMPLE_ORIGIN, ResourceIndex, resource_index
from mcp_oauth_discovery.identity.listing import Listing, pinned_listing
from mcp_oauth_discovery.identity.resources import Resource
from mcp_oauth_discovery.logs.lines import logger
from mcp_oauth_discovery.standards.identifiers import (
    check_issuer,
    check_resource,
    check_secure_url,
    check_url,
    is_loopback,
    split,
    without_default_port,
)
from mcp_oauth_discovery.standards.metadata import default_resource

T = TypeVar("T")

EXAMPLE_PATHS = {"MCP_ISSUER": "", "MCP_RESOURCE": "/mcp"}

_HINTS = {
    "MCP_ISSUER": 'Write the https URL of this site: MCP_ISSUER = "https://app.example.com".',
    "MCP_RESOURCE": (
        'Write the https URL of the MCP endpoint: MCP_RESOURCE = "https://app.example.com/mcp".'
    ),
    "MCP_AUTHORIZATION_SERVERS": (
        "Write a list of issuers, or leave the setting out if this site is the only one: "
        'MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"].'
    ),
}


class UnusableRequest(SuspiciousOperation):
    """A request whose host, port, scheme or path cannot be part of an identifier."""


class Site:
    """The identifiers of this site for `request`, or for an example host when there is none.

    Every property may raise `Misconfigured`. `is_pinned` becomes False once a value that may
    depend on the request is read: shared caches must not keep a document with such a value.
    """

    def __init__(self, request: HttpRequest | None, *, urlconf: Any = None) -> None:
        """Take a request, or None and a URLconf in the system checks."""
        self._request = request
        self._urlconf = urlconf
        self._http_origin: str | None = None
        self.is_pinned = True

    @cached_property
    def issuer(self) -> str:
        """The issuer identifier of this site: `MCP_ISSUER`, or the origin of the request."""
        pinned = conf.MCP_ISSUER
        if pinned is not None:
            return self._identifier("MCP_ISSUER", pinned, check_issuer)
        if self._request is None:
            self.is_pinned = False
            return EXAMPLE_ORIGIN
        origin = self._requested_origin(self._request)
        is_http = self._request.scheme == "http"
        if is_http and not is_loopback(split_domain_port(self.host)[0]):
            self._http_origin = origin
        return origin

    @cached_property
    def origin(self) -> str:
        """The scheme, host and port of the issuer, as written there."""
        return split(self.issuer).origin

    @cached_property
    def authorization_servers(self) -> list[str]:
        """The issuers of tokens for this site: `MCP_AUTHORIZATION_SERVERS`, or its own."""
        issuers = conf.MCP_AUTHORIZATION_SERVERS
        if issuers is None:
            return [self.issuer]
        if not isinstance(issuers, (list, tuple)) or not issuers:
            raise _refused("MCP_AUTHORIZATION_SERVERS", issuers, "expected a list of issuers")
        for issuer in issuers:
            _checked("MCP_AUTHORIZATION_SERVERS", issuer, check_issuer)
        return list(issuers)

    @property
    def is_authorization_server(self) -> bool:
        """Whether this site's issuer is one of its authorization servers."""
        # Without the setting the issuer is the only one: do not read it from the request.
        return conf.MCP_AUTHORIZATION_SERVERS is None or self.issuer in self.authorization_servers

    @cached_property
    def listing(self) -> Listing:
        """The resources by path and by name."""
        index = resource_index()
        origin = self.origin if index.has_paths else ""
        default = self._default_among(index)
        return (pinned_listing if self.is_pinned else Listing)(index, origin, default)

    @property
    def resources(self) -> list[Resource]:
        """All resources, disabled ones included. No two share a location."""
        return self.listing.resources

    @property
    def default_resource(self) -> Resource | None:
        """The resource that the root PRM describes, or None."""
        return self.look_up(lambda listing: listing.default)

    def look_up(self, find: Callable[[Listing], T], path: str | None = None) -> T:
        """Return what a function finds in the listing, as the settings are now.

        `path` is the path or name that it looks for. A long `MCP_RESOURCES` may have changed there.
        """
        result = find(self.listing)
        resource = result if isinstance(result, Resource) else None
        if self.listing.index.is_current(resource, path):
            return result
        resource_index.forget()
        del self.listing
        return find(self.listing)

    def url_for(self, name: str) -> str:
        """Return the URL of a named pattern, on the issuer's origin; raises `NoReverseMatch`."""
        # Pin the language: the active one belongs to this request, or to an earlier one.
        # Pin the URLconf too: a middleware may have set another one for the thread.
        urlconf = self._urlconf or getattr(self._request, "urlconf", None) or root_urlconf()
        with translation.override(default_language()):
            path = reverse(name, urlconf=urlconf)
        if urlconf != root_urlconf() or get_script_prefix() != fixed_script_prefix():
            # This URLconf or SCRIPT_NAME comes from the request.
            self.is_pinned = False
        return self.origin + path

    def endpoint_url(self, value: object) -> str:
        """Return the URL of an endpoint: an absolute URL, a path, or the name of a URL pattern.

        Raises `ValueError` and `NoReverseMatch`.
        """
        if not isinstance(value, str):
            raise ValueError(f"expected a string, not {type(value).__name__}")
        if "://" in value or value.startswith("//"):
            return check_secure_url(value)
        if value.startswith("/"):
            check_secure_url(EXAMPLE_ORIGIN + value)
            return self.origin + value
        return self.url_for(value)

    def log_if_http(self, published: object) -> None:
        """Log a warning if a published value contains an http origin from the request."""
        origin = self._http_origin
        if origin is not None and origin in str(published):
            logger.warning(
                "Published an http issuer for %r, which MCP clients refuse. Set MCP_ISSUER, and "
                "SECURE_PROXY_SSL_HEADER if a proxy ends TLS in front of Django.",
                origin.partition("://")[2],
                extra={"event": "issuer.http"},
            )

    @property
    def host(self) -> str:
        """The host and port of the request, without the default port of its scheme."""
        self.is_pinned = False
        if self._request is None:
            return split(EXAMPLE_ORIGIN).origin.partition("://")[2]
        if self._request.scheme not in ("http", "https"):
            # With some servers, X-Forwarded-Proto sets the scheme to any text.
            raise UnusableRequest(f"Unexpected scheme {self._request.scheme!r}")
        return without_default_port(self._request.scheme or "", self._request.get_host())

    def _requested_origin(self, request: HttpRequest) -> str:
        try:
            return check_url(f"{request.scheme}://{self.host}")
        except ValueError as error:
            # Django accepts some invalid ports, addresses and lengths.
            raise UnusableRequest(f"The Host header is not part of a valid URL: {error}") from error

    @cached_property
    def _set_resource(self) -> str | None:
        value = conf.MCP_RESOURCE
        return None if value is None else self._identifier("MCP_RESOURCE", value, check_resource)

    def _default_among(self, index: ResourceIndex) -> str | None:
        """Return the identifier of the default resource, or None."""
        if (identifier := self._set_resource) is not None:
            return identifier
        if not index.entries:
            return default_resource(self.issuer)
        (only, *others) = index.entries[:2]
        return None if others else only.identifier(self.origin if only.is_path else "")

    def _identifier(self, setting: str, value: object, check: Callable[[object], str]) -> str:
        """Return a pinned value, or the result of its callable for the request."""
        if not callable(value):
            return _checked(setting, value, check)
        self.is_pinned = False
        if self._request is None:
            return f"{EXAMPLE_ORIGIN}{EXAMPLE_PATHS[setting]}"
        try:
            identifier = value(self._request)
        except (Http404, SuspiciousOperation):
            # An unknown tenant is a valid answer, not an error in the settings.
            raise
        except Exception as error:
            # If the host is invalid, that is the error: the settings may be right.
            self._requested_origin(self._request)
            problem = f"the callable raised {type(error).__name__}: {error}"
            raise _refused(setting, value, problem) from error
        try:
            return check(identifier)
        except ValueError as error:
            self._requested_origin(self._request)
            problem = f"the callable returned {shown(identifier)}: {error}"
            raise _refused(setting, value, problem) from error


def pinned_issuer() -> str:
    """Return `MCP_ISSUER` if it is a string, else raise `Misconfigured`."""
    issuer = conf.MCP_ISSUER
    if not isinstance(issuer, str):
        problem = "nothing is signed for an issuer that is not pinned; expected a string"
        raise _refused("MCP_ISSUER", issuer, problem)
    return _checked("MCP_ISSUER", issuer, check_issuer)


def _checked(setting: str, value: object, check: Callable[[object], str]) -> str:
    try:
        return check(value)
    except ValueError as error:
        raise _refused(setting, value, error) from error


def _refused(setting: str, value: object, problem: object) -> Misconfigured:
    return Misconfigured.of(setting, value, problem, _HINTS[setting])
