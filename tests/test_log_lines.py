from __future__ import annotations

import pytest

from mcp_oauth_discovery.logs.lines import LONGEST, Tracebacks, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Café is closed.", "Café is closed."),
        ("one\ntwo\r\nthree", r"one\ntwo\r\nthree"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\u2028 \u202e \x85", r"\u2028 \u202e \x85"),
        (ValueError("a\tb"), r"a\tb"),
    ],
)
def test_text_stays_on_its_line(text, line):
    assert one_line(text) == line


def test_very_long_text_is_cut():
    assert one_line("x" * LONGEST) == "x" * LONGEST
    assert one_line("x" * 5_000_000) == f"{'x' * LONGEST}… (5000000 characters)"


@pytest.fixture
def clock():
    """A clock that stands at the number in it."""
    return [100.0]


@pytest.fixture
def given(clock):
    """Say for each fault whether its traceback is given."""
    tracebacks = Tracebacks(clock=lambda: clock[0])
    return lambda error, where="view": tracebacks.limited(error, where) is error


def test_traceback_of_one_fault_is_given_once_a_minute(given, clock):
    assert [given(ValueError("a")) for _ in range(3)] == [True, False, False]
    clock[0] += 59.9
    assert not given(ValueError("a"))
    clock[0] += 0.2
    assert [given(ValueError("a")) for _ in range(2)] == [True, False]


def test_faults_differ_by_place_type_and_text(given):
    assert given(ValueError("a"))
    assert given(ValueError("b"))
    assert given(TypeError("a"))
    assert given(ValueError("a"), "another view")


def test_faults_that_differ_each_time_are_limited(given, clock):
    assert sum(given(ValueError(number)) for number in range(1000)) == 64
    clock[0] += 60
    assert given(ValueError("a"))


def test_long_text_is_compared_by_its_beginning(given):
    assert [given(ValueError("x" * 1000 + end)) for end in "ab"] == [True, False]
