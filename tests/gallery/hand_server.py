"""Authorization server metadata that is elsewhere, another's, or not enough; its endpoints."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests import ASM
from tests.gallery.by_hand import OPENID, Site, broken, healthy


@broken("as-not-found")
def no_server_metadata(site: Site) -> None:
    del site.documents[ASM]


@broken("as-not-found")
def server_metadata_one_path_off(site: Site) -> None:
    """The issuer has a path; its document is appended to it, which nobody asks for."""
    site.prm["authorization_servers"] = [f"{site.origin}/auth"]
    site.server["issuer"] = f"{site.origin}/auth"
    site.documents[f"/auth{ASM}"] = site.documents.pop(ASM)


@broken("as-not-found", says=("only the Rust SDK looks",))
def server_metadata_at_the_root_alone(site: Site) -> None:
    """The issuer has a path, and its document does not know."""
    site.prm["authorization_servers"] = [f"{site.origin}/auth"]
    site.server["issuer"] = f"{site.origin}/auth"


@broken("as-issuer-missing")
def no_issuer(site: Site) -> None:
    del site.server["issuer"]


@broken("as-issuer-slash")
def issuer_with_a_slash(site: Site) -> None:
    site.server["issuer"] += "/"


@broken("as-issuer-mismatch")
def issuer_is_localhost(site: Site) -> None:
    site.server["issuer"] = site.origin.replace("127.0.0.1", "localhost")


@broken("as-issuer-mismatch")
def issuer_in_capitals(site: Site) -> None:
    site.server["issuer"] = site.origin.replace("http:", "HTTP:")


@broken("as-issuer-mismatch")
def issuer_of_another_tenant(site: Site) -> None:
    site.prm["authorization_servers"] = [f"{site.origin}/one"]
    site.documents[f"{ASM}/one"] = {**site.documents.pop(ASM), "issuer": f"{site.origin}/two"}


@broken("as-member-missing")
def no_token_endpoint(site: Site) -> None:
    del site.server["token_endpoint"]


@broken("as-member-invalid")
def token_endpoint_is_a_path(site: Site) -> None:
    site.server["token_endpoint"] = "/token"


@broken("as-endpoint-http")
def token_endpoint_over_plain_http(site: Site) -> None:
    site.server["token_endpoint"] = "http://id.example.net/token"


@broken("as-pkce-missing")
def no_pkce(site: Site) -> None:
    del site.server["code_challenge_methods_supported"]


@broken("as-pkce-method")
def plain_pkce_only(site: Site) -> None:
    site.server["code_challenge_methods_supported"] = ["plain"]


@broken("as-response-type")
def implicit_flow_only(site: Site) -> None:
    site.server["response_types_supported"] = ["token"]


@broken("as-grant-type")
def client_credentials_only(site: Site) -> None:
    site.server["grant_types_supported"] = ["client_credentials"]


@broken("as-registration")
def clients_cannot_register(site: Site) -> None:
    del site.server["registration_endpoint"]


@broken("as-metadata-documents")
def client_documents_that_need_a_secret(site: Site) -> None:
    site.server["client_id_metadata_document_supported"] = True
    site.server["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]


@broken("as-jwt-algorithms")
def jwt_authentication_without_algorithms(site: Site) -> None:
    site.server["token_endpoint_auth_methods_supported"] = ["none", "private_key_jwt"]


@broken("as-documents-differ")
def openid_says_otherwise(site: Site) -> None:
    site.documents[OPENID] = {**site.openid, "token_endpoint": f"{site.origin}/oauth/token"}


@broken("as-openid-incomplete")
def openid_by_half(site: Site) -> None:
    site.documents[OPENID] = dict(site.server)


@broken("as-protected-resources")
def server_of_other_resources(site: Site) -> None:
    site.server["protected_resources"] = [f"{site.origin}/files"]


@broken("oauth-endpoint-not-found")
def authorization_endpoint_is_not_there(site: Site) -> None:
    del site.pages["/authorize"]


@broken("oauth-endpoint-unseen")
def token_endpoint_is_not_there(site: Site) -> None:
    """Or it takes POST alone: nobody knows who does not send one."""
    del site.pages["/token"]


@healthy()
def token_endpoint_is_routed_for_post_alone(site: Site) -> None:
    """As Express does it: 404 to GET, and OPTIONS tells the methods."""
    site.answer("/token", "Cannot GET /token", 404)
    names = ("Origin", "Headers")
    allowed = {f"Access-Control-Allow-{name}": "*" for name in names}
    told = Response(headers={"Allow": "POST", **allowed})
    site.layers.append(lambda app: _instead(app, "/token", told))


@broken("oauth-endpoint-redirect")
def registration_redirects_to_a_slash(site: Site) -> None:
    site.redirect("/register", "/register/", 301)


@broken("oauth-endpoint-error")
def authorization_fails_without_parameters(site: Site) -> None:
    site.answer("/authorize", "KeyError: 'client_id'", 500)


@broken("oauth-endpoint-cors")
def token_endpoint_is_closed_to_pages(site: Site) -> None:
    """Starlette's middleware answers preflights itself, so the endpoint is on another app."""
    closed = JSONResponse({"error": "method"}, 405)
    site.layers.append(lambda app: _instead(app, "/token", closed))


def _instead(app, path, answer: Response):
    async def layer(scope, receive, send):
        is_preflight = scope["type"] == "http" and scope["method"] == "OPTIONS"
        if is_preflight and scope["path"] == path:
            await answer(scope, receive, send)
        else:
            await app(scope, receive, send)

    return layer


@broken("answer-server-error")
def openid_configuration_raises(site: Site) -> None:
    """The only metadata there is, and it is a traceback."""
    del site.documents[ASM]

    def fail(request: Request) -> Response:
        return JSONResponse({"error": "server_error"}, 503)

    site.pages[OPENID] = fail
