from __future__ import annotations

import time

import pytest

from mcp_oauth_discovery import log_lines
from mcp_oauth_discovery.log_lines import is_news, one_line


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


def test_text_is_news_once_a_minute(monkeypatch):
    seconds = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    assert [is_news("a"), is_news("a"), is_news("b")] == [True, False, True]
    seconds[0] += 60
    assert is_news("a")


def test_texts_that_all_differ_are_forgotten_in_the_end():
    assert all(is_news(str(number)) for number in range(1000))
    assert len(log_lines._minutes) <= 256  # noqa: SLF001
