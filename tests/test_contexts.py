"""Each test runs in a context of its own; `pytest_pyfunc_call` in `conftest.py` has the reason."""

from __future__ import annotations

from contextvars import ContextVar

import pytest

VARIABLE: ContextVar[str] = ContextVar("variable")


@pytest.mark.parametrize("value", ["first", "second"])
def test_context_variable_ends_with_its_test(value):
    assert VARIABLE.get("unset") == "unset"
    VARIABLE.set(value)
