"""What pages of other origins may read and send."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.gallery.by_hand import Site, broken, healthy

OPEN = {"Access-Control-Allow-Origin": "*"}


def answered(app: ASGIApp, method: str, path: str, answer: Response) -> ASGIApp:
    """Answer a method at the paths that begin like this before anything else does."""

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        is_it = scope["type"] == "http" and scope["method"] == method
        if is_it and scope["path"].startswith(path):
            await answer(scope, receive, send)
        else:
            await app(scope, receive, send)

    return layer


def stripped(app: ASGIApp, name: str, path: str, method: str = "GET") -> ASGIApp:
    """Take a header out of the answers at the paths that begin like this."""

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        async def without(message: Message) -> None:
            if scope["path"].startswith(path) and scope["method"] == method:
                kept = [one for one in message.get("headers", ()) if one[0] != name.encode()]
                message = {**message, "headers": kept} if "headers" in message else message
            await send(message)

        await app(scope, receive, without)

    return layer


@broken("cors-document", says=("There is no Access-Control-Allow-Origin",))
def documents_are_closed_to_pages(site: Site) -> None:
    name = "access-control-allow-origin"
    site.layers.append(lambda app: stripped(app, name, "/.well-known"))


@broken("cors-document-preflight", says=("401 to OPTIONS",))
def preflights_of_documents_need_a_token(site: Site) -> None:
    answer = JSONResponse({"error": "invalid_token"}, 401)
    site.layers.append(lambda app: answered(app, "OPTIONS", "/.well-known", answer))


@broken("cors-document-preflight", says=("mcp-protocol-version",))
def preflights_know_only_usual_headers(site: Site) -> None:
    answer = Response(status_code=204, headers={**OPEN, "Access-Control-Allow-Headers": "Accept"})
    site.layers.append(lambda app: answered(app, "OPTIONS", "/.well-known", answer))


@broken("cors-endpoint")
def challenge_is_closed_to_pages(site: Site) -> None:
    """Authentication is above CORS: the preflight passes, the 401 comes without headers."""
    site.layers.append(lambda app: stripped(app, "access-control-allow-origin", "/mcp"))


@broken("cors-endpoint-preflight")
def preflight_of_the_endpoint_needs_a_token(site: Site) -> None:
    answer = JSONResponse({"error": "invalid_token"}, 401)
    site.layers.append(lambda app: answered(app, "OPTIONS", "/mcp", answer))


@broken("cors-endpoint-headers", says=("lacks authorization",))
def wildcard_for_the_authorization_header(site: Site) -> None:
    answer = Response(status_code=204, headers={**OPEN, "Access-Control-Allow-Headers": "*"})
    site.layers.append(lambda app: answered(app, "OPTIONS", "/mcp", answer))


@broken("cors-exposed")
def challenge_is_not_exposed_and_get_is_not_allowed(site: Site) -> None:
    """As servers without a stream are: the headers of the 405 are those of the 401."""

    def post_only(request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"error": "method"}, 405, {"Allow": "POST"})
        return site.unauthorized(request)

    site.pages["/mcp"] = post_only
    site.cors["expose_headers"] = ["Mcp-Session-Id"]


@broken("cors-endpoint-headers", says=("lacks mcp-method, mcp-name",))
def preflight_of_an_older_revision(site: Site) -> None:
    known = "authorization, content-type, mcp-protocol-version, mcp-session-id, last-event-id"
    answer = Response(status_code=204, headers={**OPEN, "Access-Control-Allow-Headers": known})
    site.layers.append(lambda app: answered(app, "OPTIONS", "/mcp", answer))


@healthy(remarks=("cors-endpoint-methods",))
def endpoint_without_sessions(site: Site) -> None:
    """Pages have nothing to delete; POST needs no permission."""
    site.cors["allow_methods"] = ["GET", "POST"]


@broken("cors-exposed")
def challenge_is_not_exposed(site: Site) -> None:
    site.cors["expose_headers"] = ["Mcp-Session-Id"]


@broken("cors-credentials")
def cookies_of_every_origin(site: Site) -> None:
    site.cors["allow_credentials"] = True


@broken("cors-endpoint-closed")
def endpoint_is_open_to_one_page(site: Site) -> None:
    """On purpose, perhaps: this is no more than a remark."""
    headers = {"Access-Control-Allow-Origin": "https://app.example.net"}
    answer = Response(status_code=204, headers=headers)
    site.layers.append(lambda app: answered(app, "OPTIONS", "/mcp", answer))
