"""Refuses async callables where only verifiers may be async: a coroutine would count as a yes."""

from __future__ import annotations

from collections.abc import Coroutine
from inspect import isawaitable
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction

T = TypeVar("T")


def check_synchronous(name: str, value: Any) -> None:
    """Raise `TypeError` for an argument that is a coroutine function."""
    if not callable(value):
        return
    if iscoroutinefunction(value) or iscoroutinefunction(type(value).__call__):
        raise TypeError(
            f"{name} is {value!r}; expected a function without async. Only verify may be async."
        )


def finished(name: str, result: T) -> T:
    """Return what an argument returned; raise `TypeError` for an awaitable."""
    if isawaitable(result):
        if isinstance(result, Coroutine):
            result.close()
        kind = type(result).__name__
        raise TypeError(f"{name} returned {kind}; expected a function without async.")
    return result
