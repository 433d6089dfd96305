"""Run the doctor: on this project in process, or on any site over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from django.apps import apps

from mcp_oauth_discovery.doctor.arguments import (
    checked_endpoint,
    checked_origin,
    checked_seconds,
    checked_token,
    selection,
)
from mcp_oauth_discovery.doctor.examination import examined
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.report import Report
from mcp_oauth_discovery.doctor.transport.deadlines import BUDGET, TIMEOUT
from mcp_oauth_discovery.doctor.transport.network import HTTPTransport
from mcp_oauth_discovery.doctor.transport.watching import Watch
from mcp_oauth_discovery.doctor.walk.credentials import Credentials
from mcp_oauth_discovery.doctor.walk.walker import Walker

# The default address of the Inspector: a page whose origin is never that of the site.
PAGE = "http://localhost:6274"


def examine(
    url: str | None = None,
    *,
    host: str | None = None,
    origin: str = PAGE,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    timeout: float = TIMEOUT,
    budget: float = BUDGET,
    token: str | None = None,
    watch: Watch | None = None,
) -> Report:
    """Follow the discovery from an MCP endpoint to the keys as clients do, and report.

    `url` is the MCP endpoint, requested over HTTP. Without it, each enabled resource of this
    project is requested in process, with `host` as the Host header. `origin` is the origin of the
    web page to check CORS for. `only` and `skip` have codes and groups of codes. `timeout` is for
    each answer and `budget` for all of them, in seconds. `token` is sent to the endpoint too, and
    the report says whether it is let in. It never contains the token. `watch` is called before and
    after each request.

    Raises `ValueError` for arguments that make no sense, `ImproperlyConfigured` for a wrong
    setting, `Http404` if this project does not serve `host`, and `SuspiciousOperation` if Django
    refuses it.
    """
    chosen, page = selection(only, skip), checked_origin(origin)
    limits = checked_seconds(timeout), checked_seconds(budget)
    given = None if token is None else checked_token(token)
    if url is not None:
        if host is not None:
            text = gettext("--host cannot be used with a URL, which already names the host.")
            raise ValueError(text)
        urls = [checked_endpoint(url)]
        walker: Callable[..., Walker] = partial(
            Walker,
            HTTPTransport(urls[0], *limits),
            endpoints=_endpoints_at(urls[0]),
            credentials=Credentials(given),
        )
    else:
        # This needs the models, which cannot be imported before the apps are ready.
        from mcp_oauth_discovery.doctor.project.this_project import project_walker

        walker, urls = project_walker(host, *limits, given)
        if not urls:
            raise ValueError(gettext("This project has no enabled resource."))
    walk = walker(page_origin=page, probes=chosen.probes(), watch=watch).walk
    return Report(tuple(examined(walk(one), chosen) for one in urls))


def _endpoints_at(url: str) -> frozenset[str]:
    """Return the endpoints of this project at a URL; none if it is not set up."""
    if not apps.ready:
        return frozenset()
    # This needs the models, as above.
    from mcp_oauth_discovery.doctor.project.endpoints import endpoints_at

    return endpoints_at(url)
