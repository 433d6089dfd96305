"""How long documents may be cached, and that every process sends the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ASM, JWKS, ORIGIN, PRM
from tests.keys import (
    EC,
    ED,
    RSA,
)

# The JWK Set and the AS metadata tell of the keys in the database.
pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parent.parent
DOCUMENTS = pytest.mark.parametrize("url", [PRM, ASM, JWKS], ids=["resource", "server", "keys"])


@pytest.mark.parametrize(
    ("pinned", "url", "caching"),
    [
        pytest.param({}, PRM, "no-store", id="nothing"),
        pytest.param({}, ASM, "no-store", id="nothing-server"),
        pytest.param({}, JWKS, "public, max-age=300", id="nothing-keys"),
        pytest.param({"MCP_ISSUER": ORIGIN}, PRM, "public, max-age=300", id="issuer"),
        pytest.param({"MCP_ISSUER": ORIGIN}, ASM, "public, max-age=300", id="issuer-server"),
        pytest.param({"MCP_ISSUER": lambda r: ORIGIN}, PRM, "no-store", id="callable-issuer"),
        pytest.param({"MCP_ISSUER": lambda r: ORIGIN}, ASM, "no-store", id="callable-server"),
        pytest.param(
            {"MCP_ISSUER": ORIGIN, "MCP_RESOURCE": lambda r: ORIGIN},
            PRM,
            "no-store",
            id="callable-resource",
        ),
        pytest.param(
            {"MCP_ISSUER": ORIGIN, "MCP_RESOURCE": lambda r: ORIGIN},
            ASM,
            "public, max-age=300",
            id="callable-resource-server",
        ),
        pytest.param({"MCP_RESOURCE": ORIGIN}, PRM, "no-store", id="resource-only"),
        pytest.param(
            {"MCP_RESOURCE": ORIGIN, "MCP_AUTHORIZATION_SERVERS": [ORIGIN]},
            PRM,
            "public, max-age=300",
            id="resource-and-servers",
        ),
        pytest.param(
            {"MCP_RESOURCE": ORIGIN, "MCP_AUTHORIZATION_SERVERS": [ORIGIN]},
            ASM,
            "no-store",
            id="resource-and-servers-server",
        ),
        pytest.param(
            {
                "MCP_RESOURCES": {f"{ORIGIN}/mcp": {"authorization_servers": [ORIGIN]}},
                "MCP_RESOURCE_METADATA": {"jwks_uri": "/keys"},
            },
            PRM,
            "no-store",
            id="keys-by-path",
        ),
        pytest.param(
            {"MCP_RESOURCES": {f"{ORIGIN}/mcp": {"authorization_servers": [ORIGIN]}}},
            PRM,
            "public, max-age=300",
            id="resource-with-servers",
        ),
        pytest.param(
            {"MCP_RESOURCES": {"/mcp": {}}, "MCP_AUTHORIZATION_SERVERS": [ORIGIN]},
            PRM,
            "no-store",
            id="path-as-key",
        ),
        pytest.param(
            {
                "MCP_ISSUER": ORIGIN,
                "MCP_RESOURCES": {f"{ORIGIN}/mcp": {}, "https://b.example.com/mcp": {}},
            },
            f"{PRM}/mcp",
            "no-store",
            id="host-decides",
        ),
        pytest.param(
            {
                "MCP_ISSUER": ORIGIN,
                "MCP_RESOURCES": {f"{ORIGIN}/mcp": {}, "https://b.example.com/x": {}},
            },
            f"{PRM}/mcp",
            "public, max-age=300",
            id="path-decides",
        ),
    ],
)
def test_no_cache_keeps_what_came_from_the_request(settings, fetch, pinned, url, caching):
    for name, value in pinned.items():
        setattr(settings, name, value)
    response = fetch(url)
    assert (response.status_code, response["Cache-Control"]) == (200, caching)


@DOCUMENTS
def test_etag_changes_with_the_document_only(settings, fetch, url):
    settings.MCP_ISSUER = "https://a.test"
    before = fetch(url)["ETag"]
    assert fetch(url)["ETag"] == before
    settings.MCP_ISSUER = "https://b.test"
    assert (fetch(url)["ETag"] == before) is (url == JWKS)


def test_compressed_document_has_a_weak_etag(settings, fetch):
    settings.MCP_ISSUER = ORIGIN
    settings.MIDDLEWARE = ["django.middleware.gzip.GZipMiddleware"]
    plain, compressed = fetch(ASM), fetch(ASM, headers={"accept-encoding": "gzip"})
    assert compressed["Content-Encoding"] == "gzip"
    assert compressed["ETag"] == f"W/{plain['ETag']}"
    assert compressed["Vary"] == "Accept-Encoding"


PINNED = {
    "MCP_ISSUER": ORIGIN,
    "MCP_RESOURCES": {"/b": {"y": {"q": 1, "p": ["b", "a"]}}, "/a": {"scopes_supported": ["m"]}},
    "MCP_RESOURCE_METADATA": {"x": {"b": 1, "a": 2}, "resource_name": "ü"},
    "MCP_AUTHORIZATION_SERVER_METADATA": {"token_endpoint": "page", "z": 1, "y": 2},
    "MCP_SIGNING_ALGORITHMS": ["ES256", "EdDSA"],
    "MCP_SIGNED_METADATA": True,
}
PRINT_ALL = f"""
import sys
import django
django.setup()
from django.apps import apps
from django.db import connection
from django.test import Client, override_settings
from mcp_oauth_discovery import rotation
from tests.keys import NOW, VECTORS, as_file
with connection.schema_editor() as editor:
    for model in apps.get_app_config("mcp_oauth_discovery").get_models():
        editor.create_model(model)
with override_settings(**{PINNED}):
    for name in sys.argv[1:]:
        rotation.import_key(as_file(VECTORS[name]), now=NOW)
    for url in {[f"{PRM}/a", f"{PRM}/b", ASM, JWKS]}:
        response = Client().get(url)
        print(response["ETag"], response.content)
"""


def test_every_process_sends_the_same_bytes():
    outputs = []
    for seed, keys in (("1", [RSA, EC, ED]), ("2", [ED, EC, RSA])):
        env = {**os.environ, "PYTHONHASHSEED": seed, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        # In memory, to be thrown away, whatever database the other tests have.
        env["MCP_TEST_DATABASE_URL"] = ""
        command = [sys.executable, "-c", PRINT_ALL, *keys]
        outputs.append(subprocess.check_output(command, env=env, cwd=ROOT))
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"\n") == 4
    assert outputs[0].count(b'"kid"') == outputs[0].count(b'"signed_metadata"') == 3
