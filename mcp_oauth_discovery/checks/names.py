"""Settings that are read by nobody, because their names are not quite right."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import partial
from typing import Any

from mcp_oauth_discovery.checks.registry import Advice, rule
from mcp_oauth_discovery.conf import Settings, names_in_settings

_PREFIX = "MCP_"
_OURS = [name for name in vars(Settings) if name.startswith(_PREFIX)]

# How alike two names are, from 0 to 1. A slip of the finger, in any case:
_TYPO = 0.9
# Another word for it, such as MCP_ISSUER_URL. Other packages have settings of that kind, too, so
# that it counts only where the setting itself is not there.
_SYNONYM = 0.75
# One of these words for another, or one too many, such as MCP_AUTH_SERVER_URL, and nothing else
# but a plural: the rest of such a name may well be about something else.
_SAME = 0.95
_WORDS = {
    **dict.fromkeys(("AUTH", "AUTHZ", "OAUTH"), "AUTHORIZATION"),
    **dict.fromkeys(("ALG", "ALGS"), "ALGORITHMS"),
    **dict.fromkeys(("URL", "URLS", "URI", "IDENTIFIER", "PROTECTED"), ""),
}


@rule("W004")
def check_names(**kwargs: Any) -> Iterator[Advice]:
    """Report a setting whose name is almost that of one of ours."""
    written = [name for name in names_in_settings() if name.startswith(_PREFIX)]
    for name in written:
        meant = max(_OURS, key=partial(_nearness, name))
        if name not in _OURS and _is_meant(name, meant, is_there=meant in written):
            # Its value is not shown: it may be meant for MCP_KEY_ENCRYPTION_KEYS.
            yield Advice(
                f"{name} is in the settings, and mcp_oauth_discovery does not read it. "
                f"It reads {meant}.",
                f"Write {meant}. If {name} belongs to something else, silence this check.",
            )


def _is_meant(name: str, ours: str, *, is_there: bool) -> bool:
    if is_there:
        return _likeness(name, ours) >= _TYPO
    return _likeness(name, ours) >= _SYNONYM or _likeness(_in_our_words(name), ours) >= _SAME


def _nearness(name: str, ours: str) -> float:
    return max(_likeness(name, ours), _likeness(_in_our_words(name), ours))


def _in_our_words(name: str) -> str:
    return "_".join(word for one in name.split("_") if (word := _WORDS.get(one, one)))


def _likeness(name: str, ours: str) -> float:
    # Less the prefix that all of them have.
    return SequenceMatcher(None, name[len(_PREFIX) :], ours[len(_PREFIX) :]).ratio()
