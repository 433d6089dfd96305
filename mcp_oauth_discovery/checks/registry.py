"""The registry of the warnings: an ID for each, and a message with a hint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from mcp_oauth_discovery.checks.routes import has_urlconf
from mcp_oauth_discovery.conf import shown

TAG = "mcp_oauth_discovery"
# A class in REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"] may concern hundreds of routes.
_MOST_PLACES = 5

Check = Callable[..., list[CheckMessage]]


class Advice(NamedTuple):
    """What is wrong, with the setting and its value, and what to type instead."""

    problem: str
    hint: str


class Rule(NamedTuple):
    check: Check
    tags: tuple[str, ...]
    deploy: bool


RULES: dict[str, Rule] = {}


def rule(
    number: str, *tags: str, deploy: bool = False
) -> Callable[[Callable[..., Iterable[Advice]]], Check]:
    """Register a function that yields advice as a check with an ID.

    Without tags it has the tag of this app.
    """

    def decorate(find: Callable[..., Iterable[Advice]]) -> Check:
        def check(**kwargs: Any) -> list[CheckMessage]:
            # A process without URLs serves nothing.
            if not has_urlconf():
                return []
            try:
                advice = list(find(**kwargs))
            except ImproperlyConfigured:
                # `check_settings` reports such a value as an error.
                return []
            return [CheckWarning(*item, id=f"{TAG}.{number}") for item in advice]

        check.__name__, check.__doc__ = find.__name__, find.__doc__
        check.__module__ = find.__module__
        RULES[number] = Rule(check, tags or (TAG,), deploy)
        return check

    return decorate


def about(setting: str, value: object, problem: str, hint: str) -> Advice:
    """Return advice about the value of a setting."""
    return Advice(f"{setting} is {shown(value)}: {problem}.", hint)


def listed(items: Iterable[str]) -> str:
    """Return items as an English list."""
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def places(written: Iterable[str]) -> str:
    """Return routes as an English list, each once, and only the first ones of many."""
    routes = [repr(route) for route in dict.fromkeys(written)]
    if len(routes) > _MOST_PLACES:
        routes[_MOST_PLACES - 1 :] = [f"{len(routes) - _MOST_PLACES + 1} others"]
    return listed(routes)
