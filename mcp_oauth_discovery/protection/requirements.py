"""What a request needs: which scopes, and whether it needs a token at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest

from mcp_oauth_discovery.challenge.headers import Scope, checked_scope
from mcp_oauth_discovery.protection.bodies import INVALID_REQUEST, RefusedBody
from mcp_oauth_discovery.protection.operations import Operation, read_operations
from mcp_oauth_discovery.protection.scopes import ScopeOf
from mcp_oauth_discovery.protection.synchronous import check_synchronous, finished
from mcp_oauth_discovery.standards.www_authenticate import LONGEST_VALUE

# MCP recommends names of tools that are not longer.
_LONGEST_NAME = 128

Public = Iterable[str] | Callable[[Operation], bool]


@dataclass(frozen=True)
class Requirements:
    """The `scope` and the `public` of a protection, checked."""

    scope: tuple[str, ...] | ScopeOf
    public: frozenset[str] | Callable[[Operation], bool]

    @classmethod
    def of(cls, scope: Scope | ScopeOf, public: Public) -> Requirements:
        """Check both; raises `ValueError` for a scope, and `TypeError` for the rest."""
        check_synchronous("scope", scope)
        check_synchronous("public", public)
        return cls(scope if callable(scope) else checked_scope(scope), _checked_public(public))

    def needed(self, request: HttpRequest, scope: Scope | ScopeOf = None) -> tuple[str, ...]:
        """Return the scopes that a request needs; `scope` may replace that of the protection.

        A public operation needs none. Raises `RefusedBody` if an operation decides and the body
        cannot be read, and `ValueError` if a callable returns an invalid scope.
        """
        # The scope of the protection was checked when the project was loaded.
        if scope is None:
            required = self.scope
        else:
            required = scope if callable(scope) else checked_scope(scope)
        if callable(required):
            return self._together(required, self._protected(request))
        return () if self.is_public(request) else required

    def is_public(self, request: HttpRequest) -> bool:
        """Return whether no operation of a request needs a token; raises `RefusedBody`."""
        return self._has_public and not self._protected(request)

    @property
    def _has_public(self) -> bool:
        return callable(self.public) or bool(self.public)

    def _protected(self, request: HttpRequest) -> list[Operation]:
        return [item for item in read_operations(request) if not self._is_public(item)]

    def _is_public(self, operation: Operation) -> bool:
        if callable(self.public):
            return bool(finished("public", self.public(operation)))
        return operation.method in self.public

    def _together(self, scope: ScopeOf, operations: list[Operation]) -> tuple[str, ...]:
        needed = [_scope_of(operation, scope) for operation in operations]
        together = tuple(dict.fromkeys(token for tokens in needed for token in tokens))
        is_too_long = len(" ".join(together)) > LONGEST_VALUE
        if is_too_long and (len(needed) > 1 or not _fits_a_scope(operations[0].name)):
            # The client chooses the length of a batch or a name, so this is an error of the client.
            raise RefusedBody("The request needs too many scopes; split it", INVALID_REQUEST)
        return together


def _scope_of(operation: Operation, scope: ScopeOf) -> tuple[str, ...]:
    try:
        return checked_scope(finished("scope", scope(operation)))
    except ValueError as error:
        if _fits_a_scope(operation.name):
            raise
        # The callable has put the name into a scope, and the client chose it.
        text = "The name in the body cannot be part of a scope"
        raise RefusedBody(text, INVALID_REQUEST) from error


def _fits_a_scope(name: str | None) -> bool:
    try:
        return name is None or (len(name) <= _LONGEST_NAME and bool(checked_scope([name])))
    except ValueError:
        return False


def _checked_public(public: Public) -> frozenset[str] | Callable[[Operation], bool]:
    if callable(public):
        return public
    if isinstance(public, (str, bytes)) or not isinstance(public, Iterable):
        raise TypeError(
            f'public is {public!r}; expected a list of methods such as ["tools/list"], or a '
            "callable that takes an Operation."
        )
    methods = frozenset(public)
    for method in methods:
        if not isinstance(method, str):
            raise TypeError(f"public has {method!r}; expected names of methods.")
    return methods
