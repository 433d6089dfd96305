"""Faults of forged hosts, and of addresses that belong to nobody."""

from __future__ import annotations

import json

from mcp_oauth_discovery.doctor.walk.probes import (
    FORGED_PORT,
    FORGED_PREFIX,
    UNKNOWN_PATH,
    forged_host,
)
from tests.doctor.planting import harmless, planted
from tests.doctor.world import (
    ENDPOINT,
    HTML,
    JWKS,
    ORIGIN,
    PRM,
    PRM_ROOT,
    SERVER,
    World,
)


def _reflecting(world: World, header: str, mark: str, cached: str):
    """Put a mark into the metadata where a header asks for it."""

    def reply(method, headers):
        named = {**world.prm, "resource_documentation": f"{mark}/docs"}
        members = named if header in headers else world.prm
        return 200, {**world.document, "Cache-Control": cached}, json.dumps(members).encode(), 0.0

    world.replies["GET", PRM] = reply


@planted("host-reflected", shows=("from the header Host of", "ALLOWED_HOSTS"), in_process=True)
def host_of_the_request(world: World):
    _reflecting(world, "Host", f"https://{forged_host('Host')}", "no-store")


@planted("host-reflected")
def host_in_a_private_cache(world: World):
    _reflecting(world, "Host", f"https://{forged_host('Host')}", "private, max-age=60")


@planted("host-reflected-cached", shows=("from the header Host of",))
def host_of_the_request_in_caches(world: World):
    _reflecting(world, "Host", f"https://{forged_host('Host')}", "public, max-age=300")


@planted("host-reflected-cached", "cache-missing")
def host_of_the_request_for_caches_to_decide(world: World):
    del world.document["Cache-Control"]

    def reply(method, headers):
        host = headers.get("Host", "app.example.com")
        members = {**world.prm, "resource_documentation": f"https://{host}/docs"}
        return 200, world.document, json.dumps(members).encode(), 0.0

    world.replies["GET", PRM] = reply


@planted(
    "forwarded-reflected",
    shows=("from the header X-Forwarded-Host of", "USE_X_FORWARDED_HOST trusts X-Forwarded-Host"),
    in_process=True,
)
def forwarded_host_that_django_trusts(world: World):
    _reflecting(world, "X-Forwarded-Host", f"https://{forged_host('X-Forwarded-Host')}", "no-store")


@planted("forwarded-reflected", shows=("Have the proxy overwrite X-Forwarded-Host",))
def forwarded_host(world: World):
    _reflecting(world, "X-Forwarded-Host", f"https://{forged_host('X-Forwarded-Host')}", "no-store")


@planted("forwarded-reflected", shows=("from the header X-Forwarded-Proto or X-Forwarded-Ssl",))
def forwarded_scheme(world: World):
    _reflecting(world, "X-Forwarded-Proto", "http://app.example.com", "no-store")


@planted("forwarded-reflected", shows=(":59999", "from the header X-Forwarded-Port of"))
def forwarded_port(world: World):
    _reflecting(world, "X-Forwarded-Port", f"{ORIGIN}:{FORGED_PORT}", "no-store")


@planted("forwarded-reflected", shows=("from the header X-Forwarded-Prefix of",))
def forwarded_prefix(world: World):
    _reflecting(world, "X-Forwarded-Prefix", f"{ORIGIN}{FORGED_PREFIX}", "no-store")


@planted(
    "forwarded-reflected",
    shows=("No setting of Django reads X-Forwarded-Server", "the application server"),
    in_process=True,
)
def forwarded_server(world: World):
    name = "X-Forwarded-Server"
    _reflecting(world, name, f"https://{forged_host(name)}", "no-store")


@planted("forwarded-reflected")
def forwarded_end_of_tls(world: World):
    _reflecting(world, "X-Forwarded-Ssl", "http://app.example.com", "no-store")


@planted("forwarded-reflected", url="http://localhost:8000/mcp")
def forwarded_scheme_where_there_is_no_tls(world: World):
    """What is believed on this machine is believed behind a proxy that forgets to overwrite it."""
    start = "http://localhost:8000"
    prm = f"{start}/.well-known/oauth-protected-resource/mcp"

    def reply(method, headers):
        scheme = headers.get("X-Forwarded-Proto", "http")
        documentation = f"{scheme}://localhost/docs"
        told = {"resource": f"{start}/mcp", "authorization_servers": [ORIGIN]}
        members = json.dumps({**told, "resource_documentation": documentation}).encode()
        return 200, {**world.document, "Cache-Control": "no-store"}, members, 0.0

    challenge = f'Bearer resource_metadata="{prm}"'
    headers = {name.replace("-", "_"): value for name, value in world.endpoint.items()}
    world.replies["GET", prm] = reply
    world.reply(f"{start}/mcp", status=401, WWW_Authenticate=challenge, **headers)
    world.replies["OPTIONS", f"{start}/mcp"] = (204, world.preflight, b"", 0)


@planted("forwarded-reflected")
def two_headers_that_are_both_believed(world: World):
    def reply(method, headers):
        names = ("X-Forwarded-Host", "X-Forwarded-Port")
        host, port = (headers.get(name, "") for name in names)
        members = {**world.prm, "resource_documentation": f"https://{host}/", "port": f":{port}"}
        members = members if host or port else world.prm
        return 200, {**world.document, "Cache-Control": "no-store"}, members, 0.0

    world.replies["GET", PRM] = reply


@planted("host-reflected-cached", shows=("immediately", "Have the proxy overwrite"))
def forwarded_scheme_in_caches(world: World):
    _reflecting(world, "X-Forwarded-Proto", "http://app.example.com", "max-age=60")


@planted(in_process=True)
def scheme_of_a_proxy_in_process(world: World):
    """The proxy in front overwrites it, and is not there."""
    _reflecting(world, "X-Forwarded-Proto", "http://app.example.com", "no-store")


@planted("host-reflected")
def host_of_the_request_in_the_challenge(world: World):
    def reply(method, headers):
        host = headers.get("Host", "app.example.com")
        named = PRM.replace("app.example.com", host)
        challenge = {"WWW-Authenticate": f'Bearer resource_metadata="{named}", scope="mcp"'}
        return 401, {**world.endpoint, **challenge}, b"", 0.0

    world.challenge = f'Bearer resource_metadata="{PRM}", scope="mcp"'
    world.replies["GET", ENDPOINT] = reply


@harmless
def forged_host_refused(world: World):
    def reply(method, headers):
        is_forged = "Host" in headers
        content = forged_host("Host").encode() if is_forged else world.keys
        return 400 if is_forged else 200, world.document, content, 0.0

    world.replies["GET", JWKS] = reply


@planted("suffix-echoed")
def echo_of_an_unknown_path(world: World):
    world.json(f"{PRM_ROOT}{UNKNOWN_PATH}", {**world.prm, "resource": f"{ORIGIN}{UNKNOWN_PATH}"})


@planted("suffix-answered")
def one_document_for_all_paths(world: World):
    world.json(f"{SERVER}{UNKNOWN_PATH}", world.server)


@planted("suffix-html")
def page_for_unknown_paths(world: World):
    world.reply("GET", f"{PRM_ROOT}{UNKNOWN_PATH}", body=HTML)


@harmless
def error_for_unknown_paths(world: World):
    world.reply("GET", f"{PRM_ROOT}{UNKNOWN_PATH}", status=400)
