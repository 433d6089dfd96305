"""MCP endpoints that say something else than 401, and challenges that lead nowhere."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests import PRM
from tests.gallery.by_hand import HTML, PRM_PATH, Site, broken, events


@broken("endpoint-open")
def endpoint_lets_everybody_in(site: Site) -> None:
    site.pages["/mcp"] = lambda request: JSONResponse({"jsonrpc": "2.0", "result": {}})


@broken("answer-unexpected")
def endpoint_is_busy(site: Site) -> None:
    site.pages["/mcp"] = lambda request: JSONResponse({"error": "too many requests"}, 429)


@broken("endpoint-parses-first")
def body_is_read_before_the_token(site: Site) -> None:
    def parse(request: Request) -> Response:
        if request.method == "POST":
            return JSONResponse({"error": "Parse error"}, 400)
        return site.unauthorized(request)

    site.pages["/mcp"] = parse


@broken("endpoint-forbidden")
def bare_403(site: Site) -> None:
    site.pages["/mcp"] = lambda request: JSONResponse({"detail": "Not authenticated"}, 403)


@broken("endpoint-method")
def endpoint_for_get_only(site: Site) -> None:
    def get(request: Request) -> Response:
        if request.method == "GET":
            return site.unauthorized(request)
        return JSONResponse({"error": "method"}, 405, {"Allow": "GET"})

    site.pages["/mcp"] = get


@broken("endpoint-html")
def page_at_the_endpoint(site: Site) -> None:
    site.answer("/mcp", HTML, Content_Type="text/html")


@broken("endpoint-get")
def get_is_open(site: Site) -> None:
    def get(request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"name": "a server"})
        return site.unauthorized(request)

    site.pages["/mcp"] = get


@broken("endpoint-get")
def events_are_open_to_get(site: Site) -> None:
    """The stream never ends, and nobody waits for that."""
    site.pages["/mcp"] = lambda request: (
        events() if request.method == "GET" else site.unauthorized(request)
    )


@broken("challenge-missing")
def bare_401(site: Site) -> None:
    site.challenge = ""


@broken("challenge-malformed")
def url_without_quotes(site: Site) -> None:
    site.challenge = f"Bearer resource_metadata={site.origin}{PRM_PATH}"


@broken("challenge-malformed")
def parameters_without_commas(site: Site) -> None:
    site.challenge = f'Bearer realm="mcp" resource_metadata="{site.origin}{PRM_PATH}"'


@broken("challenge-not-bearer")
def basic_only(site: Site) -> None:
    site.challenge = 'Basic realm="api"'


@broken("challenge-not-first")
def basic_first(site: Site) -> None:
    site.challenge = f'Basic realm="api", {site.challenge}'


@broken("challenge-several")
def two_layers_add_a_challenge(site: Site) -> None:
    site.challenge = f'{site.challenge}, Bearer realm="api"'


@broken("challenge-no-metadata")
def realm_only(site: Site) -> None:
    site.challenge = 'Bearer realm="mcp"'


@broken("challenge-metadata-invalid")
def relative_resource_metadata(site: Site) -> None:
    site.challenge = f'Bearer resource_metadata="{PRM_PATH}"'


@broken("challenge-metadata-offsite")
def metadata_at_localhost(site: Site) -> None:
    """The same machine, and another origin."""
    here = site.origin.replace("127.0.0.1", "localhost")
    site.challenge = f'Bearer resource_metadata="{here}{PRM}"'


@broken("challenge-error")
def invalid_token_without_a_token(site: Site) -> None:
    site.challenge += ', error="invalid_token"'


@broken("challenge-scope")
def scopes_between_commas(site: Site) -> None:
    site.challenge = site.challenge.replace('scope="mcp"', 'scope="mcp,mcp:admin"')


@broken("challenge-differs")
def other_challenge_to_get(site: Site) -> None:
    def challenge(request: Request) -> Response:
        answer = site.unauthorized(request)
        if request.method == "GET":
            answer.headers["WWW-Authenticate"] += ', realm="events"'
        return answer

    site.pages["/mcp"] = challenge
