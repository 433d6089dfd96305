"""What pages of other origins may read and send."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.gallery.by_hand import Site, broken


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
