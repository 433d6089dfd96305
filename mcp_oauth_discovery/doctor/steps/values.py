"""The members of a document: of the wrong form, without a value, naming URLs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mcp_oauth_discovery.doctor.clients import TYPED, Client
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.standards import hosts
from mcp_oauth_discovery.standards.member_forms import Check
from mcp_oauth_discovery.standards.members import ENDPOINTS, check_member


def misformed(members: Mapping[str, Any], table: Mapping[str, Check]) -> Iterator[tuple[str, str]]:
    """Yield the name and the problem of each member that has a value of the wrong form."""
    for name, value in members.items():
        if not has_value(value):
            continue
        try:
            check_member(table, name, value)
            if name in ENDPOINTS:
                check_host(value)
        except ValueError as error:
            yield name, f"{shown(name)} is {shown(value)}: {shown(str(error))}."


def check_host(url: str) -> None:
    """Raise `ValueError` for a well-formed URL whose host browsers refuse."""
    if not hosts.origin(url):
        raise ValueError("browsers refuse its host")


def strict(name: str, value: object) -> tuple[Client, ...]:
    """Return the clients that refuse a document for one value of the wrong kind of JSON."""
    is_list = name.endswith("s_supported")
    return TYPED if is_list != isinstance(value, list) else ()


def has_value(value: object) -> bool:
    """Say whether a member has a value at all: not null, and not empty."""
    return value not in (None, "", [], {})


def strings(members: Mapping[str, Any], name: str) -> list[str]:
    """Return the strings of a member that is a list, and none of one that is not."""
    value = members.get(name)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def urls_in(members: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every URL in a document, with the member that it is in."""
    for name, value in members.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and one.lower().startswith(("http://", "https://")):
                yield name, one
