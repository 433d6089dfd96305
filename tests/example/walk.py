"""An MCP client, as far as Django's test client can be one: each step of the walk by itself."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from django.test import Client

ORIGIN = "http://127.0.0.1:8000"
MCP = f"{ORIGIN}/mcp"
REPORTS = f"{ORIGIN}/reports/mcp"
ELSEWHERE = "https://evil.example/mcp"
CALLBACK = "http://127.0.0.1:41234/callback"
FORM = "application/x-www-form-urlencoded"
PASSWORD = "of a user who lives for one test"
VERIFIER = "of-a-client-that-has-all-the-entropy-that-a-test-needs"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().strip("=")


class Fields(HTMLParser):
    """The hidden fields of a page."""

    def __init__(self, page):
        super().__init__()
        self.values = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "input" and found.get("type") == "hidden":
            self.values[found["name"]] = found.get("value", "")


class Walk:
    """One client, registered when it is first needed, and the browser of its user."""

    def __init__(self, browser):
        self.browser = browser
        self.http = Client(headers={"host": urlsplit(ORIGIN).netloc})
        self.registration = None

    def metadata(self):
        return self.http.get("/.well-known/oauth-authorization-server").json()

    def register(self, authentication="none", **members):
        metadata = {
            "client_name": "Walker",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": authentication,
            **members,
        }
        return self.http.post("/oauth/mcp/register", json.dumps(metadata), "application/json")

    @property
    def client_id(self):
        if self.registration is None:
            self.registration = self.register().json()
        return self.registration["client_id"]

    def ask(self, **parameters):
        """Open the authorization page; a parameter that is None is left out."""
        query = {
            "response_type": "code",
            "client_id": parameters.pop("client_id", None) or self.client_id,
            "redirect_uri": CALLBACK,
            "state": "of this walk",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "resource": MCP,
            "scope": "mcp",
            **parameters,
        }
        sent = {name: value for name, value in query.items() if value is not None}
        return self.browser.get("/oauth/mcp/authorize", sent)

    def answer(self, page, **button):
        """Press a button of the page; return what the client is told at its redirect URI."""
        fields = Fields(page.content.decode()).values
        return told(self.browser.post("/oauth/mcp/authorize", {**fields, **button}))

    def code(self, **parameters):
        return self.answer(self.ask(**parameters), allow="true")["code"]

    def token(self, **parameters):
        """Ask the token endpoint; a parameter that is None is left out."""
        form = {"client_id": self.client_id, **parameters}
        sent = {name: value for name, value in form.items() if value is not None}
        return self.send_form("/oauth/mcp/token", sent)

    def revoke(self, token):
        return self.send_form("/oauth/mcp/revoke", {"client_id": self.client_id, "token": token})

    def send_form(self, path, form, **options):
        """Send a form as clients do: what Django's test client sends by itself is no such form."""
        return self.http.post(path, urlencode(form, doseq=True), FORM, **options)

    def exchange(self, code, **parameters):
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            "resource": MCP,
        }
        return self.token(**{**form, **parameters})

    def refresh(self, refresh_token, **parameters):
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.token(**form, **parameters)

    def sign_in(self, resource=MCP, scope="mcp"):
        code = self.code(resource=resource, scope=scope)
        return self.exchange(code, resource=resource).json()

    def call(self, token, tool="whoami", path="/mcp", **arguments):
        params = {"name": tool, "arguments": arguments}
        return self.send(token, "tools/call", path, params=params)

    def send(self, token, method="ping", path="/mcp", **members):
        message = {"jsonrpc": "2.0", "id": 1, "method": method, **members}
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self.http.post(path, json.dumps(message), "application/json", headers=headers)


def told(response):
    """Return the parameters with which a response sends the browser back to the client."""
    assert response.status_code == 302, response.content.decode()
    assert response["location"].startswith(f"{CALLBACK}?")
    return {name: value for name, [value] in parse_qs(urlsplit(response["location"]).query).items()}


def stopped(response):
    """Return what the client would be told if the user chose to: no redirect, but a page."""
    page = response.content.decode()
    assert response.status_code == 400, page
    assert "location" not in response.headers
    [url] = re.findall(r'<a href="([^"]*)"', page)
    assert url.startswith(f"{CALLBACK}?")
    found = parse_qs(urlsplit(html.unescape(url)).query)
    return {name: value for name, [value] in found.items()}


def refusal(response):
    """Return the status and the error of the token endpoint, which does not always say JSON."""
    return response.status_code, json.loads(response.content)["error"]


def challenge(response):
    """Return the parameters of the one challenge of a response."""
    scheme, _, rest = response["www-authenticate"].partition(" ")
    assert scheme == "Bearer"
    return dict(re.findall(r'(\w+)="([^"]*)"', rest))


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def result(response):
    """Return the structured result of a tool."""
    assert response.status_code == 200, response.content.decode()
    return response.json()["result"]["structuredContent"]
