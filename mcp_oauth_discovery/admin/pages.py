"""Pages of our own in the admin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse


def page(
    model_admin: Any, request: HttpRequest, name: str, context: Mapping[str, Any]
) -> HttpResponse:
    """Return a page of this app, with the header and the menu of the admin site around it."""
    site = model_admin.admin_site
    request.current_app = site.name
    opts = model_admin.opts
    app = apps.get_app_config(opts.app_label)
    own = {"app": app, "opts": opts, "media": model_admin.media, **context}
    template = f"mcp_oauth_discovery/admin/{name}.html"
    return TemplateResponse(request, template, {**site.each_context(request), **own})
