"""Internal: the steps of the check, in their order. A new step is one module and one line here."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.findings import Entry, Step
from mcp_oauth_discovery.doctor.steps import (
    answers,
    authorization_server,
    caching,
    cards,
    challenge,
    check,
    cors,
    documents,
    endpoint,
    hosts,
    jwks,
    load,
    oauth_endpoints,
    protected_resource,
    reach,
    signed,
    suffixes,
    tokens,
)

STEPS: tuple[Step, ...] = (
    reach.STEP,
    answers.STEP,
    documents.STEP,
    endpoint.STEP,
    challenge.STEP,
    tokens.STEP,
    protected_resource.STEP,
    authorization_server.STEP,
    oauth_endpoints.STEP,
    jwks.STEP,
    signed.STEP,
    cors.STEP,
    caching.STEP,
    hosts.STEP,
    suffixes.STEP,
    cards.STEP,
    load.STEP,
    # Last: it reports the rules that failed before.
    check.STEP,
)

ENTRIES: dict[str, Entry] = {entry.code: entry for step in STEPS for entry in step.entries}
STEP_OF: dict[str, Step] = {entry.code: step for step in STEPS for entry in step.entries}
