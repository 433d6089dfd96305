"""Identifiers that are valid, but that clients may spell differently (RFC 3986 §6)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from mcp_oauth_discovery.checks.registry import Advice, about, listed, rule
from mcp_oauth_discovery.checks.routes import example_site, view_at, with_other_slash
from mcp_oauth_discovery.checks.site import (
    Named,
    local_resources,
    setting_of,
    written_issuer,
    written_resources,
)
from mcp_oauth_discovery.conf import conf
from mcp_oauth_discovery.discovery import documents, settings
from mcp_oauth_discovery.standards.hosts import DEFAULT_PORTS
from mcp_oauth_discovery.standards.identifiers import (
    Location,
    locate,
    origin,
    split,
    without_default_port,
    without_final_slash,
)


def _servers() -> Iterator[Named]:
    """Yield the members of the lists of authorization servers."""
    site = example_site()
    common = settings.read_members("MCP_RESOURCE_METADATA", conf.MCP_RESOURCE_METADATA, site)
    if conf.MCP_AUTHORIZATION_SERVERS is not None:
        for issuer in site.authorization_servers:
            yield Named("MCP_AUTHORIZATION_SERVERS", issuer)
    for resource in site.resources:
        is_own = "authorization_servers" in resource.members
        setting = setting_of(resource) if is_own else "MCP_RESOURCE_METADATA"
        if is_own or "authorization_servers" in common:
            document = documents.resource_document(site, resource)
            for issuer in document["authorization_servers"]:
                yield Named(setting, issuer)


def _written() -> list[Named]:
    return list(dict.fromkeys([*written_issuer(), *written_resources(), *_servers()]))


@rule("W008")
def check_final_slashes(**kwargs: Any) -> Iterator[Advice]:
    """Report a final slash that clients drop, or add, when they parse the identifier."""
    problem = "for clients and token verifiers that drop the final slash, it is another identifier"
    for setting, issuer in written_issuer():
        if issuer.endswith("/"):
            yield _without_slash(setting, issuer, problem)
    for setting, resource in written_resources():
        if split(resource).path == "/":
            yield _without_slash(setting, resource, problem)
    for setting, resource, path in local_resources(example_site()):
        # If the route ends in a slash, the URL must; if it does not, W026 reports it.
        is_routed = view_at(path) or view_at(with_other_slash(path))
        if path != "/" and path.endswith("/") and not is_routed:
            yield _without_slash(setting, resource, problem)


def _without_slash(setting: str, value: str, problem: str) -> Advice:
    return about(setting, value, problem, f"Write {without_final_slash(value)!r}.")


@rule("W009")
def check_upper_case(**kwargs: Any) -> Iterator[Advice]:
    """Report a scheme, host or port that URL parsers write in another way, such as capitals."""
    for setting, value in _written():
        written, *rest = split(value)
        scheme, _, host = written.partition("://")
        shorter = f"{scheme}://{host.removesuffix(f':{DEFAULT_PORTS[scheme.lower()]}')}"
        if shorter != origin(value):
            problem = "clients write the host in another way, and compare the identifier as text"
            yield about(setting, value, problem, f"Write {origin(value) + ''.join(rest)!r}.")


@rule("W010")
def check_default_ports(**kwargs: Any) -> Iterator[Advice]:
    """Report the default port, which URL parsers leave out."""
    for setting, value in _written():
        written, *rest = split(value)
        scheme, _, host = written.partition("://")
        if without_default_port(scheme.lower(), host) != host.lower():
            problem = "clients leave the default port out, and compare the identifier as text"
            short = written.rpartition(":")[0] + "".join(rest)
            yield about(setting, value, problem, f"Write {short!r}.")


@rule("W011")
def check_queries(**kwargs: Any) -> Iterator[Advice]:
    """Report a query in a resource, which RFC 9728 §1.2 advises against."""
    for resource in example_site().resources:
        if split(resource.identifier).query:
            setting = setting_of(resource)
            problem = "some clients drop the query, and then ask for the metadata of another URL"
            hint = "Give the MCP endpoint a path of its own, and write it without the query."
            yield about(setting, resource.identifier, problem, hint)


@rule("W012")
def check_one_spelling(**kwargs: Any) -> Iterator[Advice]:
    """Report one issuer in several spellings: clients see different issuers (RFC 8414 §3.3)."""
    spellings: dict[Location, dict[str, str]] = defaultdict(dict)
    for setting, value in [*written_issuer(), *_servers()]:
        spellings[_normalized(value)].setdefault(value, setting)
    for settings_by_value in spellings.values():
        if len(settings_by_value) > 1:
            first, *_ = settings_by_value
            places = [f"{setting} has {value!r}" for value, setting in settings_by_value.items()]
            yield Advice(
                f"One issuer is spelt in {len(places)} ways: {listed(places)}. Clients compare "
                "issuers as text, and take these for different issuers.",
                f"Write the issuer as in the iss of the tokens, such as {first!r}, in all places.",
            )


# Names of the same machine. A name below localhost, such as a.localhost, may be a tenant.
_THIS_MACHINE = re.compile(r"\A(localhost|127\.0\.0\.1|\[::1\])(?=:|\Z)")


def _normalized(issuer: str) -> Location:
    """Return the location of an issuer without the differences that people overlook."""
    host, path, query = locate(issuer)
    return Location(_THIS_MACHINE.sub("localhost", host), path.lower(), query)
