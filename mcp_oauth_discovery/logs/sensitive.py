"""Keeps the variables of a function, such as tokens, out of error reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.views.decorators.debug import sensitive_variables

P = ParamSpec("P")
R = TypeVar("R")


def sensitive(function: Callable[P, R]) -> Callable[P, R]:
    """Hide all variables of a function from error reports, and keep its type.

    In a project without django-stubs, a function under the decorator of Django has no type.
    """
    decorated: Callable[P, R] = sensitive_variables()(function)
    return decorated
