"""Whether the scope of a token is enough for a view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mcp_oauth_discovery.checks.guards import Guard
from mcp_oauth_discovery.doctor.project.tokens.verdicts import (
    NO_CLAIMS,
    Verdict,
    failed,
    info,
    passed,
    skipped,
)
from mcp_oauth_discovery.protection import granted_scope
from mcp_oauth_discovery.protection.implied import with_implied
from mcp_oauth_discovery.protection.scopes import ScopeByTool, has_granted

_REASON = "insufficient_scope"


def scope_verdict(
    guard: Guard, verified: Mapping[str, Any] | None, unverified: Mapping[str, Any] | None
) -> Verdict:
    """Return whether claims have the scope that a view needs, even if they are not verified."""
    claims = unverified if verified is None else verified
    if claims is None:
        return skipped("scope", NO_CLAIMS)
    if isinstance(guard.scope, ScopeByTool):
        return _by_tool(guard.scope, claims)
    if callable(guard.scope) or guard.scopes is None:
        text = f"The scope depends on the operation. {_granted(claims)}"
        return info("scope", text)
    if not guard.scopes:
        return passed("scope", "The view needs no scope.")
    if has_granted(claims, guard.scopes):
        return passed("scope", f"The view needs {_words(guard.scopes)}. {_granted(claims)}")
    missing = _words(scope for scope in guard.scopes if not has_granted(claims, (scope,)))
    text = f"The token lacks {missing}. {_granted(claims)}"
    return failed("scope", text, _REASON, _fix(guard.scopes))


def _by_tool(scope: ScopeByTool, claims: Mapping[str, Any]) -> Verdict:
    """Return which tools the token may call, of those that `scope_by_tool` names."""
    refused = [
        f"{name} ({_words(needed)})"
        for name, needed in scope.by_tool.items()
        if not has_granted(claims, needed)
    ]
    is_enough_otherwise = has_granted(claims, scope.otherwise)
    if not is_enough_otherwise:
        refused.append(f"every other operation ({_words(scope.otherwise)})")
    if not refused:
        return passed("scope", f"The token has the scope for every operation. {_granted(claims)}")
    text = f"The token lacks the scope for {', '.join(refused)}. {_granted(claims)}"
    is_useless = not is_enough_otherwise and len(refused) > len(scope.by_tool)
    if is_useless:
        return failed("scope", text, _REASON, _fix(scope.scopes))
    return info("scope", text)


def _granted(claims: Mapping[str, Any]) -> str:
    granted = granted_scope(claims) - {""}
    implied = with_implied(granted) - granted
    text = f"The token has {_words(sorted(granted)) if granted else 'no scope'}"
    return (
        f"{text}, and by MCP_IMPLIED_SCOPES {_words(sorted(implied))}." if implied else f"{text}."
    )


def _words(scopes: Iterable[str]) -> str:
    return " ".join(scopes)


def _fix(scopes: Iterable[str]) -> str:
    return f'Clients request scope="{_words(scopes)}". The user must grant it.'
