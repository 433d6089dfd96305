"""The metadata and the JWK Set as plain dicts, built from arguments alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcp_oauth_discovery.standards.identifiers import without_final_slash

Document = dict[str, Any]


class MissingAlgorithms(ValueError):
    """Clients may authenticate by JWT, but no algorithm is listed (RFC 8414 §2)."""

    def __init__(self, problem: str, member: str) -> None:
        super().__init__(problem)
        self.member = member


# RFC 8414 §2: the default of grant_types_supported.
_IMPLIED_GRANTS = ("authorization_code", "implicit")

_JWT_METHODS = {"private_key_jwt", "client_secret_jwt"}


def has_value(value: object) -> bool:
    """Return whether a member has a value; empty ones count as none (RFC 9728 §3.2)."""
    return value not in (None, "", [], (), {})


def _present(members: Mapping[str, Any]) -> Document:
    """Leave out members without a value (RFC 9728 §3.2, RFC 8414 §3.2)."""
    return {name: value for name, value in members.items() if has_value(value)}


def default_resource(issuer: str) -> str:
    """Return the identifier of the MCP server at `/mcp` below the issuer."""
    return f"{without_final_slash(issuer)}/mcp"


def default_authorization_server_members(
    issuer: str, *, jwks_uri: str | None, signing_algorithms: Sequence[str]
) -> Document:
    """Return the AS metadata of a project that sets no members."""
    base = without_final_slash(issuer)
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{base}/oauth/mcp/authorize",
        "token_endpoint": f"{base}/oauth/mcp/token",
        "registration_endpoint": f"{base}/oauth/mcp/register",
        "jwks_uri": jwks_uri,
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [
            "none",
            "client_secret_basic",
            "client_secret_post",
        ],
        "id_token_signing_alg_values_supported": list(signing_algorithms),
        "resource_parameter_supported": True,
    }


def protected_resource_metadata(
    resource: str, authorization_servers: Sequence[str], members: Mapping[str, Any]
) -> Document:
    """Return the RFC 9728 document of one resource.

    `members` add members, or replace all but the identifier.
    """
    return _present(
        {
            "resource": resource,
            "authorization_servers": list(authorization_servers),
            "bearer_methods_supported": ["header"],
            **members,
        }
    )


def authorization_server_metadata(
    defaults: Mapping[str, Any], members: Mapping[str, Any]
) -> Document:
    """Return the RFC 8414 document: `defaults`, changed by `members`.

    Raises `ValueError` if a member is missing that another one requires.
    """
    document = _present({**defaults, **members})
    for name, reason in _required(document):
        if name not in document:
            problem = f"{name} cannot be left out while {reason} needs it"
            is_bare = name.endswith("_auth_signing_alg_values_supported")
            raise MissingAlgorithms(problem, name) if is_bare else ValueError(problem)
    return document


def _required(document: Document) -> Iterable[tuple[str, str]]:
    """Yield the members that RFC 8414 §2 requires, each with the member that requires it."""
    grants = set(document.get("grant_types_supported", _IMPLIED_GRANTS))
    if grants & set(_IMPLIED_GRANTS):
        yield "authorization_endpoint", "grant_types_supported"
        yield "response_types_supported", "grant_types_supported"
    if grants != {"implicit"}:
        yield "token_endpoint", "grant_types_supported"
    for endpoint in ("token_endpoint", "revocation_endpoint", "introspection_endpoint"):
        methods = f"{endpoint}_auth_methods_supported"
        if _JWT_METHODS & set(document.get(methods, ())):
            yield f"{endpoint}_auth_signing_alg_values_supported", methods


def jwk_set(keys: Iterable[Mapping[str, str]]) -> Document:
    """Return the JWK Set (RFC 7517 §5), whose `keys` may be empty."""
    return {"keys": [dict(key) for key in keys]}
