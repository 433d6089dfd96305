"""Each setting read once: what would turn a request into a 500, each fault with its own check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.core.checks import CheckMessage, Error

from mcp_oauth_discovery.checks.registry import TAG
from mcp_oauth_discovery.checks.routes import example_site, has_urlconf
from mcp_oauth_discovery.conf import Misconfigured, conf
from mcp_oauth_discovery.discovery import documents, settings
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.standards.metadata import MissingAlgorithms

ERRORS = {
    "MCP_ISSUER": "E001",
    "MCP_RESOURCE": "E002",
    "MCP_RESOURCES": "E003",
    "MCP_RESOURCE_METADATA": "E004",
    "MCP_AUTHORIZATION_SERVERS": "E005",
    "MCP_AUTHORIZATION_SERVER_METADATA": "E006",
    "MCP_SIGNING_ALGORITHMS": "E007",
    "MCP_METADATA_MAX_AGE": "E008",
    "MCP_JWKS_MAX_AGE": "E009",
    "MCP_KEY_ROTATION_INTERVAL": "E010",
    "MCP_KEY_PUBLISH_AHEAD": "E011",
    "MCP_KEY_RETENTION": "E012",
    "MCP_KEY_ENCRYPTION_KEYS": "E013",
    "MCP_SIGNED_METADATA": "E014",
}
# A fault of MCP_AUTHORIZATION_SERVER_METADATA that has an ID to itself.
NO_ALGORITHMS = "E015"
ERROR_IDS = (*ERRORS.values(), NO_ALGORITHMS)


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Report each fault of the settings once."""
    faults: dict[str, CheckMessage] = {}
    # A process that has no URLs gets no request.
    for read in _readings(example_site()) if has_urlconf() else ():
        try:
            read()
        except Misconfigured as fault:
            # The others have rules of their own: nothing goes wrong that somebody may not mean.
            if fault.setting in ERRORS:
                faults.setdefault(str(fault), _message(fault))
    return list(faults.values())


def _readings(site: Site) -> Iterator[Callable[[], object]]:
    """Yield one act of reading the settings after another, each on its own to fail."""
    yield lambda: site.issuer
    yield lambda: site.authorization_servers
    yield lambda: site.resources
    yield lambda: [documents.resource_document(site, one) for one in site.resources]
    for setting in ("MCP_RESOURCE_METADATA", "MCP_AUTHORIZATION_SERVER_METADATA"):
        yield partial(settings.read_members, setting, getattr(conf, setting), site)
    yield (
        lambda: _serves_nobody(site) or documents.issuer_document(site, policy.signing_algorithms)
    )
    yield policy.signing_algorithms
    yield settings.metadata_max_age
    yield policy.jwks_max_age
    for fault in policy.timing_faults():
        yield partial(_raise, fault)
    # Not those derived from SECRET_KEY: a project may be checked where there is none.
    yield policy.configured_encryption_keys
    yield settings.signs_metadata


def _raise(fault: Misconfigured) -> None:
    raise fault


def _serves_nobody(site: Site) -> bool:
    """Say whether it is certain, before any request, that this site is no authorization server."""
    return isinstance(conf.MCP_ISSUER, str) and not site.is_authorization_server


def _message(fault: Misconfigured) -> CheckMessage:
    is_bare = isinstance(fault.__cause__, MissingAlgorithms)
    number = NO_ALGORITHMS if is_bare else ERRORS[fault.setting]
    return Error(fault.problem, hint=fault.hint, id=f"{TAG}.{number}")
