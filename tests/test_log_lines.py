from __future__ import annotations

import pytest

from mcp_oauth_discovery.log_lines import one_line


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
