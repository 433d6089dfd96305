from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.printing import (
    LONGEST,
    pointed,
    readable,
    shortened,
    shown,
    visible,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text, ü and 語", "plain text, ü and 語"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\r\nb\x00\x7f", "a\\r\\nb\\x00\\x7f"),
        ("a\u202eb\u2066", "a\\u202eb\\u2066"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_is_not_printable_becomes_visible(text, expected):
    assert visible(text) == expected


def test_sentence_keeps_its_no_break_spaces_and_a_value_shows_them():
    assert readable("Voir\xa0: a\x1b\u202e\u202f") == "Voir\xa0: a\\x1b\\u202e\u202f"
    assert shown("a\xa0b\u202f") == "a\\xa0b\\u202f"


def test_long_text_is_shortened_and_its_length_told():
    assert shortened("a" * LONGEST) == "a" * LONGEST
    assert shortened("a" * 1000) == f"{'a' * LONGEST}… (1000 characters)"


def test_value_is_shown_as_python_writes_it():
    assert shown(["a\x1b"]) == "['a\\x1b']"


@pytest.mark.parametrize(
    ("seen", "expected", "place"),
    [
        ("https://a/", "https://a", 9),
        ("https://a", "https://b", 8),
        ("http://a", "https://a", 4),
        ("", "a", 0),
    ],
)
def test_mark_is_where_the_difference_begins(seen, expected, place):
    lines = pointed(seen, expected).split("\n")
    assert lines == [seen, f"{expected} is expected", " " * place + "^"]


def test_mark_stays_right_where_something_becomes_visible():
    *_, seen, mark = pointed("a\x1bx", "a\x1by").split("\n")
    assert seen.index("y") == mark.index("^")
