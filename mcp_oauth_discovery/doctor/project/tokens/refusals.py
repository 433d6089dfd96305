"""Say for the doctor which rules refuse a token at one endpoint of this project."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from django.utils import timezone

from mcp_oauth_discovery.doctor.project.connections import rolled_back
from mcp_oauth_discovery.doctor.project.tokens.rules import audience_verdict, token_verdicts
from mcp_oauth_discovery.doctor.project.tokens.verdicts import Verdict
from mcp_oauth_discovery.doctor.project.tokens.views import (
    ViewReport,
    protected_views,
    view_report,
)
from mcp_oauth_discovery.doctor.walk.credentials import Refusal
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.standards.identifiers import split
from mcp_oauth_discovery.standards.token_parts import Parts, read_parts


@sensitive
def refusals(token: str, endpoint: str) -> tuple[Refusal, ...] | None:
    """Return each rule that refuses a token at an endpoint; empty if its protection accepts it.

    It is None if no protection of this package is there, because then its rules decide nothing.
    """
    origin, path, _, _ = split(endpoint)
    parts = read_parts(token)
    # A view looks up its user with code of the project, which may add one.
    with rolled_back():
        reports = [
            view_report(view, parts)
            for view in protected_views(origin, token)
            # A protection at another path may be for the same resource.
            if view.identifier == endpoint and view.request.path == unquote(path or "/")
        ]
    if not reports:
        return None
    verdicts = [verdict for report in reports for verdict in _failed(report, parts, endpoint)]
    hide = parts.without_secrets
    refused = (Refusal(item.rule, hide(item.text), hide(item.fix)) for item in verdicts)
    return tuple(dict.fromkeys(refused))


def _failed(report: ViewReport, parts: Parts, endpoint: str) -> Iterator[Verdict]:
    """Yield the verdicts that fail; in place of that of `verify_token`, those of its rules."""
    failed = [verdict for verdict in report.verdicts if verdict.fails]
    is_own_asked = any(verdict.is_own for verdict in report.verdicts)
    if is_own_asked and any(verdict.rule == "verify" for verdict in failed):
        rules = token_verdicts(parts, timezone.now(), issues_tokens=True)
        yield from (rule for rule in (*rules, audience_verdict(parts, endpoint)) if rule.fails)
    yield from (verdict for verdict in failed if not verdict.is_own)
