"""System checks: what a request or a client would stumble over, said at start-up.

An error is what turns a request into a 500; `settings` has them. A warning is what makes a client
give up; each has a small function in the module of its subject.
"""

from __future__ import annotations

from django.core.checks import register

from mcp_oauth_discovery.checks import (
    deployment,
    endpoints,
    identifiers,
    keys,
    metadata,
    middleware,
    names,
    protections,
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
    "check_settings",
    "deployment",
    "endpoints",
    "identifiers",
    "keys",
    "metadata",
    "middleware",
    "names",
    "protections",
    "register_all",
    "urls",
]


def register_all() -> None:
    """Tell Django about every check."""
    register(check_settings, TAG)
    for rule in RULES.values():
        register(rule.check, *rule.tags, deploy=rule.deploy)
