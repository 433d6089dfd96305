"""The overview: problems, MCP server URLs, what happens to the keys next, and the documents."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import Error as AnyDatabaseError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from mcp_oauth_discovery.admin.problems import SaidOnce, findings, unread
from mcp_oauth_discovery.admin.served import attempt, served_documents
from mcp_oauth_discovery.admin.timeline import timeline
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.keys.transactions import undisturbed
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.rotation.outlook import prospects


def overview_context(request: HttpRequest) -> dict[str, Any]:
    """Return the template context of the overview; it describes failures as problems."""
    messages = findings()
    said_once = SaidOnce(messages)
    # In the order of the page, so that each reference stands below its problem.
    resources, resources_problem = attempt(lambda: Site(request).resources)
    resources_problem = said_once(resources_problem)
    keys, keys_problem = _keys()
    keys_problem = said_once(keys_problem)
    documents = [
        replace(document, problem=said_once(document.problem))
        for document in served_documents(request)
    ]
    return {
        "title": _("Overview"),
        "findings": messages,
        "resources": [resource for resource in resources or () if resource.enabled],
        "resources_problem": resources_problem,
        **keys,
        "keys_problem": keys_problem,
        "documents": documents,
        "references": said_once.references,
    }


def _keys() -> tuple[dict[str, Any], str]:
    """Return what the page shows of the keys, and the problem that keeps it from showing all."""
    now = timezone.now()
    try:
        with undisturbed():
            keys = list(SigningKey.objects.defer("private_key"))
    except AnyDatabaseError as error:
        return {"are_keys_unread": True}, unread(error)
    if not keys:
        # The page says what to do. The prospects would repeat it for each algorithm.
        return {}, ""
    context: dict[str, Any] = {"timeline": timeline(keys, now)}
    try:
        context["prospects"] = prospects(keys, now)
    except ImproperlyConfigured as error:
        return context, str(error)
    return context, ""
