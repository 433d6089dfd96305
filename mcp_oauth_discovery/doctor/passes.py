"""What a step has to have seen for its silence to mean anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mcp_oauth_discovery.doctor.steps.cors import seen_by_pages
from mcp_oauth_discovery.doctor.steps.signed import are_verified
from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.well_known import Role


def has_seen(group: str, walk: Walk) -> bool:
    """Say whether enough was seen for a step without findings to pass."""
    return bool(_SEEN[group](walk))


def _answers(walk: Walk) -> bool:
    asked = [walk.post, walk.get, *(one.exchange for one in walk.asked)]
    return _all_answered(asked)


def _endpoint(walk: Walk) -> bool:
    return walk.post is not None and walk.post.status == 401 and _all_answered([walk.get])


def _challenge(walk: Walk) -> bool:
    """A URL that leads to no metadata is a finding of another step."""
    named = [one for one in walk.resources if one.role is Role.CHALLENGE]
    return any(one.members is not None for one in named)


def _protected_resource(walk: Walk) -> bool:
    asked = [one for one in walk.asked if one in walk.resources]
    found = all(one.members is not None or one.is_absent for one in asked)
    named = [one for one in asked if one.role is Role.CHALLENGE]
    return walk.resource is not None and found and not any(one.is_absent for one in named)


def _authorization_server(walk: Walk) -> bool:
    return bool(walk.servers) and all(one.found for one in walk.servers)


def _jwks(walk: Walk) -> bool:
    """Servers without a set are well without it; one that was not read says nothing."""
    servers = [one for one in walk.servers if one.found is None or one.found.told.get("jwks_uri")]
    return bool(servers) and all(one.jwks and one.jwks.members is not None for one in servers)


def _cors(walk: Walk) -> bool:
    asked = [*walk.page_reads, *walk.page_preflights, walk.endpoint_preflight, walk.endpoint_delete]
    return _all_answered(asked) and bool(walk.page_reads) and bool(seen_by_pages(walk))


def _hosts(walk: Walk) -> bool:
    return _all_ended(one.exchange for one in walk.forgeries)


def _load(walk: Walk) -> bool:
    return bool(walk.burst) and _all_ended(one.exchange for one in (*walk.agents, *walk.burst))


def _all_answered(exchanges: Iterable[Exchange | None]) -> bool:
    return all(one is not None and one.answer is not None for one in exchanges)


def _all_ended(exchanges: Iterable[Exchange]) -> bool:
    """Say whether there are any, and all were answered or refused; a hung up line is a refusal."""
    ends = [one.outcome for one in exchanges]
    late = (Trouble.CUT, Trouble.TIMEOUT)
    return bool(ends) and not any(isinstance(one, Failure) and one.trouble in late for one in ends)


_SEEN: dict[str, Callable[[Walk], object]] = {
    "reach": lambda walk: _all_answered([walk.post]),
    "answers": _answers,
    "documents": lambda walk: walk.published,
    "endpoint": _endpoint,
    "challenge": _challenge,
    "protected-resource": _protected_resource,
    "authorization-server": _authorization_server,
    "oauth-endpoints": lambda walk: (
        walk.oauth_endpoints and _all_answered(one.get for one in walk.oauth_endpoints)
    ),
    "jwks": _jwks,
    "signed-metadata": are_verified,
    "cors": _cors,
    "caching": lambda walk: walk.heads and _all_answered(one for _, one in walk.heads),
    "hosts": _hosts,
    "suffixes": lambda walk: walk.suffixes and _all_answered(walk.suffixes),
    "load": _load,
    "check": lambda walk: _all_answered([walk.post]),
}
