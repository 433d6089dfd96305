"""No text that people see is left out of the catalogues, in any module."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.walk.headers import CHATGPT
from tests.translations.catalogues import PACKAGE
from tests.translations.left_out import sentences

ROOMS = ("admin", "doctor", "management", "standards")
# Examples of what servers answer, and lines to paste into a project: both are code.
OUTSIDE = ("doctor/examples/", "management/init/snippets.py")
# Texts that are the same in every language: values in JSON, log lines, headers, OAuth errors,
# problems of settings, and reports for programs or beside a baseline. A report says of every bad
# host that browsers refuse it.
IN_ENGLISH: dict[str, set[str]] = {
    "admin/pages.py": {"A page of the admin failed: %s"},
    "admin/report.py": {"may stumble", "nothing found", "not judged"},
    "doctor/mishaps.py": {"A step of the doctor failed. %s"},
    "doctor/output/junit.py": {"The doctor did not complete this step."},
    "doctor/output/requests.py": {"NAME ms"},
    "doctor/output/sarif.py": {"The finding is in the baseline file."},
    "doctor/project/tokens/views.py": {"application/json, text/event-stream"},
    "doctor/report.py": {"may stumble", "nothing found", "not judged"},
    "doctor/steps/documents.py": {"Content-Type: application/json"},
    "doctor/steps/server_members.py": {
        "issuer, authorization_endpoint, token_endpoint, response_types_supported",
    },
    "doctor/walk/headers.py": {CHATGPT, "application/json, text/event-stream"},
    "management/checking.py": {
        "1 known problem",
        "NAME findings",
        "NAME known problems",
        "No longer found: NAME at NAME.",
        "No longer found: NAME others.",
        "No new problems found; NAME.",
        "Known from the baseline, not printed: NAME.",
        "Remove these from the baseline: write the file again with check --json.",
    },
    "management/init/project.py": {
        "a class",
        "a function",
        "a view of Django REST framework",
        "in asgi.py",
        "not of the project",
    },
    "standards/authorization.py": {
        "The Authorization header has no token in it",
        "The request has more than one set of credentials",
    },
    "standards/hosts.py": {
        "NAME begins with a mark",
        "NAME has a character that is not allowed in a name",
        "NAME is not a host",
        "NAME is not a number",
        "NAME is not an IPv4 address",
        "NAME is not an IPv6 address",
        "NAME is not the ASCII form of a name",
        "a host cannot have NAME characters",
    },
    "standards/members.py": {
        "Write a value that JSON can carry, under a name that is a string, or leave it out.",
        'Write, for example, "NAME": NAME, or leave it out.',
    },
    "standards/metadata.py": {"NAME cannot be left out while NAME needs it"},
    "standards/server_cards.py": {'"Forecasts for any place."'},
}
MODULES = sorted(path for room in ROOMS for path in (PACKAGE / room).rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_every_sentence_is_marked_for_translation(room):
    left_out = {}
    for path in MODULES:
        name = str(path.relative_to(PACKAGE))
        if name.startswith(f"{room}/") and not name.startswith(OUTSIDE):
            known = IN_ENGLISH.get(name, set())
            texts = [text for text in sentences(path.read_text()) if text not in known]
            if texts:
                left_out[name] = texts
    assert left_out == {}


def test_list_of_english_texts_has_only_texts_that_are_there():
    for name, known in IN_ENGLISH.items():
        assert known <= set(sentences((PACKAGE / name).read_text())), name


LEFT = ["a text", "NAME is here", "mcp_keys list lists keys.", "a name", "seen here"]


def test_sentences_are_texts_of_two_words_outside_of_gettext():
    source = '''"""A docstring here."""
HEADER = "WWW-Authenticate: Bearer"
NAMES = ["one", "GET /mcp", "mcp_keys retire kid.txt"]
WORDS = re.compile("a pattern here")
LEFT = ("a text", f"{name} is here", "mcp_keys list lists keys.")
MARKED = _("a marked text"), ngettext("one key", "%d keys", 2) % {"name": "a name"}
Entry(section="RFC 9728 and more", seen="seen here")
'''
    assert list(sentences(source)) == LEFT
