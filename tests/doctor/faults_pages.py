"""Faults of CORS: what pages may read and send."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble
from tests.doctor.planting import harmless, planted
from tests.doctor.world import (
    ENDPOINT,
    PAGE,
    PRM,
    SERVER,
    World,
)


@planted("cors-document")
def documents_for_one_origin(world: World):
    world.document["Access-Control-Allow-Origin"] = "https://other.example.com"


@planted("cors-document", shows=("no Access-Control-Allow-Origin",))
def documents_for_no_page(world: World):
    del world.document["Access-Control-Allow-Origin"]


@planted("cors-document", shows=("*, *",))
def proxy_that_allows_every_origin_once_more(world: World):
    """Two values are as good as none."""
    world.document["Access-Control-Allow-Origin"] = "*, *"


@harmless
def origin_repeated(world: World):
    world.document["Access-Control-Allow-Origin"] = PAGE


@planted("cors-document-preflight", shows=("405 to OPTIONS",))
def preflight_without_answer(world: World):
    world.reply("OPTIONS", PRM, status=405)


@planted("cors-document-preflight")
def preflight_without_origin(world: World):
    world.reply("OPTIONS", PRM, status=204)


@planted("cors-document-preflight", shows=("mcp-protocol-version",))
def preflight_without_the_version(world: World):
    world.reply(
        "OPTIONS",
        SERVER,
        Access_Control_Allow_Origin="*",
        Access_Control_Allow_Headers="authorization, content-type",
    )


@harmless
def preflight_lost_on_the_way(world: World):
    """The rules of the connection say so where it is about more than one request."""
    world.replies["OPTIONS", PRM] = _timeout()
    world.replies["OPTIONS", ENDPOINT] = _timeout()
    world.replies["HEAD", PRM] = _timeout()


def _timeout():
    world = World()
    world.fail(PRM, Trouble.TIMEOUT)
    return world.replies[PRM,]


@planted("cors-endpoint-closed")
def endpoint_for_other_origins(world: World):
    world.reply("OPTIONS", ENDPOINT, status=200)


@planted("cors-endpoint-preflight")
def preflight_taken_for_a_request(world: World):
    world.reply("OPTIONS", ENDPOINT, status=401)


@planted("cors-endpoint-headers", shows=("lacks authorization",))
def wildcard_does_not_cover_authorization(world: World):
    world.reply(
        "OPTIONS", ENDPOINT, Access_Control_Allow_Origin="*", Access_Control_Allow_Headers="*"
    )


@planted("cors-endpoint-headers", shows=("lacks mcp-method, mcp-name, last-event-id",))
def headers_of_this_revision_are_missing(world: World):
    world.reply(
        "OPTIONS",
        ENDPOINT,
        Access_Control_Allow_Origin="*",
        Access_Control_Allow_Headers=(
            "authorization, content-type, mcp-protocol-version, mcp-session-id"
        ),
    )


@planted("cors-endpoint-methods")
def preflight_that_says_nothing_of_methods(world: World):
    del world.preflight["Access-Control-Allow-Methods"]


@harmless
def preflight_of_delete_lost_on_the_way(world: World):
    def reply(method, headers):
        if headers["Access-Control-Request-Method"] == "DELETE":
            return Failure(method, ENDPOINT, Trouble.TIMEOUT, "late")
        return 204, world.preflight, b"", 0.0

    world.replies["OPTIONS", ENDPOINT] = reply


def _methods(world: World, status: int, methods: str = "DELETE"):
    """Answer the preflight of DELETE."""

    def reply(method, headers):
        is_delete = headers["Access-Control-Request-Method"] == "DELETE"
        allowed = {**world.preflight, "Access-Control-Allow-Methods": methods}
        return (status if is_delete else 204), allowed, b"", 0.0

    world.replies["OPTIONS", ENDPOINT] = reply


@planted("cors-endpoint-methods")
def pages_cannot_end_a_session(world: World):
    _methods(world, 204, "GET, POST")


@planted("cors-endpoint-methods")
def preflight_of_delete_refused(world: World):
    _methods(world, 400)


@harmless
def every_method(world: World):
    _methods(world, 204, "*")


@planted("cors-endpoint")
def answer_before_the_middleware(world: World):
    del world.endpoint["Access-Control-Allow-Origin"]


@planted("cors-exposed")
def challenge_that_scripts_cannot_read(world: World):
    del world.endpoint["Access-Control-Expose-Headers"]


@harmless
def everything_exposed(world: World):
    world.endpoint["Access-Control-Expose-Headers"] = "*"


@harmless
def no_challenge_to_get(world: World):
    world.reply("GET", ENDPOINT, status=405)


@planted("cors-credentials")
def credentials(world: World):
    world.endpoint["Access-Control-Allow-Credentials"] = "true"


@planted("cors-credentials")
def credentials_for_documents(world: World):
    world.document["Access-Control-Allow-Credentials"] = "True"


def _get_of_a_post_only_endpoint(world: World, status: int, **headers: str):
    world.endpoint.clear()
    world.reply("GET", ENDPOINT, status=status, **headers)


@planted("cors-endpoint")
def neither_get_nor_post_is_for_pages(world: World):
    _get_of_a_post_only_endpoint(world, 405)


@planted("cors-endpoint-preflight")
def get_without_a_session_and_no_preflight(world: World):
    _get_of_a_post_only_endpoint(world, 400)
    world.reply("OPTIONS", ENDPOINT, status=403)


@planted("cors-exposed")
def what_a_layer_adds_to_405_is_what_it_adds_to_401(world: World):
    """It adds nothing where there is no Origin, so the POST alone says nothing."""
    world.endpoint.clear()

    def reply(method, headers):
        allowed = {"Access-Control-Allow-Origin": PAGE} if "Origin" in headers else {}
        return 405, allowed, b"", 0.0

    world.replies["GET", ENDPOINT] = reply


@planted("cors-endpoint")
def headers_on_get_alone(world: World):
    """GET has them for everybody, and the 401 to POST does not."""
    headers = {name.replace("-", "_"): value for name, value in world.endpoint.items()}
    _get_of_a_post_only_endpoint(world, 405, **headers)
