"""Read each setting once, and report the faults that would turn a request into a 500."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.core.checks import CheckMessage, Error

from mcp_oauth_discovery.checks.registry import TAG
from mcp_oauth_discovery.checks.routes import example_site, has_urlconf
from mcp_oauth_discovery.checks.site import SERVER_SETTING, is_pinned
from mcp_oauth_discovery.conf import Misconfigured, conf
from mcp_oauth_discovery.discovery import cards, documents, settings
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.protection import implied, origins
from mcp_oauth_discovery.protection.dpop import nonces
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
    "MCP_IMPLIED_SCOPES": "E016",
    "MCP_ALLOWED_ORIGINS": "E017",
    "MCP_SERVER_CARDS": "E018",
    "MCP_DPOP_NONCE_REQUIRED": "E019",
}
# A fault of MCP_AUTHORIZATION_SERVER_METADATA that has its own ID.
NO_ALGORITHMS = "E015"
ERROR_IDS = tuple(sorted([*ERRORS.values(), NO_ALGORITHMS]))


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Report each fault of the settings once."""
    messages: dict[str, CheckMessage] = {}
    # A process without URLs gets no requests.
    for fault in _faults(example_site()) if has_urlconf() else ():
        # Faults of other settings, such as USE_TZ, have rules of their own.
        if fault.setting in ERRORS:
            lacks_algorithms = isinstance(fault.__cause__, MissingAlgorithms)
            number = NO_ALGORITHMS if lacks_algorithms else ERRORS[fault.setting]
            message = Error(fault.problem, hint=fault.hint, id=f"{TAG}.{number}")
            messages.setdefault(str(fault), message)
    return list(messages.values())


def _faults(site: Site) -> Iterator[Misconfigured]:
    yield from _raised_by(
        lambda: site.issuer,
        lambda: site.authorization_servers,
        lambda: site.resources,
        lambda: [documents.resource_document(site, resource) for resource in site.resources],
        lambda: settings.read_members("MCP_RESOURCE_METADATA", conf.MCP_RESOURCE_METADATA, site),
        lambda: settings.read_members(SERVER_SETTING, conf.MCP_AUTHORIZATION_SERVER_METADATA, site),
        # If another site certainly issues the tokens, this document is not served.
        lambda: (
            (is_pinned() and not site.is_authorization_server)
            or documents.issuer_document(site, policy.signing_algorithms)
        ),
        policy.signing_algorithms,
        settings.metadata_max_age,
        policy.jwks_max_age,
    )
    yield from policy.timing_faults()
    # Not the keys derived from SECRET_KEY: a project may be checked without one.
    yield from _raised_by(policy.configured_encryption_keys, settings.signs_metadata)
    yield from _raised_by(implied.implied_scopes, origins.allowed_origins, nonces.are_required)
    yield from _card_faults(site)


def _card_faults(site: Site) -> Iterator[Misconfigured]:
    """Yield the faults of each card, also of another host, and then those between cards."""
    try:
        readings = [partial(cards.read_card, entry) for entry in cards.every_entry()]
    except Misconfigured as fault:
        yield fault
        return
    faults = list(_raised_by(*readings, partial(cards.configured_cards, site)))
    yield from faults or _raised_by(lambda: cards.catalog(site))


def _raised_by(*readings: Callable[[], object]) -> Iterator[Misconfigured]:
    for read in readings:
        try:
            read()
        except Misconfigured as fault:
            yield fault
