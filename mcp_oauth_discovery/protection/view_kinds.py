"""The kinds of views that a protection wraps: async, class-based, and those of django-ninja."""

from __future__ import annotations

from inspect import getclosurevars
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.views import View as DjangoView


def is_awaited(view: Any) -> bool:
    """Return whether Django awaits what a view returns, so that it must await a refusal too."""
    if iscoroutinefunction(view) or iscoroutinefunction(type(view).__call__):
        return True
    while view is not None:
        # method_decorator() passes a partial of the bound method. `dispatch` of an async class
        # returns a coroutine, but is not a coroutine function.
        owner = getattr(getattr(view, "func", view), "__self__", None)
        if getattr(owner, "view_is_async", False):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


class BeforeView:
    """Refuse a class that has the mixin after `View`, where it would do nothing."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        order = cls.__mro__
        if DjangoView not in order or order.index(DjangoView) > order.index(BeforeView):
            return
        after_view = order[order.index(DjangoView) :]
        mixin = next(base for base in after_view if issubclass(base, BeforeView))
        others = [base for base in cls.__bases__ if not issubclass(base, BeforeView)]
        bases = ", ".join(base.__name__ for base in (mixin, *others))
        raise TypeError(
            f"{mixin.__name__} does nothing after View. Write class {cls.__name__}({bases})."
        )


def enclosed(view: Any) -> dict[str, Any]:
    """Return the variables of the enclosing function that a function uses, by name."""
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
    return [operation for operation in operations if hasattr(operation, "auth_callbacks")]


def ninja_judges(operation: Any) -> list[Any]:
    """Return what may admit a request to an operation: its `auth`, and the decorators around it."""
    return [*operation.auth_callbacks, operation.view_func, operation.run]
