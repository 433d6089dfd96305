"""A pinned site, and requests to an endpoint in each of its ways."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from mcp_oauth_discovery.standards.www_authenticate import parse
from tests import ORIGIN
from tests.protection import ways


@pytest.fixture(autouse=True)
def _site(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.ROOT_URLCONF = "tests.protection.ways"
    settings.ALLOWED_HOSTS = ["app.example.com"]


@pytest.fixture(params=ways.WAYS)
def way(request):
    return request.param


@pytest.fixture
def post():
    """Return a function that posts a body, which is a message or octets, with a token or none."""

    def post(body, token=None, *, way="sync", method="post", **headers):
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"host": "app.example.com", "accept": "application/json", **headers}
        send = getattr(Client(raise_request_exception=False), method)
        kind = headers.pop("content-type", "application/json")
        return send(ways.url(way), data=data, content_type=kind, secure=True, headers=headers)

    return post


def call(tool, **arguments):
    """Return the message that calls a tool."""
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def message(method, **params):
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def challenge(response):
    """Return the status and the parameters of the challenge of a refusal."""
    [bearer] = parse(response["WWW-Authenticate"])
    return response.status_code, dict(bearer.parameters)
