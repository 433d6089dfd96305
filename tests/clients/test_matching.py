"""The rules by which the doctor says who refuses a `resource`, against the clients themselves."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.walk.acceptance import RESOURCE_RULES
from mcp_oauth_discovery.doctor.walk.well_known import Role
from tests.clients.environments import TYPESCRIPT, node_with, python_with
from tests.clients.programs import PATIENCE
from tests.doctor.test_acceptance import RESOURCES

pytestmark = pytest.mark.clients

SCRIPT = Path(__file__).with_name("match.py")
PAIRS = [[endpoint, resource] for endpoint, resource, _ in RESOURCES]


def accepted(client: Client) -> list[bool]:
    return [RESOURCE_RULES[client](*pair, Role.PATH) for pair in PAIRS]


def ask(*command: str) -> list[bool]:
    done = subprocess.run(
        command,
        input=json.dumps(PAIRS),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_python_sdk_accepts_what_the_doctor_says():
    interpreter = python_with("mcp-2", "mcp>=2,<3")
    assert ask(str(interpreter), "-I", str(SCRIPT)) == accepted(Client.PYTHON)


@pytest.mark.parametrize(
    "module", ["@modelcontextprotocol/client", "@modelcontextprotocol/sdk/shared/auth-utils.js"]
)
def test_typescript_sdk_accepts_what_the_doctor_says(module):
    node, script = node_with(TYPESCRIPT, "match.mjs")
    assert ask(node, str(script), module) == accepted(Client.TYPESCRIPT)
