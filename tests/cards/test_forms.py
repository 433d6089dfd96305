"""The forms of the members of a card."""

from __future__ import annotations

from ast import literal_eval

import pytest

from mcp_oauth_discovery.standards.server_cards import EXAMPLES, MEMBERS, check_card_member

RIGHT = [
    ("name", "com.example/weather"),
    ("name", "io.github.some-one/My_Server.2"),
    ("name", "a/b"),
    ("name", "a/" + "b" * 198),
    ("version", "1"),
    ("version", "2.1.0-alpha+exp.5"),
    ("version", "2026-07-28"),
    ("version", "max"),
    ("version", "v" * 255),
    ("description", "ä" * 100),
    ("websiteUrl", "http://example.com/?a=b#c"),
    ("repository", {"url": "https://github.com/e/w", "source": "github"}),
    ("repository", {"url": "https://g.com", "source": "g", "subfolder": "a", "id": "1"}),
    ("icons", []),
    ("icons", [{"src": "https://example.com/i.svg", "sizes": ["any", "48x48"], "theme": "dark"}]),
    ("icons", ({"src": "data:image/svg+xml;base64,PHN2Zz4="},)),
    ("icons", [{"x": 5, "src": "https://example.com/i.png"}]),
    ("icons", [{"src": "data:image/svg+xml;charset=utf-8;base64,PHN2Zz4="}]),
    ("_meta", {}),
    ("_meta", {"com.example/x": 1, "plain": None, "example.com/": []}),
    ("com.example.unknown", {"a": [1, 2.5, None, True]}),
]

WRONG = [
    ("name", "weather", "a reverse DNS name"),
    ("name", "com.example/weather/x", "a reverse DNS name"),
    ("name", "com.example/", "a reverse DNS name"),
    ("name", "com..example/weather", "a reverse DNS name"),
    ("name", ".example/weather", "a reverse DNS name"),
    ("name", "-com.example/weather", "a reverse DNS name"),
    ("name", "com.example/we ather", "a reverse DNS name"),
    ("name", "com.example/weather\n", "a reverse DNS name"),
    ("name", "com.exämple/weather", "a reverse DNS name"),
    ("name", "a/" + "b" * 199, "1 to 200 characters"),
    ("name", 5, "expected a string"),
    ("version", "^1.2.3", "not a range"),
    ("version", "~1.2", "not a range"),
    ("version", ">=1.2.3", "not a range"),
    ("version", "1.x", "not a range"),
    ("version", "1.*", "not a range"),
    ("version", "1.0 - 2.0", "not a range"),
    ("version", "1 || 2", "not a range"),
    ("version", "v" * 256, "1 to 255 characters"),
    ("version", 1.0, "expected a string"),
    ("description", "x" * 101, "1 to 100 characters, not 101"),
    ("description", "\ud800", "lone surrogates"),
    ("title", "x" * 101, "1 to 100 characters"),
    ("websiteUrl", "example.com", "an absolute URL"),
    ("websiteUrl", "javascript:alert(1)", "an absolute URL"),
    ("websiteUrl", "ftp://example.com", "https scheme"),
    ("repository", "https://github.com/e/w", "expected a dict"),
    ("repository", {"url": "https://github.com/e/w"}, "'source' is missing"),
    ("repository", {"source": "github"}, "'url' is missing"),
    ("repository", {"url": "github", "source": "github"}, "'url': expected an absolute URL"),
    ("repository", {"url": "https://g.com", "source": 5}, "'source': expected a string"),
    ("icons", "https://example.com/i.png", "expected a list of icons"),
    ("icons", ["https://example.com/i.png"], "expected a dict"),
    ("icons", [{}], "'src' is missing"),
    ("icons", [{"src": "i.png"}], "'src': expected an absolute URL"),
    ("icons", [{"src": "data:image/png,abc"}], "a data: URL"),
    ("icons", [{"src": "https://e.com/i", "mimeType": 1}], "'mimeType': expected a string"),
    ("icons", [{"src": "https://e.com/i", "sizes": "48x48"}], "a list of sizes"),
    ("icons", [{"src": "https://e.com/i", "sizes": ["48"]}], "'48x48' or 'any'"),
    ("icons", [{"src": "https://e.com/i", "theme": "blue"}], "'light' or 'dark'"),
    ("_meta", [], "expected a dict"),
    ("_meta", {"1com.example/x": 1}, "is not a name"),
    ("_meta", {"com.example/x y": 1}, "is not a name"),
    ("_meta", {"com.example/-x": 1}, "is not a name"),
    ("_meta", {5: 1}, "expected a string"),
    ("unknown", {1, 2}, "JSON can carry"),
    ("unknown", float("nan"), "JSON has no nan"),
    (5, "x", "expected a string"),
]


@pytest.mark.parametrize(("name", "value"), RIGHT, ids=repr)
def test_right_member_is_accepted(name, value):
    check_card_member(name, value)


@pytest.mark.parametrize(("name", "value", "problem"), WRONG, ids=ascii)
def test_wrong_member_is_refused(name, value, problem):
    with pytest.raises(ValueError, match=r".") as refused:
        check_card_member(name, value)
    assert problem in str(refused.value)


@pytest.mark.parametrize("name", MEMBERS)
def test_each_member_has_an_example_that_is_right(name):
    check_card_member(name, literal_eval(EXAMPLES[name]))
