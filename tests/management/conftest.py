"""A project with protected views, its tokens, and the command that explains them."""

from __future__ import annotations

import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.signing import sign_jwt
from tests import ORIGIN
from tests.keys import HOUR

PATHS = [
    "mcp",
    "plain",
    "tools",
    "own",
    "list",
    "none",
    "slow",
    "broken",
    "strict",
    "bound",
    "proofs",
    "strict-proofs",
    "users",
]


@pytest.fixture
def project(settings):
    settings.ROOT_URLCONF = "tests.management.token_urls"
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_RESOURCES = {
        **{f"/{path}": {} for path in PATHS},
        "/bare": {},
        "/off": {"enabled": False},
    }
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    return settings


@pytest.fixture
def key(project):
    return rotation.rotate("EdDSA")


@pytest.fixture
def token(key):
    """Return a function that signs a token for a resource, with claims; `...` leaves one out."""

    def token(path="/mcp", *, header_type="at+jwt", **claims):
        expiry = int((timezone.now() + HOUR).timestamp())
        merged = {"sub": "7", "aud": f"{ORIGIN}{path}", "exp": expiry, "scope": "mcp", **claims}
        kept = {name: value for name, value in merged.items() if value is not ...}
        return sign_jwt(kept, typ=header_type)

    return token


@pytest.fixture
def command(monkeypatch):
    """Return a function that explains what is on standard input: the output, and the error."""

    def command(data, *arguments, **options):
        data = data.encode() if isinstance(data, str) else data
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        output, message = io.StringIO(), ""
        try:
            call_command("mcp_discovery", "token", *arguments, stdout=output, **options)
        except CommandError as error:
            message = str(error)
        return output.getvalue(), message

    return command


class Explained:
    """The JSON document about a token, and the error message."""

    def __init__(self, output, message):
        self.document, self.message = json.loads(output), message

    def rule(self, name):
        """Return the verdict of a rule about the token itself."""
        [verdict] = [one for one in self.document["rules"] if one["rule"] == name]
        return verdict

    def resource(self, path):
        [report] = [
            one for one in self.document["resources"] if one["resource"] == f"{ORIGIN}{path}"
        ]
        return report

    def view(self, path):
        [view] = self.resource(path)["views"]
        return view

    def of_view(self, path, rule):
        return [one for one in self.view(path)["rules"] if one["rule"] == rule]


@pytest.fixture
def explained(command):
    return lambda data, *arguments: Explained(*command(data, "--json", *arguments))
