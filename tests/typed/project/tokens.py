"""Endpoints of the site that issue tokens and describe them."""

from __future__ import annotations

import time
from typing import Any

from django.http import HttpRequest, JsonResponse
from typing_extensions import assert_type

from mcp_oauth_discovery.protection import InvalidProof, NonceRequired, Proof, verify_proof
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


def bound_token(request: HttpRequest) -> JsonResponse:
    """Bind a token to the key of a client that sends a DPoP proof."""
    url = "https://app.example.com/token"
    try:
        proof = assert_type(
            verify_proof(request.headers.get("DPoP", ""), method="POST", url=url), Proof
        )
        proof.use()
    except NonceRequired as error:
        headers = {"DPoP-Nonce": assert_type(error.nonce, str)}
        return JsonResponse({"error": error.error}, status=400, headers=headers)
    except InvalidProof as error:
        return JsonResponse({"error": error.error}, status=400)
    claims = {"sub": "7", "aud": "https://app.example.com/mcp", "exp": int(time.time()) + 600}
    signed = sign_jwt(claims, cnf={"jkt": assert_type(proof.thumbprint, str)})
    return JsonResponse({"access_token": signed, "token_type": "DPoP"})


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
