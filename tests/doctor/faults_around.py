"""Faults around the documents: OAuth endpoints, caches, hosts, unknown addresses, load."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.transport.messages import Trouble
from mcp_oauth_discovery.doctor.walk.probes import UNKNOWN_PATH
from tests.doctor.planting import harmless, planted
from tests.doctor.world import (
    HTML,
    JWKS,
    ORIGIN,
    PAGE,
    SERVER,
    TOKEN,
    World,
)

NOT_FOUND = b"<h1>Not Found</h1><p>The requested resource was not found on this server.</p>"


AUTHORIZE = f"{ORIGIN}/o/authorize/"


@planted("oauth-endpoint-not-found", in_process=True)
def default_endpoints_that_nobody_routed(world: World):
    world.reply("GET", TOKEN, status=404)


@planted("oauth-endpoint-not-found")
def authorization_endpoint_that_nobody_routed(world: World):
    """Browsers come there by GET."""
    world.reply("GET", AUTHORIZE, status=404)


@planted("oauth-endpoint-not-found")
def endpoint_that_is_not_in_the_urlconf(world: World):
    world.reply("GET", TOKEN, status=404, body=NOT_FOUND)


@planted("oauth-endpoint-unseen")
def endpoint_that_may_take_post_alone(world: World):
    """The layer of CORS answers the preflight of every address there is."""
    world.reply("GET", TOKEN, status=404)


@planted("oauth-endpoint-unseen")
def endpoint_that_knows_no_preflight_either(world: World):
    world.reply(TOKEN, status=404)


@planted("oauth-endpoint-unseen")
def revocation_that_may_take_post_alone(world: World):
    world.server["revocation_endpoint"] = f"{ORIGIN}/revoke"


@harmless
def endpoint_for_post_alone_with_a_preflight_of_its_own(world: World):
    world.reply("GET", TOKEN, status=404)
    world.reply("OPTIONS", f"{TOKEN[:-1]}{UNKNOWN_PATH}", status=404)


@harmless
def endpoint_that_tells_its_methods(world: World):
    allowed = {name.replace("-", "_"): value for name, value in world.preflight.items()}
    world.reply("GET", TOKEN, status=404)
    world.reply("OPTIONS", TOKEN, status=200, Allow="POST", **allowed)


@planted("oauth-endpoint-html")
def page_at_the_token_endpoint(world: World):
    world.reply("GET", TOKEN, body=HTML)


@harmless
def page_at_the_authorization_endpoint(world: World):
    world.reply("GET", AUTHORIZE, body=HTML)


@planted("oauth-endpoint-error")
def failing_endpoint(world: World):
    world.reply("GET", AUTHORIZE, status=500)


@planted("oauth-endpoint-redirect")
def endpoint_without_its_final_slash(world: World):
    world.server["token_endpoint"] = TOKEN[:-1]
    world.reply("GET", TOKEN[:-1], status=301, Location=TOKEN)


@planted("oauth-endpoint-redirect")
def authorization_endpoint_without_its_final_slash(world: World):
    world.server["authorization_endpoint"] = AUTHORIZE[:-1]
    world.reply("GET", AUTHORIZE[:-1], status=301, Location=f"{AUTHORIZE}?")


@planted("oauth-endpoint-redirect")
def registration_behind_a_login(world: World):
    world.reply("GET", f"{ORIGIN}/o/register/", status=302, Location="/login/")


@harmless
def authorization_behind_a_login(world: World):
    world.reply("GET", AUTHORIZE, status=302, Location="/login/?next=/o/authorize/")


@harmless
def endpoints_of_another_host(world: World):
    """They are not asked: the user has not named that host."""
    for name in ("authorization", "token", "registration"):
        world.server[f"{name}_endpoint"] = f"https://login.example.net/{name}"


@harmless
def relative_endpoint_is_not_asked(world: World):
    world.server["end_session_endpoint"] = f"{ORIGIN}/nowhere"


@planted("oauth-endpoint-cors")
def no_page_may_register(world: World):
    world.reply("OPTIONS", f"{ORIGIN}/o/register/", status=405)


@planted("oauth-endpoint-cors")
def no_page_may_post_json(world: World):
    world.reply("OPTIONS", TOKEN, status=200, Access_Control_Allow_Origin=PAGE)


@planted("reach-timeout")
def hanging_endpoint(world: World):
    world.fail(TOKEN, Trouble.TIMEOUT)


@planted("cache-missing")
def no_word_about_caching(world: World):
    del world.document["Cache-Control"]


@harmless
def expiry_date(world: World):
    world.document["Expires"] = "Thu, 01 Jan 2026 00:00:00 GMT"
    del world.document["Cache-Control"]


@harmless
def nothing_is_stored(world: World):
    world.document["Cache-Control"] = "no-store"
    world.document["Age"] = "0"


@planted("cache-long", shows=("Expires: Fri, 02 Jan 2026 00:00:01 GMT.",))
def date_of_expiry_after_more_than_a_day(world: World):
    world.document["Cache-Control"] = "public"
    world.document["Date"] = "Thu, 01 Jan 2026 00:00:00 GMT"
    world.document["Expires"] = "Fri, 02 Jan 2026 00:00:01 GMT"


@planted("cache-missing", shows=("Cache-Control: public.",))
def policy_without_a_lifetime(world: World):
    world.document["Cache-Control"] = "public"


@harmless
def policy_to_ask_again_each_time(world: World):
    world.document["Cache-Control"] = "no-cache"


@harmless
def date_of_expiry_that_is_no_date(world: World):
    """RFC 9111 §5.3: the document has expired."""
    del world.document["Cache-Control"]
    world.document["Expires"] = "0"


@planted("cache-long")
def cached_for_a_year(world: World):
    world.document["Cache-Control"] = "max-age=60, s-maxage=31536000"


@harmless
def cached_for_a_day(world: World):
    world.document["Cache-Control"] = "max-age=86400"


@planted("cache-stale")
def stale_edge(world: World):
    world.json(JWKS, world.keys, Age="301")


@harmless
def edge_at_the_last_moment(world: World):
    world.json(JWKS, world.keys, Age="300")


@harmless
def age_of_nonsense(world: World):
    world.json(JWKS, world.keys, Age="-1")


@planted("cache-vary")
def varies_with_the_cookie(world: World):
    world.document["Vary"] = "Accept-Encoding, Cookie"


@planted("head-differs")
def no_head(world: World):
    world.reply("HEAD", SERVER, status=405)


@planted("head-differs")
def head_of_another_type(world: World):
    world.reply("HEAD", SERVER, Content_Type="text/html")


@harmless
def server_of_another_host(world: World):
    """It is asked for its documents, and never with a forged host or in a hurry."""
    issuer = "https://login.example.net"
    world.prm["authorization_servers"] = [issuer]
    metadata = {**world.server, "issuer": issuer}
    world.json(f"{issuer}/.well-known/oauth-authorization-server", metadata)


@planted("as-pkce-missing")
def documents_of_another_host_alone(world: World):
    issuer = "https://login.example.net"
    world.prm["authorization_servers"] = [issuer]
    metadata = {**world.server, "issuer": issuer}
    del metadata["code_challenge_methods_supported"]
    world.json(f"{issuer}/.well-known/oauth-authorization-server", metadata)


@planted("oauth-endpoint-cors")
def page_where_the_token_endpoint_is(world: World):
    world.reply("GET", TOKEN, status=200)
    world.reply("OPTIONS", TOKEN, status=405)
