"""`scope_by_tool`, and whether a token has the scopes that a request needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mcp_oauth_discovery.challenge.headers import Scope, checked_scope
from mcp_oauth_discovery.protection.operations import Operation
from mcp_oauth_discovery.protection.tokens import Claims, granted_scope
from mcp_oauth_discovery.signing import InvalidToken

ScopeOf = Callable[[Operation], Scope]


@dataclass(frozen=True, eq=False)
class ScopeByTool:
    """The scopes of an operation by the name of its tool; `scope_by_tool` makes one."""

    by_tool: Mapping[str, tuple[str, ...]]
    otherwise: tuple[str, ...]

    def __call__(self, operation: Operation) -> tuple[str, ...]:
        if operation.method != "tools/call" or operation.name is None:
            return self.otherwise
        return self.by_tool.get(operation.name, self.otherwise)

    @property
    def scopes(self) -> tuple[str, ...]:
        """All scopes that it can return; the system checks read them."""
        every = [*self.otherwise, *(scope for scopes in self.by_tool.values() for scope in scopes)]
        return tuple(dict.fromkeys(every))


def scope_by_tool(scopes: Mapping[str, Scope], *, otherwise: Scope = ()) -> ScopeByTool:
    """Return a value for `scope`: a call of a tool needs its scopes, and no others.

    `scopes` has the scopes of each tool by its name. A call of another tool, and every other
    operation, needs `otherwise`. Raises `ValueError` for an invalid scope.
    """
    if not isinstance(scopes, Mapping):
        raise TypeError(f"scopes is {scopes!r}; expected a dict from a tool to its scopes.")
    by_tool = {name: checked_scope(scope) for name, scope in scopes.items()}
    return ScopeByTool(by_tool, checked_scope(otherwise))


class InsufficientScope(InvalidToken):
    """A token that is valid, but lacks a scope that the request needs."""

    def __init__(self, needed: tuple[str, ...], granted: set[str]) -> None:
        super().__init__(
            "The token lacks a scope",
            reason="insufficient_scope",
            expected={"scope": " ".join(needed)},
            received={"scope": " ".join(sorted(granted))},
        )
        self.needed = needed
        self.granted = granted


def has_granted(claims: Claims, needed: tuple[str, ...]) -> bool:
    """Return whether a token has all scopes, by itself or by `MCP_IMPLIED_SCOPES`."""
    return not needed or granted_scope(claims, implied=True).issuperset(needed)


def check_granted(claims: Claims, needed: tuple[str, ...]) -> None:
    """Raise `InsufficientScope` if a token lacks a scope."""
    if not has_granted(claims, needed):
        raise InsufficientScope(needed, granted_scope(claims))
