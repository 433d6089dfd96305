"""Single-page applications, whose server has the same page for every address."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tests import ASM, JWKS
from tests.gallery.by_hand import HTML, PRM_PATH, Site, broken


def _page(request: Request) -> Response:
    return HTMLResponse(HTML)


@broken("endpoint-html", "document-html")
def page_for_everything(site: Site) -> None:
    site.pages = {"/{path:path}": _page}
    site.documents.clear()


@broken("endpoint-method", "document-html")
def page_for_every_get(site: Site) -> None:
    """What serves files has no POST."""

    def get(request: Request) -> Response:
        return _page(request) if request.method in ("GET", "HEAD") else Response(status_code=405)

    site.pages = {"/{path:path}": get}
    site.documents.clear()


@broken("document-html")
def page_for_all_but_the_endpoint(site: Site) -> None:
    """The API is proxied, and the well-known addresses were forgotten."""
    site.documents.clear()
    site.pages["/{path:path}"] = _page


@broken("suffix-html")
def page_for_what_is_not_found(site: Site) -> None:
    site.pages["/{path:path}"] = _page


@broken("oauth-endpoint-html")
def page_for_all_but_the_documents_and_the_endpoint(site: Site) -> None:
    """The authorization server was to come later; a page is well at the authorization endpoint."""
    for path in ("/authorize", "/token", "/register"):
        site.pages[path] = _page


@broken("document-html")
def page_instead_of_keys(site: Site) -> None:
    del site.documents[JWKS]
    site.pages["/{path:path}"] = _page


@broken("document-html")
def page_instead_of_the_servers_metadata(site: Site) -> None:
    del site.documents[ASM]
    site.pages["/{path:path}"] = _page


@broken("answer-server-error", "document-html")
def page_hides_a_server_error(site: Site) -> None:
    site.pages["/{path:path}"] = _page
    site.pages[PRM_PATH] = lambda request: JSONResponse({"error": "server_error"}, 500)
