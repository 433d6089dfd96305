"""The tokens that the doctor may send, and who signs and explains them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.standards.token_parts import Parts


class Token(str, Enum):
    """A token by what is special about it, in English words; reports translate them."""

    MADE_UP = _("a made-up token")
    IN_QUERY = _("a made-up token in the query")
    UNSIGNED = _("a token without a signature (alg none)")
    OWN = _("a valid token of this site")
    OTHER_AUDIENCE = _("a token for another resource")
    EXPIRED = _("an expired token")
    OTHER_TYPE = _("an ID token (typ JWT)")
    WITHOUT_SCOPE = _("a token without any scope")
    GIVEN = _("the token of --token-file")


class Refusal(NamedTuple):
    """A rule of this project that refuses a token, why, and the fix, which may be empty."""

    rule: str
    problem: str
    fix: str = ""


# Takes the claims and `typ`, and returns a token of this site; None if it cannot sign.
Sign = Callable[[Mapping[str, Any], str], str | None]
# Takes a token and an endpoint, and returns which rules refuse it; None if that is not known.
Explain = Callable[[str, str], tuple[Refusal, ...] | None]


def cannot_sign(claims: Mapping[str, Any], typ: str) -> str | None:
    """Return None, as a site does that has no keys within reach."""
    return None


def cannot_explain(token: str, endpoint: str) -> tuple[Refusal, ...] | None:
    """Return None, as for a site whose rules are out of reach."""
    return None


@dataclass(frozen=True)
class Credentials:
    """The token of the user, and how this project signs and explains its own.

    `given` is sent to no endpoint that its audience does not name, if it names another of the
    `endpoints`. `issuer` is that of this project, "" without one.
    """

    given: Parts | None = field(default=None, repr=False)
    endpoints: frozenset[str] = frozenset()
    issuer: str = ""
    sign: Sign = cannot_sign
    explain: Explain = cannot_explain
