"""The official TypeScript SDKs, client 2.x and sdk 1.x, by their own discovery functions."""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.clients.deployments import Deployment
from tests.clients.environments import node_with_sdks
from tests.clients.programs import PATIENCE

pytestmark = pytest.mark.clients

MODULES = {
    "client-2": "@modelcontextprotocol/client",
    "sdk-1": "@modelcontextprotocol/sdk/client/auth.js",
}


@pytest.fixture(params=MODULES.values(), ids=MODULES)
def module(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def node() -> tuple[str, Path]:
    return node_with_sdks()


@pytest.fixture
def found(node: tuple[str, Path], module: str, deployment: Deployment) -> dict[str, Any]:
    return discover(*node, module, deployment.resource)


@functools.cache
def discover(node: str, script: Path, module: str, resource: str) -> dict[str, Any]:
    done = subprocess.run(
        [node, str(script), module, resource],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_sdk_finds_the_resource(found: dict[str, Any], deployment: Deployment):
    assert found["resource"] == deployment.resource


def test_sdk_selects_the_resource(found: dict[str, Any], deployment: Deployment):
    # selectResourceURL returns a URL object, which cannot be without a path.
    slash = "" if urlsplit(deployment.resource).path else "/"
    assert found["resource_parameter"] == deployment.resource + slash


def test_sdk_finds_the_authorization_server(found: dict[str, Any], deployment: Deployment):
    issuers = (found["authorization_server"], found["metadata"]["issuer"])
    assert issuers == (deployment.issuer, deployment.issuer)


def test_sdk_finds_the_endpoints(found: dict[str, Any], deployment: Deployment):
    endpoints = {name: found["metadata"][name] for name in deployment.endpoints}
    assert endpoints == deployment.endpoints


def test_sdk_finds_each_document_at_the_first_try(found: dict[str, Any], deployment: Deployment):
    assert found["requests"] == [
        ["GET", deployment.protected_resource_url, 200],
        ["GET", deployment.authorization_server_url, 200],
    ]
