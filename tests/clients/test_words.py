"""The words on docs/troubleshooting.md, from the code of the client that says them."""

from __future__ import annotations

import subprocess

import pytest

from tests.clients.environments import python_with
from tests.clients.programs import PATIENCE
from tests.markdown import read

pytestmark = pytest.mark.clients

SETUP = """
from mcp.client.auth import utils
from mcp.shared.auth import OAuthMetadata

metadata = OAuthMetadata(
    issuer="https://app.example.com",
    authorization_endpoint="https://app.example.com/authorize",
    token_endpoint="https://app.example.com/token",
    authorization_response_iss_parameter_supported=True,
)
"""
CALLS = {
    "Authorization server metadata issuer mismatch": (
        "utils.validate_metadata_issuer(metadata, 'https://app.example.com/')"
    ),
    "Authorization response iss mismatch": (
        "utils.validate_authorization_response_iss('http://app.example.com', metadata)"
    ),
    "Authorization response missing iss parameter": (
        "utils.validate_authorization_response_iss(None, metadata)"
    ),
}


@pytest.mark.parametrize("words", CALLS)
def test_python_sdk_says_what_the_page_says(words):
    assert f"`{words}`" in read("docs/troubleshooting.md")
    interpreter = python_with("mcp-2", "mcp>=2,<3")
    command = [str(interpreter), "-I", "-c", SETUP + CALLS[words]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert f"OAuthFlowError: {words}" in done.stderr
