"""Settings that nothing reads, because their names are slightly wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any

from mcp_oauth_discovery.checks.registry import Advice, rule
from mcp_oauth_discovery.conf import Settings, names_in_settings

_PREFIX = "MCP_"
_OURS = [name.removeprefix(_PREFIX) for name in vars(Settings) if name.startswith(_PREFIX)]

# How similar two names must be, from 0 to 1, to count as a typing error.
_TYPO = 0.9
# Less similar: another word, such as MCP_ISSUER_URL. Other packages have such settings too, so this
# counts only while our setting is missing.
_SYNONYM = 0.75
# After `_WORDS` are replaced, as in MCP_AUTH_SERVER_URL, only a plural may differ. Otherwise the
# setting may be about something else.
_SAME = 0.95
_WORDS = {
    **dict.fromkeys(("AUTH", "AUTHZ", "OAUTH"), "AUTHORIZATION"),
    **dict.fromkeys(("ALG", "ALGS"), "ALGORITHMS"),
    **dict.fromkeys(("URL", "URLS", "URI", "IDENTIFIER", "PROTECTED"), ""),
}


@rule("W004")
def check_names(**kwargs: Any) -> Iterator[Advice]:
    """Report a setting whose name is almost that of one of ours."""
    settings = [name for name in names_in_settings() if name.startswith(_PREFIX)]
    names = [name.removeprefix(_PREFIX) for name in settings]
    for name in names:
        match = None if name in _OURS else _near_miss(name, names)
        if match:
            wrong, right = _PREFIX + name, _PREFIX + match
            # Its value is not shown: it may be meant for MCP_KEY_ENCRYPTION_KEYS.
            yield Advice(
                f"{wrong} is in the settings, and mcp_oauth_discovery does not read it. "
                f"It reads {right}.",
                f"Write {right}. If {wrong} belongs to something else, silence this check.",
            )


def _near_miss(name: str, names: Collection[str]) -> str | None:
    """Return the setting of ours that a name was meant to be, or None."""
    words = [_WORDS.get(word, word) for word in name.split("_")]
    renamed = "_".join(filter(None, words))
    matches = get_close_matches(renamed, _OURS, 1, _SAME)
    matches = matches or get_close_matches(name, _OURS, 1, _SYNONYM)
    if matches and matches[0] in names:
        matches = get_close_matches(name, matches, 1, _TYPO)
    return matches[0] if matches else None
