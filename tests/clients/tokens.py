"""Tokens that a site issues to a client of ours, after a user has signed in at a browser."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.clients.sites import Site
from tests.clients.users import User
from tests.clients.wire import Answer, ask

VERIFIER = "of-a-client-with-all-the-entropy-that-a-test-run-needs"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().strip("=")


def post(site: Site, path: str, body: str, content_type: str, *headers: str) -> Answer:
    content = f"Content-Type: {content_type}"
    return ask(site.deployment, path, content, *headers, method="POST", body=body)


def register(site: Site, callback: str) -> dict[str, Any]:
    metadata = {"redirect_uris": [callback], "token_endpoint_auth_method": "none"}
    answer = post(site, "/oauth/mcp/register", json.dumps(metadata), "application/json")
    return json.loads(answer.body)


def sign_in(
    site: Site, user: User, client: dict[str, Any], resource: str, scope: str
) -> dict[str, Any]:
    """Let the user consent to a resource, and return what the site issues."""
    [callback] = client["redirect_uris"]
    asked = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": callback,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "scope": scope,
        "resource": resource,
    }
    arrived = user.answer(f"{site.origin}/oauth/mcp/authorize?{urlencode(asked)}").callback
    form = {
        "grant_type": "authorization_code",
        "client_id": client["client_id"],
        "code": parse_qs(urlsplit(arrived).query)["code"][0],
        "redirect_uri": callback,
        "code_verifier": VERIFIER,
        "resource": resource,
    }
    answer = post(site, "/oauth/mcp/token", urlencode(form), "application/x-www-form-urlencoded")
    return json.loads(answer.body)
