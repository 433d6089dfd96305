"""The doctor in the admin: it examines this project in process, and a page has its report."""

from __future__ import annotations

from threading import Lock
from typing import Any

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from mcp_oauth_discovery.admin.report import described
from mcp_oauth_discovery.checks.site import is_pinned
from mcp_oauth_discovery.doctor import examine

# Seconds for each answer, and for all of them: many servers end a request that takes 30.
_TIMEOUT, _BUDGET = 5, 15
# A run keeps a thread of the server busy, so each process has one run at a time.
_running = Lock()


def doctor_context(request: HttpRequest) -> dict[str, Any]:
    """Examine this project, and return the template context of the report, or of a problem."""
    if not _running.acquire(blocking=False):
        return {"problem": _("The doctor is running already. Try again in a few seconds.")}
    try:
        # The host is one of ALLOWED_HOSTS. It says which site is meant if no setting does.
        host = None if is_pinned() else request.get_host()
        return described(examine(host=host, timeout=_TIMEOUT, budget=_BUDGET))
    except (Http404, ImproperlyConfigured, SuspiciousOperation, ValueError) as error:
        return {"problem": str(error)}
    finally:
        _running.release()
