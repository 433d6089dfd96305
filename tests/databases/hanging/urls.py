"""The documents, and a view that needs a token but not the database."""

from __future__ import annotations

import os

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from mcp_oauth_discovery.protection import bearer_required


# With the transaction of ATOMIC_REQUESTS, Django itself would wait for the database.
@transaction.non_atomic_requests
@bearer_required("/mcp")
def mcp(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"process": os.getpid()})


urlpatterns = [path("", include("mcp_oauth_discovery.urls")), path("mcp", mcp)]
