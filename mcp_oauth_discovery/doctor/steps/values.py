"""The members of a document: invalid values, empty values, URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mcp_oauth_discovery.doctor.clients import TYPED, Client
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.language import gettext, said
from mcp_oauth_discovery.doctor.printing import phrase, shown
from mcp_oauth_discovery.standards.member_forms import Check
from mcp_oauth_discovery.standards.members import check_member
from mcp_oauth_discovery.standards.metadata import has_value

# C0 and C1 controls, separators, zero-width characters, embeddings, isolates and tags.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u200b\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")


def misformed(members: Mapping[str, Any], table: Mapping[str, Check]) -> Iterator[tuple[str, str]]:
    """Yield the name and the problem of each member with an invalid value."""
    for name, value in members.items():
        if not has_value(value):
            continue
        try:
            check_member(table, name, value)
        except ValueError as error:
            yield name, invalid(name, value, said(error))


def stated(name: str, value: object) -> str:
    """Return a sentence that says which value a member has."""
    return gettext("%(name)s is %(value)s.") % {"name": name, "value": shown(value)}


def invalid(name: str, value: object, problem: str) -> str:
    """Return a sentence that says which value a member has, and what is wrong with it."""
    values = {"name": shown(name), "value": shown(value), "problem": phrase(problem)}
    return gettext("%(name)s is %(value)s: %(problem)s.") % values


def missing(name: str) -> str:
    """Return a sentence that says that a member is missing."""
    return gettext("%(name)s is missing.") % {"name": name}


def naming(result: Finding, name: str) -> Finding:
    """Return a finding whose fixes name a member, which those of its entry call "the member"."""
    # Translators: the name of a member replaces these words in the texts that have them.
    words = gettext("the member")
    fix, django_fix = (text.replace(words, shown(name)) for text in (result.fix, result.django_fix))
    return replace(result, fix=fix, django_fix=django_fix)


def strict(name: str, value: object) -> tuple[Client, ...]:
    """Return the clients that refuse a document because of the JSON type of one value."""
    is_list = name.endswith("s_supported")
    return TYPED if is_list != isinstance(value, list) else ()


def hidden(value: object, *, allowed: str = "") -> str:
    """Return the numbers of the characters in a text that control, hide or reorder it, or "".

    Persian and emoji need joiners, and Hebrew and Arabic need the two directional marks.
    """
    if not isinstance(value, str):
        return ""
    # The flags of regions, such as Scotland, are spelt with invisible tags.
    characters = dict.fromkeys(_HIDDEN.findall(_FLAG.sub("", value)))
    return ", ".join(f"U+{ord(one):04X}" for one in characters if one not in allowed)


def strings(members: Mapping[str, Any], name: str) -> list[str]:
    """Return the strings of a member that is a list; none if it is not a list."""
    value = members.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def urls_in(members: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every URL in a document, after the name of its member."""
    for name, value in members.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and item.lower().startswith(("http://", "https://")):
                yield name, item
