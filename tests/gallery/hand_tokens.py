"""MCP endpoints that challenge each request without a token, and judge tokens badly or not."""

from __future__ import annotations

from joserfc import jws
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from mcp_oauth_discovery.standards.token_parts import read_parts
from tests.gallery.by_hand import PRM_PATH, Site, broken, healthy


def _token(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _parse_error(request: Request) -> Response:
    error = {"code": -32700, "message": "Parse error: Unexpected end of JSON input"}
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, 400)


@broken("token-accepted", says=("A made-up token seems to be let in. The answer is 400",))
def any_token_opens_the_door(site: Site) -> None:
    site.pages["/mcp"] = lambda request: (
        _parse_error(request) if _token(request) else site.unauthorized(request)
    )


@broken("token-unsigned-accepted")
def claims_are_read_and_no_signature_is_verified(site: Site) -> None:
    def judge(request: Request) -> Response:
        claims = read_parts(_token(request)).claims or {}
        is_ours = (claims.get("iss"), claims.get("aud")) == (site.origin, site.resource)
        return _parse_error(request) if is_ours else site.unauthorized(request)

    site.pages["/mcp"] = judge


@broken("token-query-accepted")
def token_in_the_query_opens_the_door(site: Site) -> None:
    site.pages["/mcp"] = lambda request: (
        _parse_error(request) if request.query_params else site.unauthorized(request)
    )


@broken("token-query-read")
def token_in_the_query_is_judged(site: Site) -> None:
    plain = site.challenge

    def judge(request: Request) -> Response:
        error = 'Bearer error="invalid_token", ' if request.query_params else "Bearer "
        site.challenge = plain.replace("Bearer ", error, 1)
        return site.unauthorized(request)

    site.pages["/mcp"] = judge


@broken("token-server-error", says=("500 to a made-up token",))
def token_that_is_no_jwt_breaks_the_server(site: Site) -> None:
    def judge(request: Request) -> Response:
        try:
            if token := _token(request):
                jws.extract_compact(token.encode())
        except ValueError:
            return JSONResponse({"error": "Internal Server Error"}, 500)
        return site.unauthorized(request)

    site.pages["/mcp"] = judge


@broken("token-refusal-status", says=("403 to a made-up token",))
def bad_token_is_forbidden(site: Site) -> None:
    site.pages["/mcp"] = lambda request: (
        JSONResponse({"error": "invalid_token"}, 403)
        if _token(request)
        else site.unauthorized(request)
    )


@broken("token-refusal-status", says=("302 to a made-up token",))
def bad_token_leads_to_the_login(site: Site) -> None:
    site.pages["/mcp"] = lambda request: (
        RedirectResponse("/login", 302) if _token(request) else site.unauthorized(request)
    )


@broken("token-refusal-challenge")
def framework_answers_bad_tokens_itself(site: Site) -> None:
    site.pages["/mcp"] = lambda request: (
        JSONResponse({"detail": "Invalid token."}, 401)
        if _token(request)
        else site.unauthorized(request)
    )


@broken("token-refusal-metadata")
def bad_token_gets_a_challenge_without_metadata(site: Site) -> None:
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    site.pages["/mcp"] = lambda request: (
        Response(status_code=401, headers=challenge)
        if _token(request)
        else site.unauthorized(request)
    )


@healthy(remarks=("token-refusal-bare",))
def gateway_refuses_everything_without_looking(site: Site) -> None:
    challenge = {
        "WWW-Authenticate": f'Bearer resource_metadata="{site.origin}{PRM_PATH}", scope="mcp"'
    }
    site.pages["/mcp"] = lambda request: Response(status_code=401, headers=challenge)


@healthy()
def token_in_the_query_is_a_bad_request(site: Site) -> None:
    site.pages["/mcp"] = lambda request: (
        JSONResponse({"error": "invalid_request"}, 400)
        if request.query_params
        else site.unauthorized(request)
    )
