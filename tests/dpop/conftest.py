"""A pinned site, requests with tokens and proofs, and a cache that fails."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from tests import ORIGIN
from tests.dpop.endpoints import prefix
from tests.dpop.proofs import make_proof

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.fixture(autouse=True)
def _site(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.ALLOWED_HOSTS = ["app.example.com"]


@pytest.fixture
def broken_cache(settings):
    """A cache whose server does not answer."""
    settings.CACHES = {"default": {"BACKEND": "tests.dpop.broken.Cache"}}


@pytest.fixture
def send(settings):
    """Return a function that sends a token with its scheme, and a proof, to one of the endpoints.

    The proof is for the URL of the request, unless it is given: then it may be None.
    """
    settings.ROOT_URLCONF = "tests.dpop.endpoints"

    def send(credentials=None, proof=..., *, dpop="accept", way="function", **headers):
        path = f"{prefix(dpop, way)}/mcp"
        method = headers.pop("method", "post")
        if credentials is not None:
            headers["authorization"] = credentials
        if proof is ...:
            token = (credentials or "").rpartition(" ")[2]
            proof = make_proof(token, htu=ORIGIN + path)
        if proof is not None:
            headers["dpop"] = proof
        headers = {"host": "app.example.com", "accept": "application/json", **headers}
        return getattr(Client(raise_request_exception=False), method)(
            path,
            data=json.dumps(PING),
            content_type="application/json",
            secure=True,
            headers=headers,
        )

    return send
