"""Views of Django REST framework, and their schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.authentication import TokenAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from typing_extensions import assert_type

from mcp_oauth_discovery.contrib.rest_framework import (
    BearerAuthentication,
    BearerChallengeMixin,
    BearerViewMixin,
    HasScope,
    exception_handler,
)
from mcp_oauth_discovery.contrib.spectacular import BearerScheme
from mcp_oauth_discovery.protection import BearerProtection, find_user

# Before an extension of the site for the same classes.
BearerScheme.priority = -1


class OwnAuthentication(BearerAuthentication):
    protection = BearerProtection("/mcp", scope="mcp", user=find_user)


class KeyAuthentication(BearerChallengeMixin, TokenAuthentication):
    protection = BearerProtection("/mcp")


class ToolView(BearerViewMixin, APIView):
    authentication_classes = [OwnAuthentication, KeyAuthentication]
    permission_classes = [HasScope]
    required_scope = ["mcp", "files:write"]

    def post(self, request: Request) -> Response:
        return Response({"scope": OwnAuthentication().needed_scope(request)})


def handle(error: Exception, context: dict[str, Any]) -> Any:
    return exception_handler(error, context)


def identity(request: Request) -> tuple[Any, Mapping[str, Any]] | None:
    header = OwnAuthentication().authenticate_header(request)
    assert_type(header, str)
    return OwnAuthentication().authenticate(request)
