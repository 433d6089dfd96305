"""Say for the doctor why this project refuses a token, as `mcp_discovery token` explains it."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.http import Http404

from mcp_oauth_discovery.doctor.project.tokens.explanation import Explanation, explain
from mcp_oauth_discovery.doctor.project.tokens.verdicts import Verdict
from mcp_oauth_discovery.doctor.project.tokens.verifying import name_of
from mcp_oauth_discovery.doctor.transport.messages import Fault
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.protection import verify_token
from mcp_oauth_discovery.standards.identifiers import split


@sensitive
def refusals(token: str, endpoint: str) -> tuple[Fault, ...] | None:
    """Return a fault for each rule that refuses a token at an endpoint of this project.

    It is None if no protection of this package is there, because then its rules decide nothing.
    """
    try:
        explanation = explain(token, split(endpoint).origin, endpoint)
    except (ValueError, ImproperlyConfigured, SuspiciousOperation, Http404):
        return None
    [report] = explanation.resources
    if not report.views:
        return None
    if report.accepts:
        return ()
    hide = explanation.parts.without_secrets
    faults = [Fault(hide(verdict.text), hide(verdict.fix)) for verdict in _failed(explanation)]
    return tuple(dict.fromkeys(faults))


def _failed(explanation: Explanation) -> Iterator[Verdict]:
    """Yield the verdicts that fail; in place of that of `verify_token`, those of its rules."""
    [report] = explanation.resources
    for view in report.views:
        for verdict in filter(_fails, view.verdicts):
            if verdict.rule == "verify" and verdict.text.startswith(name_of(verify_token)):
                yield from filter(_fails, (*explanation.verdicts, *report.verdicts))
            else:
                yield verdict


def _fails(verdict: Verdict) -> bool:
    return verdict.fails
