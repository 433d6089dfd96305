"""One fault of a whole site: many findings follow from it, and the first names it."""

from __future__ import annotations

import json
from collections.abc import Callable

from mcp_oauth_discovery.doctor.transport.messages import Answer
from tests.doctor.planting import planted
from tests.doctor.world import ENDPOINT, HTML, ORIGIN, PRM, TOKEN, World

INTERNAL = "https://backend.internal"
FIREWALL = (403, {"Server": "cloudflare", "CF-Mitigated": "challenge"}, b"<title>Just a moment...")
CORS = "Access-Control-"


def _everywhere(
    world: World, status: int, headers: dict[str, str], body: bytes, *, where: Callable[[str], bool]
) -> None:
    """Answer all requests to some URLs in the same way."""
    healthy = world.send

    def send(method, url, fields=(), content=b""):
        if where(url):
            return Answer(method, url, status, tuple(headers.items()), body)
        return healthy(method, url, fields, content)

    world.send = send


def _without_cors(world: World) -> None:
    for headers in (world.document, world.endpoint, world.preflight):
        for name in [name for name in headers if name.startswith(CORS)]:
            del headers[name]


@planted("cors-document", "cors-document-preflight", "cors-endpoint-closed")
def site_without_cors(world: World):
    _without_cors(world)


@planted(
    "cors-document", "cors-document-preflight", "cors-endpoint-preflight", "oauth-endpoint-cors"
)
def site_without_cors_that_refuses_preflights(world: World):
    _without_cors(world)
    for url in (ENDPOINT, PRM, f"{ORIGIN}/.well-known/oauth-authorization-server", TOKEN):
        world.reply("OPTIONS", url, status=405)
    world.reply("OPTIONS", f"{ORIGIN}/o/register/", status=405)


@planted("answer-firewall", "card-no-answer")
def firewall_before_the_documents(world: World):
    _everywhere(world, *FIREWALL, where=lambda url: "/.well-known/" in url)


@planted("answer-forbidden", "challenge-not-bearer", "cors-endpoint-preflight")
def password_for_the_whole_site(world: World):
    headers = {"WWW-Authenticate": 'Basic realm="staging"'}
    _everywhere(world, 401, headers, b"", where=lambda url: True)


@planted("endpoint-html", "document-html")
def page_for_the_whole_site(world: World):
    _everywhere(world, 200, {"Content-Type": "text/html"}, HTML, where=lambda url: True)


@planted("answer-bad-request")
def host_that_nothing_knows(world: World):
    _everywhere(world, 400, {}, b"<h1>Bad Request (400)</h1>", where=lambda url: True)


@planted("answer-server-error", "card-no-answer")
def documents_that_fail(world: World):
    _everywhere(world, 500, {}, b"", where=lambda url: "/.well-known/" in url)


@planted("redirect-slash", "answer-server-error")
def post_without_the_slash_under_debug(world: World):
    """The settings name the URL without the slash, and the URLconf has the one with it."""
    world.reply("POST", ENDPOINT, status=500)
    world.reply("GET", ENDPOINT, status=301, Location=f"{ENDPOINT}/")


def _plain(url: str) -> str:
    return f"http{url[5:]}"


@planted("prm-resource-scheme", "challenge-metadata-http")
def proxy_that_hides_tls(world: World):
    world.prm.update(resource=_plain(ENDPOINT), authorization_servers=[_plain(ORIGIN)])
    world.challenge = f'Bearer resource_metadata="{_plain(PRM)}", scope="mcp"'


@planted("challenge-metadata-http", "as-endpoint-http", "as-issuer-mismatch")
def proxy_that_hides_tls_from_all_but_the_resource(world: World):
    world.challenge = f'Bearer resource_metadata="{_plain(PRM)}", scope="mcp"'
    world.server.update(issuer=_plain(ORIGIN), token_endpoint=_plain(TOKEN))


@planted("as-issuer-mismatch", "as-endpoint-http")
def proxy_that_hides_tls_from_the_server(world: World):
    world.server.update(issuer=_plain(ORIGIN), token_endpoint=_plain(TOKEN))


@planted("reach-private", "as-not-found", "challenge-metadata-offsite", "prm-resource-mismatch")
def proxy_that_replaces_the_host(world: World):
    world.prm.update(resource=f"{INTERNAL}/mcp", authorization_servers=[INTERNAL])
    world.challenge = f'Bearer resource_metadata="{PRM.replace(ORIGIN, INTERNAL)}", scope="mcp"'


@planted("host-reflected", "forwarded-reflected")
def documents_with_the_host_of_the_request(world: World):
    def reply(method, headers):
        host = headers.get("X-Forwarded-Host") or headers.get("Host") or "app.example.com"
        members = json.dumps(world.prm).replace("app.example.com", host).encode()
        return 200, {**world.document, "Cache-Control": "no-store"}, members, 0.0

    world.replies["GET", PRM] = reply


@planted("document-cookie", "cache-vary")
def session_with_every_answer(world: World):
    world.json(PRM, world.prm, Set_Cookie="sessionid=a; Path=/", Vary="Cookie")
