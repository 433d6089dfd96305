"""Scope hierarchies: which further scopes a token has by `MCP_IMPLIED_SCOPES`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mcp_oauth_discovery.conf import Misconfigured, conf, shown
from mcp_oauth_discovery.standards.member_forms import check_scope

_NAME = "MCP_IMPLIED_SCOPES"
_HINT = 'Type a dict such as {"files:write": ["files:read"]}.'


def with_implied(scopes: Iterable[str]) -> set[str]:
    """Return scopes and all scopes that they imply, transitively; raises `Misconfigured`."""
    implied = implied_scopes()
    complete: set[str] = set()
    waiting = list(scopes)
    while waiting:
        scope = waiting.pop()
        if scope not in complete:
            complete.add(scope)
            waiting.extend(implied.get(scope, ()))
    return complete


def implied_scopes() -> Mapping[str, Sequence[str]]:
    """Return the setting; raises `Misconfigured` if it has a wrong form or a cycle."""
    value: object = conf.MCP_IMPLIED_SCOPES
    if not isinstance(value, Mapping):
        raise Misconfigured.of(_NAME, value, f"expected a dict, not {type(value).__name__}", _HINT)
    for scope, implied in value.items():
        _check(scope, scope, [])
        if not isinstance(implied, (list, tuple)):
            problem = f"expected a list of scopes, not {type(implied).__name__}"
            raise Misconfigured.of(_NAME, implied, problem, _HINT, path=[scope])
        for position, narrower in enumerate(implied):
            _check(narrower, narrower, [scope, position])
    if cycle := _cycle(value):
        problem = f"a scope cannot imply itself: {' > '.join(map(shown, cycle))}"
        raise Misconfigured.of(_NAME, value, problem, "Remove one of these.")
    return value


def _check(scope: object, value: object, path: list[object]) -> None:
    try:
        check_scope(scope)
    except ValueError as error:
        raise Misconfigured.of(_NAME, value, error, _HINT, path=path) from error


def _cycle(implied: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the scopes of a cycle, the first one also at the end, or an empty list."""
    finished: set[str] = set()
    for start in implied:
        path = [start]
        branches = [iter(implied[start])]
        while branches:
            scope = next(branches[-1], None)
            if scope is None:
                branches.pop()
                finished.add(path.pop())
            elif scope in path:
                return [*path[path.index(scope) :], scope]
            elif scope not in finished:
                path.append(scope)
                branches.append(iter(implied.get(scope, ())))
    return []
