"""Does the endpoint refuse the tokens that it must refuse, and let the good ones in?"""

from __future__ import annotations

from mcp_oauth_discovery.doctor.findings import Step
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.steps import forged_tokens, given_token, own_tokens
from mcp_oauth_discovery.doctor.steps.forged_tokens import FORGED
from mcp_oauth_discovery.doctor.walk.busy import served
from mcp_oauth_discovery.doctor.walk.credentials import Token
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.tokens import (
    ask_with_forged_tokens,
    ask_with_given_token,
    ask_with_own_tokens,
    is_protected,
)


def can_pass(walk: Walk) -> bool:
    """Return whether the endpoint itself refused the forged tokens, and answered the user's."""
    if Token.GIVEN in walk.tokens and walk.tokens[Token.GIVEN].answer is None:
        return False
    exchanges = [walk.tokens.get(kind) for kind in (*FORGED, Token.IN_QUERY)]
    # A limit of requests, a proxy in trouble, or a firewall judges no token.
    return all(
        exchange and served(exchange) is not None and not exchange.intermediary
        for exchange in exchanges
    )


def skipped(walk: Walk) -> str:
    return "" if is_protected(walk) else gettext("the endpoint does not answer 401 without a token")


STEP = Step(
    name="tokens",
    title=_("Tokens"),
    holds=_("made-up tokens, those without a signature and those in a query are not let in"),
    entries=(
        *forged_tokens.ENTRIES,
        *own_tokens.ENTRIES,
        *given_token.ENTRIES,
    ),
    rules=(
        forged_tokens.forged,
        forged_tokens.server_errors,
        forged_tokens.refusal,
        forged_tokens.query,
        own_tokens.own,
        own_tokens.scope,
        given_token.given,
    ),
    can_pass=can_pass,
    skipped=skipped,
    probes=(ask_with_forged_tokens, ask_with_own_tokens, ask_with_given_token),
)
