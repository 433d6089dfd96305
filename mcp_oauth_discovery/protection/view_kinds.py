"""Kinds of views that a protection wraps: async ones, classes with a mixin, django-ninja."""

from __future__ import annotations

from inspect import getclosurevars
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.views import View as DjangoView


def is_awaited(view: Any) -> bool:
    """Say whether Django awaits what a view returns, so that a refusal is to be awaited as well."""
    if iscoroutinefunction(view) or iscoroutinefunction(type(view).__call__):
        return True
    while view is not None:
        # What method_decorator() hands over is a partial of the bound method. `dispatch` is no
        # coroutine function, even where it returns what those of an async class return.
        owner = getattr(getattr(view, "func", view), "__self__", None)
        if getattr(owner, "view_is_async", False):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


class BeforeView:
    """Refuse a class that has a mixin after `View`, where it would do nothing."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        order = cls.__mro__
        if DjangoView not in order or order.index(DjangoView) > order.index(BeforeView):
            return
        mixin = next(one for one in order[order.index(DjangoView) :] if issubclass(one, BeforeView))
        others = (one for one in cls.__bases__ if not issubclass(one, BeforeView))
        bases = ", ".join(one.__name__ for one in (mixin, *others))
        raise TypeError(
            f"{mixin.__name__} does nothing after View. Write class {cls.__name__}({bases})."
        )


def enclosed(view: Any) -> dict[str, Any]:
    """Return the variables that a function has from the function around it, by name."""
    try:
        return dict(getclosurevars(view).nonlocals)
    except (TypeError, ValueError):
        # The view is not a Python function, or a name has no value yet.
        return {}


def ninja_operations(view: Any) -> list[Any]:
    """Return the operations of a view of django-ninja, which need not be installed."""
    # The view is a function inside a method of a PathView; in older releases it is the method.
    owner = getattr(view, "__self__", None) or enclosed(view).get("self")
    operations = getattr(owner, "operations", None)
    if not isinstance(operations, list):
        return []
    return [one for one in operations if hasattr(one, "auth_callbacks")]


def ninja_judges(operation: Any) -> list[Any]:
    """Return what may judge a request to an operation: its `auth`, and the decorators around it."""
    return [*operation.auth_callbacks, operation.view_func, operation.run]
