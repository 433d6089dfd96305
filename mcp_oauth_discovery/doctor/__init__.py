"""The doctor: checks the discovery of an MCP endpoint as clients do it."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.examination import Selection, examine
from mcp_oauth_discovery.doctor.findings import Finding, Severity
from mcp_oauth_discovery.doctor.report import Report, Verdict, as_json, lines
from mcp_oauth_discovery.doctor.transport.network import HTTPTransport
from mcp_oauth_discovery.doctor.walk.walker import Walker

__all__ = [
    "Client",
    "Finding",
    "HTTPTransport",
    "Report",
    "Selection",
    "Severity",
    "Verdict",
    "Walker",
    "as_json",
    "examine",
    "lines",
]
