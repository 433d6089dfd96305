"""The challenge inside the result of a tool, for clients that show it to the user."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from mcp_oauth_discovery.challenge.headers import (
    Named,
    Scope,
    challenges_for,
    checked_scope,
    presents_token,
    with_granted,
)

# ChatGPT shows its button to sign in only if the challenge has an error and a description.
_MEMBER = "mcp/www_authenticate"
_SIGN_IN = "invalid_token", "Sign in to use this tool"
_STEP_UP = "insufficient_scope", "This tool needs more access"


def tool_result_challenge(
    request: HttpRequest,
    scope: Scope = None,
    *,
    granted: Scope = None,
    resource: Named = None,
    error: str | None = None,
    error_description: str | None = None,
) -> dict[str, Any]:
    """Return the result of a tool that asks the user to sign in, or to grant more access.

    It is an error (`isError`) with a text for the model, and the challenge of `bearer_challenge`
    in `_meta`. `scope` has the scopes that the tool needs, and `granted` those of the token. The
    error is `insufficient_scope` if the request has a token, else `invalid_token`. Raises
    `ValueError` as `bearer_challenge` does.
    """
    default, description = _STEP_UP if presents_token(request) else _SIGN_IN
    text = error_description or description
    scopes = with_granted(checked_scope(scope), granted or ())
    details = (resource, scopes, error or default, text)
    challenges = challenges_for(request, *details, keep_errors=True)
    return {
        "content": [{"type": "text", "text": text}],
        "isError": True,
        "_meta": {_MEMBER: [*map(str, challenges)]},
    }
