"""Whether the scope of a token is enough for a view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mcp_oauth_discovery.checks.guards import Guard
from mcp_oauth_discovery.doctor.language import gettext
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
        return skipped("scope", gettext(NO_CLAIMS))
    if isinstance(guard.scope, ScopeByTool):
        return _by_tool(guard.scope, claims)
    if callable(guard.scope) or guard.scopes is None:
        text = gettext("The scope depends on the operation.")
        return info("scope", f"{text} {_granted(claims)}")
    if not guard.scopes:
        return passed("scope", gettext("The view needs no scope."))
    if has_granted(claims, guard.scopes):
        text = gettext("The view needs %(scope)s.") % {"scope": _words(guard.scopes)}
        return passed("scope", f"{text} {_granted(claims)}")
    missing = _words(scope for scope in guard.scopes if not has_granted(claims, (scope,)))
    text = gettext("The token lacks %(scope)s.") % {"scope": missing}
    return failed("scope", f"{text} {_granted(claims)}", _REASON, _fix(guard.scopes))


def _by_tool(scope: ScopeByTool, claims: Mapping[str, Any]) -> Verdict:
    """Return which tools the token may call, of those that `scope_by_tool` names."""
    refused = [
        f"{name} ({_words(needed)})"
        for name, needed in scope.by_tool.items()
        if not has_granted(claims, needed)
    ]
    is_enough_otherwise = has_granted(claims, scope.otherwise)
    if not is_enough_otherwise:
        # Translators: the last one in a list of tools, each with the scope that it needs.
        others = gettext("every other operation (%(scope)s)")
        refused.append(others % {"scope": _words(scope.otherwise)})
    if not refused:
        text = gettext("The token has the scope for every operation.")
        return passed("scope", f"{text} {_granted(claims)}")
    lacking = gettext("The token lacks the scope for %(operations)s.")
    text = f"{lacking % {'operations': ', '.join(refused)}} {_granted(claims)}"
    is_useless = not is_enough_otherwise and len(refused) > len(scope.by_tool)
    if is_useless:
        return failed("scope", text, _REASON, _fix(scope.scopes))
    return info("scope", text)


def _granted(claims: Mapping[str, Any]) -> str:
    granted = granted_scope(claims) - {""}
    if not granted:
        return gettext("The token has no scope.")
    implied = with_implied(granted) - granted
    values = {"scope": _words(sorted(granted)), "implied": _words(sorted(implied))}
    if implied:
        return gettext("The token has %(scope)s, and by MCP_IMPLIED_SCOPES %(implied)s.") % values
    return gettext("The token has %(scope)s.") % values


def _words(scopes: Iterable[str]) -> str:
    return " ".join(scopes)


def _fix(scopes: Iterable[str]) -> str:
    text = gettext('Clients request scope="%(scope)s". The user must grant it.')
    return text % {"scope": _words(scopes)}
