"""Answers that are none: redirects, errors, too much, not JSON."""

from __future__ import annotations

import gzip
import json

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from tests import ASM, JWKS
from tests.gallery.by_hand import HTML, PRM_PATH, Site, broken

JSON = "application/json"


@broken("redirect-offsite")
def documents_moved_to_another_host(site: Site) -> None:
    site.redirect(PRM_PATH, "https://id.example.net/prm")
    site.redirect("/.well-known/oauth-protected-resource", "https://id.example.net/prm")


@broken("redirect-other")
def old_path_redirects_to_a_new_one(site: Site) -> None:
    site.documents["/metadata/prm.json"] = site.documents.pop(PRM_PATH)
    site.redirect(PRM_PATH, "/metadata/prm.json", 301)


@broken("redirect-loop")
def two_rules_redirect_to_each_other(site: Site) -> None:
    site.redirect(ASM, f"{ASM}.json")
    site.redirect(f"{ASM}.json", ASM)


@broken("redirect-login", says=("from the login",))
def login_page_before_the_keys(site: Site) -> None:
    site.redirect(JWKS, "/accounts/login/?next=/.well-known/jwks.json")
    site.answer("/accounts/login/", HTML, Content_Type="text/html")


@broken("answer-server-error")
def metadata_raises(site: Site) -> None:
    site.answer(ASM, "Internal Server Error", 500, Content_Type="text/plain")


@broken("answer-forbidden")
def documents_want_a_token(site: Site) -> None:
    site.pages[PRM_PATH] = site.unauthorized
    site.pages["/.well-known/oauth-protected-resource"] = site.unauthorized


@broken("answer-bad-request")
def bad_request_to_a_plain_get(site: Site) -> None:
    site.answer(ASM, '{"error": "missing version"}', 400, Content_Type=JSON)


@broken("answer-unexpected", says=("rate limit",))
def too_many_requests_before_the_first(site: Site) -> None:
    """All clients come from the address of one provider, which has used up its share."""
    body = {"error": "too many requests"}
    site.pages[PRM_PATH] = lambda request: JSONResponse(body, 429, {"Retry-After": "60"})


@broken("answer-too-large")
def document_without_end(site: Site) -> None:
    site.keys["keys"] = site.keys["keys"] * 4000


@broken("answer-encoded")
def compressed_without_being_asked(site: Site) -> None:
    body = gzip.compress(json.dumps(site.server).encode())
    site.answer(ASM, body, Content_Type=JSON, Content_Encoding="gzip", **_cached())


@broken("answer-firewall", says=("of Cloudflare (cf-mitigated: challenge)", "Just a moment..."))
def challenge_of_a_firewall(site: Site) -> None:
    """The application is never asked."""
    page = HTML.replace("<title>", "<title>Just a moment... ")
    site.answer(ASM, page, 403, Content_Type="text/html", cf_mitigated="challenge")


@broken("document-html")
def page_instead_of_the_server_metadata(site: Site) -> None:
    site.answer(ASM, HTML, Content_Type="text/html")


@broken("document-byte-order-mark")
def byte_order_mark(site: Site) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(site.server).encode()
    site.answer(ASM, body, Content_Type=JSON, **_cached())


@broken("document-not-json")
def document_in_another_encoding(site: Site) -> None:
    named = {**site.prm, "resource_name": "Café"}
    body = json.dumps(named, ensure_ascii=False).encode("latin-1")
    site.answer(PRM_PATH, body, Content_Type=JSON, **_cached())


@broken("document-not-object")
def document_in_a_list(site: Site) -> None:
    site.answer(PRM_PATH, json.dumps([site.prm]), Content_Type=JSON)


@broken("document-content-type")
def json_as_plain_text(site: Site) -> None:
    site.answer(PRM_PATH, json.dumps(site.prm), Content_Type="text/plain", **_cached())


@broken("document-duplicate")
def member_twice(site: Site) -> None:
    body = json.dumps(site.prm).replace("{", '{"resource": "https://old.example.net/mcp", ', 1)
    site.answer(PRM_PATH, body, Content_Type=JSON, **_cached())


@broken("document-cookie")
def session_for_everybody(site: Site) -> None:
    site.headers["Set-Cookie"] = "session=1; Path=/"


@broken("endpoint-not-found", path="/sse")
def no_endpoint_at_this_url(site: Site) -> None:
    """The user typed the URL of an older transport."""


@broken("redirect-slash", says=("307",))
def endpoint_with_a_slash(site: Site) -> None:
    """A mount answers at its path with a slash, and redirects to it without."""
    site.pages["/mcp/"] = site.pages.pop("/mcp")
    site.pages["/mcp"] = _to_the_slash


def _to_the_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", 307)


@broken("answer-server-error")
def endpoint_raises_without_a_token(site: Site) -> None:
    site.pages["/mcp"] = lambda request: JSONResponse({"error": "server_error"}, 500)


def _cached() -> dict[str, str]:
    return {"Cache_Control": "public, max-age=300"}
