"""Faults that have consequences, which are not told as faults of their own."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.walk.probes import UNKNOWN_PATH
from mcp_oauth_discovery.doctor.walk.well_known import OAUTH
from tests.doctor.planting import planted
from tests.doctor.world import (
    ENDPOINT,
    HTML,
    OPENID,
    ORIGIN,
    PRM,
    PRM_ROOT,
    SERVER,
    TOKEN,
    World,
)


@planted("signed-malformed")
def signed_metadata_of_two_parts(world: World):
    world.server["signed_metadata"] = "two.parts"


@planted("suffix-html")
def page_for_everything_unknown(world: World):
    for url in (f"{PRM_ROOT}{UNKNOWN_PATH}", f"{ORIGIN}{OAUTH}{UNKNOWN_PATH}", OPENID):
        world.reply("GET", url, body=HTML)


@planted("document-html")
def page_for_everything_but_the_endpoint(world: World):
    for url in (PRM, PRM_ROOT, SERVER, f"{PRM_ROOT}{UNKNOWN_PATH}"):
        world.reply("GET", url, body=HTML)


@planted("redirect-slash")
def endpoint_that_redirects_preflights_too(world: World):
    world.replies[(f"{ENDPOINT}/",)] = (401, _challenged(world), b"", 0.0)
    world.reply(ENDPOINT, status=307, Location=f"{ENDPOINT}/")


def _challenged(world: World) -> dict[str, str]:
    return {**world.endpoint, "WWW-Authenticate": str(world.challenge)}


@planted("oauth-endpoint-redirect")
def token_endpoint_that_redirects_preflights_too(world: World):
    world.reply(TOKEN, status=301, Location=TOKEN.rstrip("/"))


@planted("cors-endpoint-closed")
def everything_for_pages_of_other_origins(world: World):
    for url in (ENDPOINT, TOKEN):
        world.reply("OPTIONS", url, status=200)


@planted("answer-bad-request")
def host_that_is_not_allowed(world: World):
    for url in (ENDPOINT, PRM, PRM_ROOT, SERVER):
        world.reply(url, status=400)


@planted("redirect-https", url="http://localhost/mcp")
def site_that_does_not_know_of_tls(world: World):
    world.reply("http://localhost/mcp", status=301, Location="https://localhost/mcp")


@planted("endpoint-elsewhere", "reach-plain-http", url="http://app.example.com/mcp")
def user_who_typed_http(world: World):
    for url in (ENDPOINT, PRM, PRM_ROOT, SERVER):
        world.reply(url.replace("https:", "http:"), status=301, Location=url)


@planted("reach-plain-http", url="http://app.example.com/mcp")
def site_without_tls(world: World):
    plain = "http://app.example.com"
    world.json(
        PRM.replace("https:", "http:"),
        {"resource": f"{plain}/mcp", "authorization_servers": [plain]},
    )
    headers = {
        **world.endpoint,
        "WWW-Authenticate": f'Bearer resource_metadata="{PRM.replace("https:", "http:")}"',
    }
    world.replies[("POST", f"{plain}/mcp")] = world.replies[("GET", f"{plain}/mcp")] = (
        401,
        headers,
        b"",
        0.0,
    )
