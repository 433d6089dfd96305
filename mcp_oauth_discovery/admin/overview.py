"""The overview: MCP server URLs, problems, what happens to the keys next, and the documents."""

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
    """A message of a system check."""

    message: CheckMessage
    is_error: bool
    is_for_deployment: bool


def overview_context(request: HttpRequest) -> dict[str, Any]:
    """Return the template context of the overview; it describes failures as problems."""
    resources, problem = attempt(lambda: Site(request).resources)
    return {
        "title": "Overview",
        "resources": [resource for resource in resources or () if resource.enabled],
        "resources_problem": problem,
        "documents": list(served_documents(request)),
        "findings": sorted(
            findings(), key=lambda finding: (not finding.is_error, finding.is_for_deployment)
        ),
        **_keys(),
    }


def findings() -> Iterator[Finding]:
    """Yield the messages of the checks of this app, with `--deploy` and `--database`."""
    databases = [router.db_for_read(SigningKey)]
    run = [(checks.check_settings, False)]
    run += [(rule.check, rule.deploy) for rule in checks.RULES.values()]
    for check, is_for_deployment in run:
        for message in check(app_configs=None, databases=databases):
            if not message.is_silenced():
                yield Finding(message, message.level >= ERROR, is_for_deployment)


def _keys() -> dict[str, Any]:
    now = timezone.now()
    try:
        with undisturbed():
            keys = list(SigningKey.objects.defer("private_key"))
    except AnyDatabaseError as error:
        return {"keys_problem": str(error)}
    context: dict[str, Any] = {"timeline": timeline(keys, now) if keys else None}
    try:
        context["prospects"] = prospects(keys, now)
    except ImproperlyConfigured as error:
        context["keys_problem"] = str(error)
    return context
