"""How `mcp_discovery token` reports: colours, JSON, and no secret in any of it."""

from __future__ import annotations

import json
import re

import pytest

from mcp_oauth_discovery.management.tokens.report import MOST_MEMBERS
from tests import ORIGIN
from tests.signing.tokens import encode, forge

pytestmark = pytest.mark.django_db

HOSTILE = "\x1b[31mred\u202e\n"


def test_report_has_neither_token_nor_signature(token, command):
    signed = token(x="y")
    _, payload, signature = signed.split(".")
    for arguments in ((), ("--json",), ("--no-color",)):
        output, message = command(signed, *arguments)
        text = f"{output}{message}"
        assert signed not in text
        assert payload not in text
        # Not even its beginning, which a shortened text might end in.
        assert signature[:12] not in text
        assert "***" in text


@pytest.mark.parametrize("secret", ["opaque-token-of-ada", "key-of-ada-lovelace"])
@pytest.mark.usefixtures("key")
def test_report_has_no_opaque_token(command, secret):
    for arguments in ((), ("--json",)):
        output, message = command(secret, *arguments)
        assert secret not in f"{output}{message}"


@pytest.mark.usefixtures("key")
def test_short_token_does_not_replace_words_of_the_report(command):
    assert "***" in command("opaque-token-of-ada")[0]
    output, _ = command("e")
    assert "The token is not a JWT but a text of 1 character: opaque" in output
    assert "***" not in output


def test_report_ends_with_the_resources_that_accept(token, command):
    output, message = command(token("/plain"))
    assert message == ""
    assert output.endswith(f"The token is accepted for {ORIGIN}/plain.\n")


def test_report_has_colours_on_demand(token, command, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in command(token("/plain"), force_color=True)[0]
    assert "\x1b[" not in command(token("/plain"), no_color=True)[0]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in command(token("/plain"))[0]


def test_text_of_a_token_cannot_control_the_terminal(key, command):
    hostile = {"iss": HOSTILE, "aud": HOSTILE, "exp": HOSTILE, HOSTILE: HOSTILE, "sub": "\ud800"}
    signed = forge(key, json.dumps(hostile).encode(), kid=HOSTILE, typ=HOSTILE)
    output, message = command(signed, no_color=True)
    assert "\x1b" not in output + message
    assert "\u202e" not in output + message
    assert not any(line.startswith("red") for line in output.splitlines())


def test_long_and_deep_claims_are_shortened(key, command, explained):
    deep = "[" * 900 + "]" * 900
    claims = f'{{"long": "{"x" * 5000}", "deep": {deep}, "nan": NaN, "scope": "mcp"}}'
    signed = forge(key, claims.encode())
    assert max(map(len, command(signed)[0].splitlines())) < 1500
    shown = explained(signed).document["claims"]
    assert shown["long"] == f'"{"x" * 299}… (5002 characters)'
    assert shown["nan"] == "NaN"
    assert len(json.dumps(shown["deep"])) < 400
    assert shown["scope"] == "mcp"


def test_text_that_has_the_word_nan_is_shown_as_it_is(key, explained):
    claims = {"note": "NaN and Infinity"}
    assert explained(forge(key, claims)).document["claims"] == claims


def test_claims_that_no_encoder_can_write_are_not_shown(monkeypatch, key, explained):
    # Where Python reads more levels than it writes.
    written = json.dumps

    def shallow(value, **options):
        if value == [[]]:
            raise RecursionError
        return written(value, **options)

    signed = forge(key, {"deep": [[]]})
    monkeypatch.setattr("mcp_oauth_discovery.management.tokens.report.json.dumps", shallow)
    assert explained(signed).document["claims"] == {"deep": "nested too deep to be shown"}


def test_number_of_claims_is_limited(key, command, explained):
    signed = forge(key, {f"claim{number}": number for number in range(MOST_MEMBERS + 3)})
    assert "  … and 3 more\n" in command(signed)[0]
    assert len(explained(signed).document["claims"]) == MOST_MEMBERS


@pytest.mark.usefixtures("key")
def test_json_is_one_document_for_every_form(command):
    jwe = f"{encode({'alg': 'RSA-OAEP', 'enc': 'A256GCM'})}.a.b.c.d"
    for written in ("opaque-token", jwe, f"{encode({'alg': 'x'})}.~.~"):
        document = json.loads(command(written, "--json")[0])
        assert document["ok"] is document["verified"] is False
        assert document["claims"] is None


def test_report_says_whether_the_claims_are_verified(token, key, command):
    assert "Claims (signed by this site)" in command(token())[0]
    forged = forge(key, {"sub": "1"}, sign=lambda message: bytes(64))
    assert "Claims (not verified)" in command(forged)[0]


def test_views_are_marked(token, command):
    output, _ = command(token("/plain"))
    marks = dict(re.findall(r"^  View (\S+): (.+)$", output, re.M))
    assert (marks["/plain"], marks["/mcp"]) == ("accepted", "refused")
    assert marks[r"/any/(?P<name>\w+)$"] == "not judged"
    assert "  No view of this project is protected for it.\n" in output
