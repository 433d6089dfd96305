"""`BearerProtection`: admits requests that carry a valid token, and answers all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from mcp_oauth_discovery.challenge import insufficient_scope, unauthorized
from mcp_oauth_discovery.challenge.answers import (
    add_challenge,
    fault_response,
    invalid_request,
    is_unfinished,
    unavailable,
)
from mcp_oauth_discovery.challenge.headers import FAULTS, Scope
from mcp_oauth_discovery.discovery.cookies import without_csrf_cookie
from mcp_oauth_discovery.identity.lookup import Lookup
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.protection import events
from mcp_oauth_discovery.protection.bodies import RefusedBody
from mcp_oauth_discovery.protection.caching import keep_private
from mcp_oauth_discovery.protection.dpop import InvalidProof, possession
from mcp_oauth_discovery.protection.origins import refused_origin
from mcp_oauth_discovery.protection.preflight import answer_to_options
from mcp_oauth_discovery.protection.refusal import Refusal, refused_body
from mcp_oauth_discovery.protection.request_data import Unreadable, refuse_second_token, unreadable
from mcp_oauth_discovery.protection.requirements import Public, Requirements
from mcp_oauth_discovery.protection.scopes import InsufficientScope, ScopeOf, check_granted
from mcp_oauth_discovery.protection.synchronous import check_synchronous, finished
from mcp_oauth_discovery.protection.tokens import Claims, describe, sign_in, sign_out, verify_token
from mcp_oauth_discovery.protection.verification import (
    Verifier,
    audience,
    checked_verifiers,
    verified_claims,
)
from mcp_oauth_discovery.signing import InvalidToken, Unavailable
from mcp_oauth_discovery.standards.authorization import DPOP, Malformed, Repeated


@dataclass(frozen=True)
class BearerProtection:
    """Admit requests that carry a token for a resource; answer all others, including OPTIONS.

    An instance is a callable. It takes the request and returns the refusal, or it sets
    `request.mcp_claims` and returns None. django-mcpz takes an instance as it is:
    `MCPServer(auth=BearerProtection())`. The refusal is neither true nor false: compare it with
    None. If a framework takes a true value for the user, pass it `authenticate`.

    `resource` is the identifier of a configured resource, or its key or path in the settings.
    Without it, it is the resource at the path of the request, or else the default one. `scope`
    is what a token must have in its `scope`, or a callable that takes an `Operation` and returns
    that. `verify(request, token, identifier)` returns the claims or raises `InvalidToken`; it may
    be a coroutine function, or a list of which the first that does not raise `NotMine` decides.
    `user(request, claims)`, such as `find_user`, returns the value of `request.user`; if it
    returns None, the request is refused. With `repeat_granted` the 403 also names the scopes that
    the token has. `public` has the methods of JSON-RPC that need no token, or is a callable that
    takes an `Operation` and returns whether it needs none. With `dpop="accept"`, tokens that are
    bound to a key are accepted with a proof (RFC 9449), and with `"require"` only these. This is
    experimental.

    Raises `TypeError` or `ValueError` for wrong arguments, when the module is loaded.
    """

    resource: str | None = None
    scope: str | Iterable[str] | ScopeOf = ()
    verify: Verifier | Sequence[Verifier] = verify_token
    user: Callable[[HttpRequest, Claims], Any] | None = None
    repeat_granted: bool = False
    public: Public = ()
    dpop: possession.DPoP | None = None
    _requirements: Requirements = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Checked here, so that an invalid value fails when the project is loaded.
        requirements = Requirements.of(self.scope, self.public)
        check_synchronous("user", self.user)
        if not (self.user is None or callable(self.user)):
            raise TypeError(f"user is {self.user!r}; expected a function such as find_user.")
        possession.check_mode(self.dpop)
        for name, value in (
            ("_requirements", requirements),
            ("scope", requirements.scope),
            ("public", requirements.public),
            ("verify", checked_verifiers(self.verify)),
        ):
            object.__setattr__(self, name, value)

    def __call__(self, request: HttpRequest) -> HttpResponse | None:
        if not hasattr(request, "META"):
            raise TypeError(
                f"BearerProtection takes a request, not {type(request).__name__}. To protect a "
                "view, write @bearer_required() with the same arguments."
            )
        refusal = self._answer(request)
        return None if refusal is None else Refusal(refusal)

    def authenticate(self, request: HttpRequest) -> Any:
        """Return the user or the claims, or None, for callers that need a true value.

        If it returns None, send the response in `request.mcp_refusal`.
        """
        refusal = self._answer(request)
        if refusal is not None:
            request.mcp_refusal = refusal  # type: ignore[attr-defined]
            return None
        identity = request.mcp_claims if self.user is None else request.user  # type: ignore[attr-defined]
        # Empty claims would look like a refusal.
        return identity or True

    def _answer(self, request: HttpRequest) -> HttpResponse | None:
        without_csrf_cookie(request)
        possession.offer(request, self.dpop)
        try:
            if request.method == "OPTIONS":
                return self.preflight(request)
            return refused_origin(request) or self._refusal(request)
        except PermissionDenied:
            raise
        except Exception as fault:  # noqa: BLE001
            # Catch everything: scripts can then read the answer, and its log record has no token.
            return fault_response(request, fault)

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        try:
            needed = self.needed_scope(request)
            claims = self._judge(request)
            if claims is not None:
                check_granted(claims, needed)
                refuse_second_token(request)
                self.accept(request, claims)
            elif not self.admits_anonymous(request):
                return self._unauthorized(request, needed, None)
        except RefusedBody as error:
            return refused_body(request, error)
        except Unavailable as error:
            return unavailable(request, error)
        except Unreadable as error:
            return invalid_request(request, str(error), resource=self.lookup(request))
        except (InvalidToken, Malformed, Repeated) as error:
            self.log_refusal(request, error)
            return self._answer_to(request, needed, error)
        return None

    def _answer_to(self, request: HttpRequest, needed: Scope, error: Exception) -> HttpResponse:
        lookup = self.lookup(request)
        if isinstance(error, InsufficientScope):
            granted = error.granted if self.repeat_granted else ()
            return insufficient_scope(request, error.needed, granted=granted, resource=lookup)
        if isinstance(error, Repeated):
            return invalid_request(request, str(error), resource=lookup)
        return self._unauthorized(request, needed, error)

    def _unauthorized(
        self, request: HttpRequest, needed: Scope, error: Exception | None
    ) -> HttpResponse:
        return unauthorized(
            request,
            resource=self.lookup(request),
            scope=needed,
            error=error.error if isinstance(error, InvalidProof) else None,
            error_description=None if error is None else describe(error),
        )

    async def acheck(self, request: HttpRequest) -> HttpResponse | None:
        """Return what a call of the instance returns, from async code.

        Settings and keys may need the database.
        """
        return await sync_to_async(self)(request)

    def preflight(self, request: HttpRequest) -> HttpResponse:
        """Return the answer to OPTIONS: 204, 403 for an origin that is not allowed, or 404.

        It is 404 for a resource that is disabled.
        """
        return answer_to_options(request, self.lookup(request), with_dpop=self.dpop is not None)

    def lookup(self, request: HttpRequest) -> Lookup:
        """Return the lookup of the resource, which is the same for the whole request."""
        return Lookup.for_request(request, self.resource, keep=True)

    def needed_scope(self, request: HttpRequest, scope: Any = None) -> tuple[str, ...]:
        """Return the scopes that a request needs; `scope` may replace that of the protection.

        Raises `RefusedBody` if the operation decides, and the body cannot be read.
        """
        return self._requirements.needed(request, scope)

    def is_public(self, request: HttpRequest) -> bool:
        """Return whether no operation of a request needs a token; raises `RefusedBody`."""
        return self._requirements.is_public(request)

    def admits_anonymous(self, request: HttpRequest) -> bool:
        """Return whether a request without a token is admitted; if so, its claims are empty.

        With `user`, `request.user` is anonymous. Raises what the look-up of the resource raises.
        """
        if not self.is_public(request):
            return False
        self.lookup(request).find()
        request.mcp_claims = {}  # type: ignore[attr-defined]
        if self.user is not None:
            sign_out(request)
        return True

    def accept(self, request: HttpRequest, claims: Claims) -> None:
        """Set `request.mcp_claims`, log that the token was accepted, and send `token_accepted`."""
        request.mcp_claims = claims  # type: ignore[attr-defined]
        events.accepted(type(self), request, self.lookup(request).identifier())

    def log_refusal(self, request: HttpRequest, error: Exception) -> None:
        """Log why the token of a request was refused, and send `token_refused`."""
        if not isinstance(error, InvalidToken):
            reason = "repeated" if isinstance(error, Repeated) else "malformed"
            error = InvalidToken(str(error), reason=reason)
        events.refused(type(self), request, self.lookup(request).identifier(), error)

    def finish(self, request: HttpRequest, response: Any) -> Any:
        """Return a response of the view, which no shared cache may keep.

        A 401 gets the challenge, and a 403 with one the missing parameters. Other values pass
        through: a view of django-ninja may return a dict.
        """
        if not self._needs_challenge(request, response):
            return response
        try:
            scope = self._known_scope(request)
            add_challenge(request, response, resource=self.lookup(request), scope=scope)
        except FAULTS as fault:
            return fault_response(request, fault)
        return response

    def _known_scope(self, request: HttpRequest) -> Scope:
        try:
            return self.needed_scope(request)
        except RefusedBody:
            # The view answered 401 to a body that the protection could not read.
            return None

    async def afinish(self, request: HttpRequest, response: Any) -> Any:
        """Do what `finish` does, from async code; use another thread only to add a challenge."""
        if not self._needs_challenge(request, response):
            return response
        return await sync_to_async(self.finish)(request, response)

    def _needs_challenge(self, request: HttpRequest, response: Any) -> bool:
        if not isinstance(response, HttpResponseBase):
            return False
        keep_private(response)
        possession.offer(request, self.dpop)
        return is_unfinished(request, response)

    def refuse_unreadable(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Return the 400 for a query or body that a view could not read."""
        possession.offer(request, self.dpop)
        try:
            description = str(unreadable(request, error))
            return invalid_request(request, description, resource=self.lookup(request))
        except FAULTS as fault:
            return fault_response(request, fault)

    @sensitive
    def read_claims(self, request: HttpRequest) -> Claims | None:
        """Return the claims of the token, or None without a token.

        They are in `request.mcp_claims` too, and with `user`, its result in `request.user`. Raises
        `InvalidToken`, `Malformed`, `Repeated` or `Unreadable`. It does not check the scope. Query
        and form are read last, and only if the token is valid.
        """
        claims = self._judge(request)
        if claims is not None:
            refuse_second_token(request)
            request.mcp_claims = claims  # type: ignore[attr-defined]
        return claims

    @sensitive
    def _judge(self, request: HttpRequest) -> Claims | None:
        presented = possession.presented(request, self.dpop)
        if presented is None:
            return None
        is_proven, identifier = presented.scheme is DPOP, audience(self.lookup(request))
        details = (request, presented.token, identifier)
        claims = verified_claims(self.verify, *details, may_be_bound=is_proven)
        proof = possession.prove(request, presented, claims, identifier)
        if self.user is not None:
            sign_in(request, finished("user", self.user(request, claims)))
        possession.use(request, proof)
        return claims
