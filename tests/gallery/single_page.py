"""Single-page applications, whose server has the same page for every address."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tests.gallery.by_hand import HTML, Site, broken


def _page(request: Request) -> Response:
    return HTMLResponse(HTML)


@broken("endpoint-html", "document-html")
def page_for_everything(site: Site) -> None:
    site.pages = {"/{path:path}": _page}
    site.documents.clear()


@broken("suffix-html")
def page_for_what_is_not_found(site: Site) -> None:
    site.pages["/{path:path}"] = _page
