"""From where `mcp_discovery token` reads, and what it says about what is no token."""

from __future__ import annotations

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from mcp_oauth_discovery.management.tokens.reading import LONGEST, read_token
from tests import ORIGIN

pytestmark = pytest.mark.django_db

TOKEN = "header.claims.signature"


@pytest.fixture
def given(monkeypatch):
    """Return a function that has octets on standard input."""

    def given(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return given


def refused(source="-"):
    with pytest.raises(CommandError) as caught:
        read_token(str(source))
    return str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        "{}",
        "{}\n",
        "  {}\r\n\r\n",
        "Bearer {}",
        "bearer  {}\n",
        "BEARER\t{}",
        "Authorization: Bearer {}",
        "Authorization: DPoP {}",
        "\ufeff{}",
        "Bearer\n{}",
    ],
    ids=repr,
)
def test_white_space_and_scheme_are_left_out(given, tmp_path, written):
    data = written.format(TOKEN).encode()
    given(data)
    assert read_token("-") == TOKEN
    file = tmp_path / "token"
    file.write_bytes(data)
    assert read_token(str(file)) == TOKEN


@pytest.mark.parametrize("written", ["", " \n", "Bearer", "Bearer \n", "DPoP", "\ufeff"], ids=repr)
def test_nothing_is_no_token(given, written):
    given(written.encode())
    assert refused().startswith("The input is empty. Write the token to a file")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "is not text in UTF-8"),
        ("a.b.c".encode("utf-16"), "is not text in UTF-8"),
        (b"a\0b", "is not text in UTF-8"),
        (b'{"access_token": "a.b.c"}', "is JSON, such as the answer of a token endpoint"),
        (b"a.b.c d.e.f", "has more than one word"),
        (b"a.b\n.c", "has more than one word"),
        (b'"a.b.c"', "has characters that no token has"),
        ("a.b.ç".encode(), "has characters that no token has"),
        (b"a.b,c", "has characters that no token has"),
        (b"x" * (LONGEST + 1), "has more than 256 KiB"),
        (b"x" * 10_000_000, "has more than 256 KiB"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_token_is_described_and_not_repeated(given, tmp_path, data, problem):
    given(data)
    assert refused().startswith(f"The input {problem}")
    file = tmp_path / "token"
    file.write_bytes(data)
    message = refused(file)
    assert message.startswith(f"The file {problem}")
    assert "a.b" not in message


def test_longest_input_is_read(given):
    given(b"x" * LONGEST)
    assert len(read_token("-")) == LONGEST


@pytest.mark.parametrize("name", ["eyJhbGciOiJFZERTQSJ9.secret.c", "secret" * 100, "\0secret"])
def test_token_as_an_argument_is_not_repeated(name):
    message = refused(name)
    assert message.startswith("The file cannot be read: ")
    assert message.endswith("name the file, or pass it on standard input.")
    assert "secret" not in message


def test_missing_file_and_directory_have_clear_answers(tmp_path):
    assert "No such file or directory" in refused(tmp_path / "missing")
    assert "Is a directory" in refused(tmp_path)


def test_process_without_standard_input_has_a_clear_answer(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert refused().startswith("There is no standard input. ")


def test_terminal_gets_instructions_on_standard_error(given, monkeypatch, capsys):
    given(TOKEN.encode())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert read_token("-") == TOKEN
    assert capsys.readouterr() == ("", "Paste the token, then press Enter and Ctrl-D.\n")


def test_command_reads_a_file_or_by_default_standard_input(token, command, tmp_path):
    file = tmp_path / "token"
    file.write_text(f"Bearer {token()}\n")
    last = f"The token is accepted for {ORIGIN}/mcp"
    arguments = ("--resource", "/plain")
    for data, source in ((token("/plain"), ()), (token("/plain"), ("-",)), ("", (str(file),))):
        output, message = command(data, *source, *arguments)
        assert (message == "") is (source != (str(file),))
        assert "form       The token is a signed JWT of" in output
    assert last not in output


def test_command_has_no_traceback_for_a_missing_file():
    with pytest.raises(CommandError, match="The file cannot be read: No such file"):
        call_command("mcp_discovery", "token", "/no/such/file", stdout=io.StringIO())
