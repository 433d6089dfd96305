"""Endpoints of the site that issue tokens and describe them."""

from __future__ import annotations

import time
from typing import Any

from django.http import HttpRequest, JsonResponse
from typing_extensions import assert_type

from mcp_oauth_discovery.signing import (
    InvalidToken,
    NoSigningKey,
    NotMine,
    Unavailable,
    sign_jwt,
    verify_jwt,
)


def token(request: HttpRequest) -> JsonResponse:
    claims = {"sub": "7", "aud": "https://app.example.com/mcp", "exp": int(time.time()) + 600}
    try:
        signed = assert_type(sign_jwt(claims, algorithm="EdDSA"), str)
    except NoSigningKey as error:
        return JsonResponse({"error": str(error)}, status=503)
    return JsonResponse({"access_token": signed, "token_type": "Bearer"})


def introspect(request: HttpRequest) -> JsonResponse:
    try:
        claims = verify_jwt(request.POST["token"], audience="https://app.example.com/mcp")
    except NotMine:
        return JsonResponse({"active": False})
    except InvalidToken as error:
        return JsonResponse({"active": False, "reason": reason_of(error)})
    except Unavailable as error:
        return JsonResponse({}, status=503, headers={"Retry-After": str(delay_of(error))})
    return JsonResponse({"active": True, **assert_type(claims, dict[str, Any])})


def reason_of(error: InvalidToken) -> str:
    assert_type(error.expected, dict[str, object])
    assert_type(error.received, dict[str, object])
    return assert_type(error.reason, str)


def delay_of(error: Unavailable) -> int:
    return assert_type(error.retry_after, int)
