"""Pages of our own in the admin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.db import Error as AnyDatabaseError
from django.db import router, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from mcp_oauth_discovery.admin.problems import unusable
from mcp_oauth_discovery.logs.lines import logger, one_line
from mcp_oauth_discovery.models import SigningKey

View = Callable[..., HttpResponse]


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


def explained(view: View) -> View:
    """Lead from a view of an admin to the overview, with an error, if the database fails.

    Within a transaction of the request the exception passes, so that Django rolls it back.
    """

    @wraps(view)
    def wrapped(model_admin: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(model_admin, request, *args, **kwargs)
        except AnyDatabaseError as error:
            if transaction.get_connection(router.db_for_write(SigningKey)).in_atomic_block:
                raise
            text = "A page of the admin failed: %s"
            logger.error(text, one_line(error), exc_info=error, extra={"event": "admin.failed"})
            model_admin.message_user(request, unusable(error), messages.ERROR)
        name = "admin:mcp_oauth_discovery_overview_changelist"
        return HttpResponseRedirect(reverse(name, current_app=model_admin.admin_site.name))

    return wrapped
