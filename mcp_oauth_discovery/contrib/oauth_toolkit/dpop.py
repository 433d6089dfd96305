"""DPoP at the token endpoint (RFC 9449 §5): a token works only with the key of its client.

Experimental. The endpoint binds tokens only if `MCP_AUTHORIZATION_SERVER_METADATA` has
`dpop_signing_alg_values_supported`, and accepts only proofs with these algorithms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse
from oauth2_provider.models import get_application_model
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from mcp_oauth_discovery.conf import conf
from mcp_oauth_discovery.contrib.oauth_toolkit.resources import requires_proof
from mcp_oauth_discovery.discovery import documents
from mcp_oauth_discovery.identity import Site, pinned_issuer
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.protection.dpop import InvalidProof, NonceRequired, Proof, verify_proof
from mcp_oauth_discovery.standards.token_parts import read_parts

ALGORITHMS = "dpop_signing_alg_values_supported"

# The thumbprint of a verified proof. django-oauth-toolkit copies `request.META` into the request of
# oauthlib. A client cannot set it, because the name of each header begins with HTTP_ there.
_THUMBPRINT = "mcp_oauth_discovery.dpop_thumbprint"

# The end of a refresh token that is bound to a key. The toolkit finds a token by the checksum of
# all its characters, so a client cannot change the thumbprint or leave it out. No token of oauthlib
# has a tilde.
_MARK = "~dpop~"
_BOUND = re.compile(rf".+{_MARK}([A-Za-z0-9_-]{{43}})", re.DOTALL)

# RFC 9449 §5.2.
CLIENT_MEMBER = "dpop_bound_access_tokens"
# The end of the ID of such a client. django-oauth-toolkit has no column for the member, and the
# server chooses the ID.
_CLIENT_MARK = "~dpop"


class ProofRequired(CustomOAuth2Error):  # type: ignore[misc]
    """A token request without a DPoP proof, of a client or for a resource that requires one."""

    # As in `InvalidTarget`.
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}

    def __init__(self, description: str, request: Request) -> None:
        super().__init__(InvalidProof.error, description=description, request=request)


def is_announced() -> bool:
    """Return whether the metadata announces DPoP. The checks report an invalid value."""
    members: object = conf.MCP_AUTHORIZATION_SERVER_METADATA
    return isinstance(members, Mapping) and bool(members.get(ALGORITHMS))


def read_proof(request: HttpRequest) -> Proof | None:
    """Return the verified proof of a token request, or None if there is none.

    Without the announcement it is also None, because an unknown header is ignored. For a proof,
    `thumbprint` returns its thumbprint from now on. Raises what `verify_proof` and `pinned_issuer`
    raise.
    """
    value = request.headers.get("DPoP")
    if value is None or not is_announced():
        return None
    # The URL must not come from the Host header: it is what the proof is compared with.
    pinned_issuer()
    document = documents.issuer_document(Site(request), policy.signing_algorithms)
    proof = verify_proof(
        value, method="POST", url=document["token_endpoint"], algorithms=document[ALGORITHMS]
    )
    request.META[_THUMBPRINT] = proof.thumbprint
    return proof


def thumbprint(request: Request) -> str | None:
    """Return the thumbprint of the key whose proof came with a token request, or None."""
    value: str | None = request.headers.get(_THUMBPRINT)
    return value


def refusal(error: InvalidProof) -> JsonResponse:
    """Return the 400 for a proof that is refused (RFC 9449 §5 and §8)."""
    body = {"error": error.error, "error_description": str(error)}
    response = JsonResponse(body, status=HTTPStatus.BAD_REQUEST)
    if isinstance(error, NonceRequired):
        response.headers["DPoP-Nonce"] = error.nonce
    return response


def check_client(client: Any, request: Request) -> None:
    """Raise `ProofRequired` if a client that always sends proofs sent none (RFC 9449 §5.2).

    Its ID says so after its registration. A model of the project may have a field for it as well.
    """
    is_bound = is_bound_client(client.client_id) or getattr(client, CLIENT_MEMBER, False)
    if is_bound and is_announced() and thumbprint(request) is None:
        raise ProofRequired("This client must send a DPoP proof.", request)


def is_bound_client(client_id: str) -> bool:
    """Return whether a client has registered as one that always sends proofs."""
    return client_id.endswith(_CLIENT_MARK)


def wants_to_be_bound(metadata: Mapping[str, object]) -> bool:
    """Return whether the metadata of a client say that it always sends proofs.

    Without the announcement, the member is unknown and ignored. Raises `ValueError` for a value
    that is not a boolean.
    """
    value = metadata.get(CLIENT_MEMBER) if is_announced() else None
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{CLIENT_MEMBER}: expected true or false")
    return bool(value)


def bind_client(registration: dict[str, Any]) -> None:
    """Mark the ID of a new client, in its row and in the answer that it gets."""
    given = registration["client_id"]
    client_id = f"{given}{_CLIENT_MARK}"
    get_application_model().objects.filter(client_id=given).update(client_id=client_id)
    registration["client_id"] = client_id
    url = registration["registration_client_uri"].removesuffix(given)
    registration["registration_client_uri"] = f"{url}{client_id}"


def confirmation(resource: str, request: Request) -> dict[str, str] | None:
    """Return the `cnf` of an access token, or None for a bearer token; raises `ProofRequired`."""
    key = thumbprint(request)
    if key is not None:
        return {"jkt": key}
    if is_announced() and requires_proof(resource):
        raise ProofRequired("This resource needs a token with a DPoP proof.", request)
    return None


def is_bound_token(access_token: str) -> bool:
    """Return whether an access token is bound to a key; nothing is verified yet."""
    claims = read_parts(access_token).claims
    return claims is not None and "cnf" in claims


def bind_refresh_token(token: dict[str, Any], request: Request) -> None:
    """Append the thumbprint of a proof to a new refresh token of a public client.

    RFC 9449 §5 requires this binding. A client with a secret needs that secret for each refresh.
    """
    key, refresh_token = thumbprint(request), token.get("refresh_token")
    # Without rotation, the client keeps the refresh token that it has.
    is_new = refresh_token and refresh_token != request.refresh_token
    if key is not None and is_new and request.client.client_type == request.client.CLIENT_PUBLIC:
        token["refresh_token"] = f"{refresh_token}{_MARK}{key}"


def is_usable(refresh_token: str, request: Request) -> bool:
    """Return whether a refresh token is not bound, or comes with a proof of its key.

    Without the announcement a bound token is not usable: nothing verifies proofs then, and its
    client has to sign in again.
    """
    bound = _BOUND.fullmatch(refresh_token)
    return bound is None or bound[1] == thumbprint(request)
