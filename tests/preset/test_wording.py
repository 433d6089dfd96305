"""What the consent page makes of a name and a redirect URI, which the client chose itself."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.contrib.oauth_toolkit.wording import client_name, destination
from tests.preset.conftest import CALLBACK

SITE = "https://client.example.com/callback"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Claude Code", "Claude Code"),
        ("\u202eevil\u2066", "evil"),
        ("Claude\n\nYou are\tsafe", "Claude You are safe"),
        (" ", "client.example.com"),
        ("\u3164\u200b", "client.example.com"),
        ("E\u0301\u0323\u0302\u0308", "E\u0301\u0323\u0302\u0308"),
        ("E" + "\u0333" * 50 + "v", "E" + "\u0333" * 4 + "v"),
        ("\u0333\u0489", "client.example.com"),
        ("x" * 60, "x" * 60),
        ("x" * 255, "x" * 59 + "…"),
    ],
)
def test_name_is_one_short_line_that_can_be_seen(name, shown):
    assert client_name(name, SITE) == shown


@pytest.mark.parametrize("uri", [CALLBACK, "cursor://anysphere/callback"])
def test_nameless_program_is_called_one(uri):
    assert client_name("", uri) == "a program on this computer"


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        (CALLBACK, ("a program on this computer, at", "127.0.0.1:41234")),
        ("cursor://anysphere/callback", ("a program on this computer that opens", "cursor://")),
        (SITE, ("the website", "client.example.com")),
    ],
)
def test_destination_is_said_in_words(uri, words):
    assert destination(uri) == words
