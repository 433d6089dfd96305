"""`RemoteIssuer`, for the JWTs of another authorization server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from django.http import HttpRequest
from joserfc.jws import CompactSignature

from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.signing import InvalidToken, NotMine, Unavailable
from mcp_oauth_discovery.signing.rules import (
    check_audience,
    check_header,
    check_type,
    claimed_issuer,
    extract,
)
from mcp_oauth_discovery.standards.identifiers import check_issuer
from mcp_oauth_discovery.standards.marking import gettext_noop as _
from mcp_oauth_discovery.verifiers.arguments import (
    check_algorithms,
    check_audiences,
    check_timeout,
    check_url,
)
from mcp_oauth_discovery.verifiers.cached_keys import CachedKeys
from mcp_oauth_discovery.verifiers.claims import (
    audiences_for,
    check_times,
    check_use,
    with_scope,
)
from mcp_oauth_discovery.verifiers.extra import make_client
from mcp_oauth_discovery.verifiers.issuer_documents import IssuerDocuments
from mcp_oauth_discovery.verifiers.key_sets import ANY_ALGORITHM, REGISTRIES, KeySet


class RemoteIssuer:
    """Verify the JWTs of another issuer, with the keys that its metadata names.

    `issuer` is exactly the `issuer` of its metadata, which is also the `iss` of its tokens.
    `audience` is what `aud` must be or contain: a string, or a list with at least one match. By
    default it is the identifier of the resource. `algorithms` limits the signature algorithms; by
    default these are the asymmetric ones that the keys of the issuer have. `timeout` is in seconds,
    for all requests of one reading of the keys. Creating an instance sends no request. Raises
    `ValueError` or `TypeError` for wrong arguments, and `ImportError` without the extra
    `verifiers`.
    """

    def __init__(
        self,
        issuer: str,
        *,
        audience: str | Iterable[str] | None = None,
        algorithms: Iterable[str] | None = None,
        timeout: float = 5,
    ) -> None:
        owner = type(self).__name__
        self.issuer = check_url(owner, "issuer", issuer, check_issuer)
        self.audience = check_audiences(owner, audience)
        self.algorithms = check_algorithms(owner, algorithms, REGISTRIES)
        self.timeout = check_timeout(owner, timeout)
        documents = IssuerDocuments(self.issuer, make_client(owner), self.timeout)
        self._keys = CachedKeys(self.issuer, documents.read, self.timeout)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.issuer!r})"

    @sensitive
    def __call__(self, request: HttpRequest, token: str, resource: str) -> dict[str, Any]:
        """Return the claims of a token; raises `NotMine`, `InvalidToken` and `Unavailable`.

        If the token has `scp` and no `scope`, the claims have both.
        """
        signed = self._recognise(token)
        header = signed.headers()
        check_header(header)
        check_type(header, "at+jwt", "JWT", is_required=False)
        claims = self._verify(signed)
        check_use(claims)
        check_audience(claims, *audiences_for(resource, self.audience))
        check_times(claims)
        return with_scope(claims)

    @sensitive
    def _recognise(self, token: str) -> CompactSignature:
        """Return the parts of a JWT that says that it is from this issuer."""
        try:
            signed = extract(token, ANY_ALGORITHM)
            issuer = claimed_issuer(signed)
        except InvalidToken as error:
            raise NotMine from error
        if issuer != self.issuer:
            raise NotMine(expected={"iss": self.issuer}, received={"iss": issuer})
        return signed

    @sensitive
    def _verify(self, signed: CompactSignature) -> dict[str, Any]:
        header = signed.headers()
        # A list or an object of JSON cannot be looked up.
        if not isinstance(header["alg"], str) or header["alg"] not in self.algorithms:
            self._refuse_algorithm(header, self.algorithms)
        copy = self._keys.current()
        try:
            return self._verify_with(copy.keys, signed)
        except InvalidToken:
            if copy.keys.has(header.get("kid")):
                raise
            # The issuer may have a new key.
            newer = self._keys.newer_than(copy)
            if newer is copy:
                raise
        return self._verify_with(newer.keys, signed)

    @sensitive
    def _verify_with(self, keys: KeySet, signed: CompactSignature) -> dict[str, Any]:
        header = signed.headers()
        if keys.is_empty:
            # A new token would not be valid either, so the client must not ask the user for one.
            raise Unavailable(f"The issuer {self.issuer} publishes no key that verifies tokens")
        if header["alg"] not in keys.algorithms:
            self._refuse_algorithm(header, self.algorithms & keys.algorithms)
        return keys.verified_claims(signed)

    def _refuse_algorithm(self, header: Mapping[str, Any], allowed: Iterable[str]) -> NoReturn:
        raise InvalidToken(
            _("The token is signed with an algorithm that is not allowed"),
            reason="algorithm_not_allowed",
            expected={"alg": " or ".join(sorted(allowed))},
            received={"alg": header["alg"]},
        )
