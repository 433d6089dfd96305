"""The doctor: checks the discovery of an MCP endpoint as clients do it."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.findings import Finding, Severity, Skipped
from mcp_oauth_discovery.doctor.report import EndpointReport, Report, Verdict
from mcp_oauth_discovery.doctor.run import examine

__all__ = [
    "Client",
    "EndpointReport",
    "Finding",
    "Report",
    "Severity",
    "Skipped",
    "Verdict",
    "examine",
]
