"""A client and a user, run inside a project: registration, sign-in, consent, code and token.

Everything goes by the URLs of the authorization server metadata. The argument is JSON: the `button`
of the consent page, and by name the parameters of `requests` for authorization and a token. Prints
by name the answers of the token endpoint, or where a walk has ended before.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import django

CALLBACK = "http://127.0.0.1:4711/callback"
VERIFIER = "v" * 43


class Fields(HTMLParser):
    """What a browser sends of a form, but for its button."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        sent = said.get("type") == "hidden" or "checked" in said
        if tag == "input" and sent and said.get("name"):
            self.values.setdefault(str(said["name"]), []).append(said.get("value") or "")


def walks(button: dict[str, str], requests: dict[str, dict[str, str]]) -> dict[str, Any]:
    from django.contrib.auth import get_user_model
    from django.test import Client

    # As behind a proxy that ends TLS. A project believes it if its page says so.
    browser = Client(headers={"host": "app.example.com", "x-forwarded-proto": "https"})
    user, _ = get_user_model().objects.get_or_create(username="ada")
    browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    metadata = browser.get("/.well-known/oauth-authorization-server").json()
    at = {name: urlsplit(url).path for name, url in metadata.items() if name.endswith("endpoint")}
    registration = {
        "client_name": "Test",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    }
    client = browser.post(at["registration_endpoint"], registration, "application/json").json()
    own = {"client_id": client["client_id"], "redirect_uri": CALLBACK}
    return {
        name: walk(browser, at, button, {**own, **request}) for name, request in requests.items()
    }


def walk(browser: Any, at: dict[str, str], button: dict[str, str], asked: dict[str, str]) -> Any:
    digest = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
    request = {"code_challenge": digest.decode(), "code_challenge_method": "S256", **asked}
    query = urlencode({"response_type": "code", **request})
    page = browser.get(f"{at['authorization_endpoint']}?{query}")
    fields = Fields(page.content.decode()).values
    if page.status_code != 200 or not fields:
        return {"status": page.status_code, "location": page.headers.get("location")}
    # A form without an action sends the query of its page too.
    answer = browser.post(f"{at['authorization_endpoint']}?{query}", {**fields, **button})
    code = parse_qs(urlsplit(answer["location"]).query)["code"][0]
    grant = {**asked, "code": code, "code_verifier": VERIFIER}
    body = {"grant_type": "authorization_code", **grant}
    return browser.post(at["token_endpoint"], body).json()


if __name__ == "__main__":
    django.setup()
    print(json.dumps(walks(**json.loads(sys.argv[1]))))  # noqa: T201
