"""Run in an environment that has the Python SDK: which `resource` it accepts for an endpoint."""

from __future__ import annotations

import json
import sys

from mcp.shared.auth import ProtectedResourceMetadata
from mcp.shared.auth_utils import check_resource_allowed, resource_url_from_server_url


def accepts(endpoint, resource):
    metadata = ProtectedResourceMetadata(
        resource=resource, authorization_servers=["https://login.example.com"]
    )
    wanted = resource_url_from_server_url(endpoint)
    return check_resource_allowed(wanted, str(metadata.resource))


if __name__ == "__main__":
    json.dump([accepts(*pair) for pair in json.load(sys.stdin)], sys.stdout)
