"""Every rule, by the group of the catalogue that its findings are in."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.steps import (
    answers,
    authorization_server,
    caching,
    challenge,
    cors,
    documents,
    endpoint,
    hosts,
    jwks,
    load,
    mishaps,
    oauth_endpoints,
    protected_resource,
    reach,
    signed,
    signing,
    suffixes,
)
from mcp_oauth_discovery.doctor.walk.observations import Walk

Rule = Callable[[Walk], Iterable[Finding]]

RULES: dict[str, tuple[Rule, ...]] = {
    "reach": reach.RULES,
    "answers": answers.RULES,
    "documents": documents.RULES,
    "endpoint": endpoint.RULES,
    "challenge": challenge.RULES,
    "protected-resource": protected_resource.RULES,
    "authorization-server": authorization_server.RULES,
    "oauth-endpoints": oauth_endpoints.RULES,
    "jwks": (*jwks.RULES, *signing.RULES),
    "signed-metadata": signed.RULES,
    "cors": cors.RULES,
    "caching": caching.RULES,
    "hosts": hosts.RULES,
    "suffixes": suffixes.RULES,
    "load": load.RULES,
    "check": mishaps.RULES,
}
