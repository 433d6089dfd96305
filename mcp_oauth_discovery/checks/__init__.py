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
from mcp_oauth_discovery.checks.settings import ERRORS, NO_ALGORITHMS, SETTINGS, check_settings

__all__ = [
    "ERRORS",
    "NO_ALGORITHMS",
    "RULES",
    "SETTINGS",
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
    for check in SETTINGS.values():
        register(check, TAG)
    for rule in RULES.values():
        register(rule.check, *rule.tags, deploy=rule.deploy)
