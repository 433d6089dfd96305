"""What an answer lacks for web pages, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.steps.origins import allows, origin_line
from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.busy import served
from mcp_oauth_discovery.doctor.walk.intermediaries import intermediary
from mcp_oauth_discovery.doctor.walk.observations import Exchange


def lacking(exchange: Exchange, page: str, names: Sequence[str]) -> str:
    """Return a sentence about what a preflight lacks for a page to send these headers, or "".

    GET, HEAD and POST need no permission.
    """
    answer = served(exchange)
    if answer is None:
        return ""
    if not 200 <= answer.status < 300:
        return gettext("%(status)d to OPTIONS.") % {"status": exchange.status}
    if not allows(answer, page):
        return origin_line(answer)
    allowed = listed(answer, "access-control-allow-headers")
    # Fetch: the wildcard covers every header except this one.
    covered = {*allowed, *(name for name in names if "*" in allowed and name != "authorization")}
    if missing := [name for name in names if name not in covered]:
        text = gettext("Access-Control-Allow-Headers lacks %(names)s.")
        return text % {"names": ", ".join(missing)}
    return ""


def passing(answer: Answer | None) -> str:
    """Return what to do about a service that answers in place of the site, or ""."""
    service = intermediary(answer) if answer else None
    if service is None:
        return ""
    text = gettext(
        "%(service)s gave this answer. Have it let requests of web pages and OPTIONS pass."
    )
    return text % {"service": service.name}


def listed(answer: Answer, name: str) -> list[str]:
    """Return the items of a header that is a list, in lower case."""
    return [item.strip().lower() for item in (answer.header(name) or "").split(",")]
