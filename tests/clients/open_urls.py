"""The URLs of the example, and an MCP server with the open operations of `docs/challenges.md`."""

from __future__ import annotations

from django.urls import path
from django.views.decorators.http import require_http_methods

from example_project.servers import people
from example_project.urls import urlpatterns as of_the_example
from mcp_oauth_discovery.contrib.oauth_toolkit import verify_token
from mcp_oauth_discovery.protection import BearerProtection, find_user, protect
from tests.steps import python, run

OPEN = run(python("Open operations")[0]).OPEN

protection = BearerProtection("/open/mcp", "mcp", verify_token, find_user, public=OPEN)
view = require_http_methods(["OPTIONS", "POST"])(protect(people, protection))

urlpatterns = [*of_the_example, path("open/mcp", view)]
