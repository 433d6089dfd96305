"""The official Python SDK, newest 2.x and newest 1.x, by its own discovery."""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.clients.deployments import Deployment
from tests.clients.environments import python_with
from tests.clients.programs import PATIENCE

pytestmark = pytest.mark.clients

SCRIPT = Path(__file__).with_name("discover.py")
REQUIREMENTS = {"mcp-2": "mcp>=2,<3", "mcp-1": "mcp>=1,<2"}


class SDK(NamedTuple):
    name: str
    interpreter: Path

    def spells(self, url: str) -> str:
        """Return a URL as this SDK hands it on.

        Up to 1.x, pydantic puts a slash after an origin without a path, in everything that the
        SDK reads and compares; 2.x keeps each identifier as it was published.
        """
        return f"{url}/" if self.name == "mcp-1" and not urlsplit(url).path else url


@pytest.fixture(scope="session", params=REQUIREMENTS)
def sdk(request: pytest.FixtureRequest) -> SDK:
    return SDK(request.param, python_with(request.param, REQUIREMENTS[request.param]))


@functools.cache
def discover(interpreter: Path, resource: str) -> dict[str, Any]:
    done = subprocess.run(
        [str(interpreter), "-I", str(SCRIPT), resource],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_sdk_is_of_the_wanted_major_version(sdk: SDK, usual_deployment: Deployment):
    found = discover(sdk.interpreter, usual_deployment.resource)
    assert found["client"].startswith(sdk.name.replace("-", " ") + ".")


def test_sdk_finds_the_resource(sdk: SDK, deployment: Deployment):
    found = discover(sdk.interpreter, deployment.resource)
    expected = sdk.spells(deployment.resource)
    assert (found["resource"], found["resource_parameter"]) == (expected, expected)


def test_sdk_finds_the_authorization_server(sdk: SDK, deployment: Deployment):
    found = discover(sdk.interpreter, deployment.resource)
    expected = sdk.spells(deployment.issuer)
    assert (found["authorization_server"], found["metadata"]["issuer"]) == (expected, expected)


def test_sdk_finds_the_endpoints(sdk: SDK, deployment: Deployment):
    found = discover(sdk.interpreter, deployment.resource)
    # The SDK validates no tokens and drops jwks_uri; what it was sent stands for it.
    sent = found["documents"][deployment.authorization_server_url]
    endpoints = {"jwks_uri": sent["jwks_uri"], **found["metadata"]}
    assert {name: endpoints[name] for name in deployment.endpoints} == deployment.endpoints


def test_sdk_finds_each_document_at_the_first_try(sdk: SDK, deployment: Deployment):
    found = discover(sdk.interpreter, deployment.resource)
    # Where the example has an endpoint, its own challenge is what leads on.
    challenged = [["POST", deployment.resource, 401]]
    assert found["requests"] == [
        *(challenged if deployment.resource == f"{deployment.origin}/mcp" else []),
        ["GET", deployment.protected_resource_url, 200],
        ["GET", deployment.authorization_server_url, 200],
        # Discovery is over: it goes on to register where it was told to.
        ["POST", deployment.endpoints["registration_endpoint"], 201],
    ]
