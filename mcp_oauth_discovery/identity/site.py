"""Who this site is, as one request sees it: issuer, resources, authorization servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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
from mcp_oauth_discovery.identity.resources import Resource
from mcp_oauth_discovery.logs.lines import logger
from mcp_oauth_discovery.standards.identifiers import (
    Location,
    check_issuer,
    check_resource,
    check_url,
    is_loopback,
    split,
    without_default_port,
)
from mcp_oauth_discovery.standards.metadata import default_resource

# Stands in for the host where no request is at hand, in the system checks; nobody has this one.
EXAMPLE_ORIGIN = "https://this-site.invalid"
EXAMPLE_PATHS = {"MCP_ISSUER": "", "MCP_RESOURCE": "/mcp"}

_WRITE = {
    "MCP_ISSUER": 'Write the https URL of this site: MCP_ISSUER = "https://app.example.com".',
    "MCP_RESOURCE": (
        'Write the https URL of the MCP endpoint: MCP_RESOURCE = "https://app.example.com/mcp".'
    ),
    "MCP_RESOURCES": (
        "Write a path or an absolute https URL for each resource, and its members: "
        'MCP_RESOURCES = {"/files/mcp": {"resource_name": "Files"}}.'
    ),
    "MCP_AUTHORIZATION_SERVERS": (
        "Write a list of issuers, or leave the setting out where this site is the only one: "
        'MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"].'
    ),
}


class UnusableRequest(SuspiciousOperation):
    """A request whose host, port, scheme or path cannot be part of an identifier."""


class Site:
    """The identifiers of this site for `request`, or for an example host when there is none.

    Every property raises `Misconfigured` naming the setting at fault. `is_pinned` turns False
    as soon as a value that can have come from the request is handed out: a document made of
    such a value is not for shared caches.
    """

    def __init__(self, request: HttpRequest | None, *, urlconf: Any = None) -> None:
        """Take a request; the system checks have none, and may pass a URLconf instead."""
        self._request = request
        self._urlconf = urlconf
        self._http_origin: str | None = None
        self.is_pinned = True

    @cached_property
    def issuer(self) -> str:
        """The issuer identifier of this site: `MCP_ISSUER`, or the origin of the request."""
        if conf.MCP_ISSUER is not None:
            return self._identifier("MCP_ISSUER", conf.MCP_ISSUER, check_issuer)
        if self._request is None:
            self.is_pinned = False
            return EXAMPLE_ORIGIN
        origin = self._requested_origin(self._request)
        host = split_domain_port(self._host)[0]
        if self._request.scheme == "http" and not is_loopback(host):
            self._http_origin = origin
        return origin

    @cached_property
    def origin(self) -> str:
        """The scheme, host and port of the issuer, as they are spelt there."""
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
            _judge("MCP_AUTHORIZATION_SERVERS", issuer, check_issuer)
        return list(issuers)

    @property
    def is_authorization_server(self) -> bool:
        """Whether this site's issuer is one of its authorization servers."""
        # Without the setting the issuer is the only one, so it need not be read.
        return conf.MCP_AUTHORIZATION_SERVERS is None or self.issuer in self.authorization_servers

    @cached_property
    def resources(self) -> list[Resource]:
        """All resources, disabled ones included; no two at the same place."""
        resources = list(self._listed_resources)
        default = self._default_identifier
        if default is not None and all(default != resource.identifier for resource in resources):
            resources.append(Resource(default, {}))
        places: dict[Location, str] = {}
        for resource in resources:
            other = places.setdefault(resource.location, resource.identifier)
            if other is not resource.identifier:
                problem = f"{resource.identifier} and {other} share one metadata URL"
                raise _refused("MCP_RESOURCES", conf.MCP_RESOURCES, problem)
        return resources

    @property
    def default_resource(self) -> Resource | None:
        """The resource that the root PRM describes, or None."""
        default = self._default_identifier
        return next((one for one in self.resources if one.identifier == default), None)

    def url_for(self, name: str) -> str:
        """Return the URL of a named pattern, on the issuer's origin; raises `NoReverseMatch`."""
        # In one language: the one that is set is that of a request, or of the one before it.
        # Name the URLconf as well: a middleware may have set another one for the thread.
        urlconf = self._urlconf or getattr(self._request, "urlconf", None) or root_urlconf()
        with translation.override(default_language()):
            path = reverse(name, urlconf=urlconf)
        if urlconf != root_urlconf() or get_script_prefix() != fixed_script_prefix():
            # Another URLconf and SCRIPT_NAME come with the request.
            self.is_pinned = False
        return self.origin + path

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

    def find_resource(self, path: str, query: str) -> Resource | None:
        """Return the enabled resource whose metadata is at a percent-decoded path and raw query.

        A path says enough, so that a proxy may rewrite `Host`; only where several resources
        share it does the request's host decide. A query selects as well (RFC 9728 §3.1), and
        the resource without one answers for all queries that are nobody's.
        """
        at_path = [one for one in self.resources if one.enabled and one.location.path == path]
        for wanted in (query, ""):
            found = [one for one in at_path if one.location.query == wanted]
            if len(found) > 1:
                found = [one for one in found if one.location.host == self._host]
            if found:
                return found[0]
        return None

    @property
    def _host(self) -> str:
        self.is_pinned = False
        if self._request is None:
            return split(EXAMPLE_ORIGIN).origin.partition("://")[2]
        if self._request.scheme not in ("http", "https"):
            # Behind some servers X-Forwarded-Proto may say anything.
            raise UnusableRequest(f"Unexpected scheme {self._request.scheme!r}")
        return without_default_port(self._request.scheme or "", self._request.get_host())

    def _requested_origin(self, request: HttpRequest) -> str:
        try:
            return check_url(f"{request.scheme}://{self._host}")
        except ValueError as error:
            # Django accepts ports, addresses and lengths that are invalid.
            raise UnusableRequest(f"The Host header makes no URL: {error}") from error

    @cached_property
    def _default_identifier(self) -> str | None:
        if conf.MCP_RESOURCE is not None:
            return self._identifier("MCP_RESOURCE", conf.MCP_RESOURCE, check_resource)
        listed = self._listed_resources
        if not listed:
            return default_resource(self.issuer)
        return listed[0].identifier if len(listed) == 1 else None

    @cached_property
    def _listed_resources(self) -> list[Resource]:
        configured: Mapping[Any, Any] = conf.MCP_RESOURCES
        if not isinstance(configured, Mapping):
            raise _refused("MCP_RESOURCES", configured, "expected a dict")
        resources = []
        for key, members in configured.items():
            if not isinstance(members, Mapping):
                problem = "expected a dict of members for each resource"
                raise _refused("MCP_RESOURCES", {key: members}, problem)
            enabled = members.get("enabled", True)
            if not isinstance(enabled, bool):
                raise _refused("MCP_RESOURCES", {key: members}, "'enabled' is True or False")
            is_path = isinstance(key, str) and key.startswith("/") and not key.startswith("//")
            # `issuer` checks the origin, so check the path alone here.
            try:
                check_resource(EXAMPLE_ORIGIN + key if is_path else key)
            except ValueError as error:
                raise _refused("MCP_RESOURCES", {key: members}, error) from error
            identifier = self.origin + key if is_path else key
            own = {name: value for name, value in members.items() if name != "enabled"}
            resources.append(Resource(identifier, own, enabled, key))
        return resources

    def _identifier(self, setting: str, value: object, check: Callable[[object], str]) -> str:
        """Return a pinned value, or what its callable says of the request."""
        if not callable(value):
            return _judge(setting, value, check)
        self.is_pinned = False
        if self._request is None:
            return f"{EXAMPLE_ORIGIN}{EXAMPLE_PATHS[setting]}"
        try:
            answer = value(self._request)
        except (Http404, SuspiciousOperation):
            # A tenant that does not exist is an answer, not a fault of the settings.
            raise
        except Exception as error:
            # If the host is invalid, the settings are not to blame for the error.
            self._requested_origin(self._request)
            problem = f"the callable raised {type(error).__name__}: {error}"
            raise _refused(setting, value, problem) from error
        try:
            return check(answer)
        except ValueError as error:
            self._requested_origin(self._request)
            problem = f"the callable returned {shown(answer)}: {error}"
            raise _refused(setting, value, problem) from error


def pinned_issuer() -> str:
    """Return `MCP_ISSUER` where it is a string; raises `Misconfigured` where it is not."""
    issuer = conf.MCP_ISSUER
    if not isinstance(issuer, str):
        problem = "nothing is signed for an issuer that is not pinned; expected a string"
        raise _refused("MCP_ISSUER", issuer, problem)
    return _judge("MCP_ISSUER", issuer, check_issuer)


def _judge(setting: str, value: object, check: Callable[[object], str]) -> str:
    try:
        return check(value)
    except ValueError as error:
        raise _refused(setting, value, error) from error


def _refused(setting: str, value: object, problem: object) -> Misconfigured:
    return Misconfigured.of(setting, value, problem, _WRITE[setting])
