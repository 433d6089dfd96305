"""System checks: problems that would break requests or clients, reported at start-up.

An error would turn a request into a 500; `settings` has all errors. A warning is about a problem
that stops clients; each has a small function in the module of its subject.
"""

from __future__ import annotations

from django.core.checks import register

from mcp_oauth_discovery.checks import (
    cards,
    deployment,
    dpop,
    endpoints,
    identifiers,
    keys,
    metadata,
    middleware,
    names,
    protections,
    scopes,
    urls,
)
from mcp_oauth_discovery.checks.registry import RULES, TAG
from mcp_oauth_discovery.checks.settings import ERROR_IDS, ERRORS, NO_ALGORITHMS, check_settings

__all__ = [
    "ERRORS",
    "ERROR_IDS",
    "NO_ALGORITHMS",
    "RULES",
    "TAG",
    "cards",
    "check_settings",
    "deployment",
    "dpop",
    "endpoints",
    "identifiers",
    "keys",
    "metadata",
    "middleware",
    "names",
    "protections",
    "register_all",
    "scopes",
    "urls",
]


def register_all() -> None:
    """Register every check with Django."""
    register(check_settings, TAG)
    for rule in RULES.values():
        register(rule.check, *rule.tags, deploy=rule.deploy)
