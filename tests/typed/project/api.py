"""An API of django-ninja."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import NinjaAPI

from mcp_oauth_discovery.contrib.ninja import BearerAuth, bearer_urls
from mcp_oauth_discovery.protection import BearerProtection

api = NinjaAPI(auth=BearerAuth(BearerProtection("/mcp", scope="mcp")))


@api.post("/tool")
def tool(request: HttpRequest) -> dict[str, str]:
    return {"path": request.path}


urls = bearer_urls(api)
