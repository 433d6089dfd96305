"""The overview: what is published, what happens next, what is wrong, what to tell a client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.core.checks import ERROR, CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as AnyDatabaseError
from django.db import router
from django.http import HttpRequest
from django.utils import timezone

from mcp_oauth_discovery import checks
from mcp_oauth_discovery.admin.served import attempt, served_documents
from mcp_oauth_discovery.admin.timeline import timeline
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.rotation.outlook import prospects
from mcp_oauth_discovery.signing.readings import undisturbed


class Finding(NamedTuple):
    """What a system check has to say."""

    message: CheckMessage
    is_error: bool
    is_for_deployment: bool


def overview(request: HttpRequest) -> dict[str, Any]:
    """Return all that the page shows; what cannot be had is on it as a problem, in words."""
    return {
        "title": "Overview",
        "documents": list(served_documents(request)),
        "findings": sorted(findings(), key=lambda one: (not one.is_error, one.is_for_deployment)),
        **_clients(request),
        **_keys(),
    }


def findings() -> Iterator[Finding]:
    """Yield what the checks of this app say, those for `--deploy` and of the database as well."""
    databases = [router.db_for_read(SigningKey)]
    run = [(checks.check_settings, False)]
    run += [(rule.check, rule.deploy) for rule in checks.RULES.values()]
    for check, is_for_deployment in run:
        for message in check(app_configs=None, databases=databases):
            if not message.is_silenced():
                yield Finding(message, message.level >= ERROR, is_for_deployment)


def _clients(request: HttpRequest) -> dict[str, Any]:
    resources, problem = attempt(lambda: Site(request).resources)
    enabled = [one for one in resources or () if one.enabled]
    return {"resources": enabled, "resources_problem": problem}


def _keys() -> dict[str, Any]:
    now = timezone.now()
    try:
        with undisturbed():
            keys = list(SigningKey.objects.defer("private_key"))
    except AnyDatabaseError as error:
        return {"keys_problem": str(error)}
    shown: dict[str, Any] = {"timeline": timeline(keys, now) if keys else None}
    try:
        shown["prospects"] = prospects(keys, now)
    except ImproperlyConfigured as error:
        shown["keys_problem"] = str(error)
    return shown
