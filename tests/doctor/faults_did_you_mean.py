"""URLs that were typed wrong, while another URL of the site is the endpoint."""

from __future__ import annotations

from typing import Any

from mcp_oauth_discovery.standards.server_cards import CARD_TYPE, CATALOG, CATALOG_TYPE
from tests.doctor.planting import planted
from tests.doctor.world import ENDPOINT, HTML, ORIGIN, PRM, PRM_ROOT, SERVER, World

TYPO = f"{ORIGIN}/mpc"
LOCAL = "http://127.0.0.1:8000"
WELL_KNOWN = "/.well-known/oauth-protected-resource"
COMMAND = f"python manage.py mcp_discovery check {ENDPOINT}"
NOT_FOUND = ("endpoint-elsewhere", "endpoint-not-found")


def protected(world: World, url: str, metadata: str = PRM, **headers: str) -> None:
    """Have one more endpoint that requires a token; its challenge names the metadata."""
    fields = {name.replace("-", "_"): value for name, value in world.endpoint.items()}
    challenge = f'Bearer resource_metadata="{metadata}", scope="mcp"'
    world.reply(url, status=401, WWW_Authenticate=challenge, **fields, **headers)
    world.replies["OPTIONS", url] = (204, world.preflight, b"", 0.0)


def move(world: World, path: str) -> str:
    """Have the endpoint at another path, and return its URL."""
    url = f"{ORIGIN}{path}"
    world.prm["resource"] = url
    world.json(f"{PRM_ROOT}{path}", world.prm)
    protected(world, url, f"{PRM_ROOT}{path}")
    world.reply(ENDPOINT, status=404)
    world.reply("GET", PRM, status=404)
    return url


@planted(
    *NOT_FOUND,
    "prm-path-not-found",
    "prm-resource-mismatch",
    url=TYPO,
    shows=(
        "404 to an empty POST without a token.",
        f"resource in {PRM_ROOT} is {ENDPOINT}. It answers 401 with a challenge.",
        f"Check {ENDPOINT} instead, and give users that URL: {COMMAND}",
    ),
)
def typo_with_metadata_at_the_root(world: World):
    world.json(PRM_ROOT, world.prm)


@planted(*NOT_FOUND, url=TYPO, shows=(f"There is an MCP endpoint at {ENDPOINT}.", COMMAND))
def typo_that_only_the_usual_path_explains(world: World):
    pass


@planted(*NOT_FOUND, url=ORIGIN, shows=(COMMAND,))
def origin_without_the_path(world: World):
    pass


@planted("endpoint-elsewhere", "endpoint-html", "prm-resource-mismatch", url=f"{ORIGIN}/")
def home_page_with_metadata(world: World):
    world.json(PRM_ROOT, world.prm)
    world.reply(f"{ORIGIN}/", body=HTML)


@planted(
    "endpoint-elsewhere",
    "endpoint-csrf",
    "prm-resource-mismatch",
    url=f"{ORIGIN}/",
    shows=(COMMAND,),
)
def home_page_with_csrf_protection(world: World):
    world.json(PRM_ROOT, world.prm)
    world.reply(f"{ORIGIN}/", status=403, body=b"CSRF verification failed. Request aborted.")


@planted(
    "endpoint-elsewhere",
    "endpoint-open",
    "prm-resource-mismatch",
    url=f"{ORIGIN}/",
    shows=(COMMAND,),
)
def home_page_that_answers_everything(world: World):
    world.json(PRM_ROOT, world.prm)
    world.reply(f"{ORIGIN}/", body=b'{"hello": "world"}')


@planted(*NOT_FOUND, "prm-resource-origin", url=f"{ORIGIN}/", shows=(COMMAND,))
def origin_that_the_metadata_names_for_the_endpoint(world: World):
    world.json(PRM_ROOT, {**world.prm, "resource": ORIGIN})


@planted(*NOT_FOUND, url=ENDPOINT, shows=(f"There is an MCP endpoint at {ENDPOINT}/.",))
def missing_final_slash(world: World):
    move(world, "/mcp/")


@planted(
    *NOT_FOUND,
    "prm-path-not-found",
    "prm-resource-not-exact",
    url=f"{ENDPOINT}/",
    shows=(f"resource in {PRM} is {ENDPOINT}.", COMMAND),
)
def final_slash_too_many(world: World):
    pass


@planted(
    "endpoint-elsewhere",
    "prm-path-not-found",
    "prm-resource-not-exact",
    "redirect-slash",
    shows=(f"It redirects to {ENDPOINT}/.",),
)
def redirect_to_the_url_with_the_final_slash(world: World):
    move(world, "/mcp/")
    world.reply(ENDPOINT, status=307, Location="/mcp/")


@planted(
    "endpoint-elsewhere",
    "answer-server-error",
    "prm-path-not-found",
    "prm-resource-not-exact",
    "redirect-slash",
    shows=(f"check {ENDPOINT}/",),
)
def redirect_of_a_get_alone(world: World):
    """Under DEBUG, a POST without the slash is a server error in Django."""
    move(world, "/mcp/")
    world.reply("POST", ENDPOINT, status=500)
    world.reply("GET", ENDPOINT, status=301, Location="/mcp/")


@planted(
    *NOT_FOUND,
    "prm-path-not-found",
    "prm-resource-mismatch",
    url=TYPO,
    shows=(f"protected_resources in {SERVER} lists {ORIGIN}/tools.", f"check {ORIGIN}/tools"),
)
def typo_with_a_list_of_resources(world: World):
    world.json(PRM_ROOT, {**world.prm, "resource": f"{ORIGIN}/nothing"})
    move(world, "/tools")
    world.server["protected_resources"] = [f"{ORIGIN}/nothing", f"{ORIGIN}/tools"]


def _catalog(world: World, **place: Any) -> None:
    entry = {"identifier": "urn:air:example.com:tools", "type": CARD_TYPE, **place}
    members = {"specVersion": "1.0", "host": {"displayName": "Example"}, "entries": [entry]}
    world.json(f"{ORIGIN}{CATALOG}", members, Content_Type=CATALOG_TYPE)


def _card(world: World) -> dict[str, Any]:
    url = move(world, "/tools")
    return {"name": "com.example/tools", "remotes": [{"type": "streamable-http", "url": url}]}


@planted(*NOT_FOUND, url=TYPO, shows=(f"The server card in {ORIGIN}/card names {ORIGIN}/tools.",))
def typo_with_a_card(world: World):
    world.json(f"{ORIGIN}/card", _card(world), Content_Type=CARD_TYPE)
    _catalog(world, url=f"{ORIGIN}/card")


@planted(*NOT_FOUND, url=TYPO, shows=(f"The server card in {ORIGIN}{CATALOG} names",))
def typo_with_a_card_in_the_catalogue(world: World):
    _catalog(world, data=_card(world))


@planted(*NOT_FOUND, url=TYPO, shows=(f"This project has an endpoint at {ORIGIN}/tools.",))
def typo_with_the_endpoint_in_the_settings(world: World):
    world.endpoints = frozenset({move(world, "/tools"), f"{ORIGIN}/files"})


@planted(
    "endpoint-elsewhere",
    "challenge-metadata-offsite",
    "prm-resource-mismatch",
    url="http://localhost:8000/mcp",
    shows=(f"check {LOCAL}/mcp", "401 to an empty POST without a token."),
)
def localhost_for_its_address(world: World):
    named = f"{LOCAL}{WELL_KNOWN}/mcp"
    members = {"resource": f"{LOCAL}/mcp", "authorization_servers": [ORIGIN]}
    for start in (LOCAL, "http://localhost:8000"):
        protected(world, f"{start}/mcp", named)
        world.json(f"{start}{WELL_KNOWN}/mcp", members)


@planted(
    "endpoint-elsewhere",
    "challenge-metadata-offsite",
    "prm-not-found",
    url="http://localhost:8000/mcp",
    shows=("resource_metadata in the challenge belongs to",),
)
def address_in_the_challenge_alone(world: World):
    for start in (LOCAL, "http://localhost:8000"):
        protected(world, f"{start}/mcp", f"{LOCAL}{WELL_KNOWN}/mcp")


@planted(
    "endpoint-elsewhere",
    "challenge-metadata-offsite",
    "prm-resource-mismatch",
    "reach-plain-http",
    url="http://app.example.com/mcp",
    shows=("It was not contacted, as it is on another origin.", COMMAND),
)
def http_for_https_without_a_redirect(world: World):
    protected(world, "http://app.example.com/mcp")
    world.json(f"http://app.example.com{WELL_KNOWN}/mcp", world.prm)


@planted(
    "endpoint-elsewhere",
    "redirect-www",
    url="https://example.com/mcp",
    shows=("It redirects to https://www.example.com/mcp. It was not contacted",),
)
def host_without_www(world: World):
    for path in ("/mcp", f"{WELL_KNOWN}/mcp", WELL_KNOWN):
        location = f"https://www.example.com{path}"
        world.reply(f"https://example.com{path}", status=301, Location=location)


@planted(*NOT_FOUND, "prm-resource-mismatch", url="https://example.com/mcp", shows=(COMMAND,))
def endpoint_on_another_host(world: World):
    world.json(f"https://example.com{WELL_KNOWN}/mcp", world.prm)


@planted("prm-resource-mismatch", "prm-path-not-found", "endpoint-other", url=f"{ORIGIN}/tools")
def two_endpoints_with_metadata_for_one(world: World):
    """Both are endpoints, so the metadata of the typed one is at fault."""
    protected(world, f"{ORIGIN}/tools", PRM_ROOT)
    world.json(PRM_ROOT, world.prm)


@planted(
    "prm-resource-mismatch",
    "prm-path-not-found",
    "endpoint-open",
    "endpoint-other",
    url=f"{ORIGIN}/tools",
    shows=(COMMAND,),
)
def open_endpoint_beside_a_protected_one(world: World):
    world.reply(f"{ORIGIN}/tools", body=b"{}")
    world.json(PRM_ROOT, world.prm)


@planted("endpoint-not-found", url=TYPO)
def typo_that_nothing_explains(world: World):
    world.reply(ENDPOINT, status=404)
    world.reply("GET", PRM, status=404)
