"""What the doctor finds is translated: no English sentence is in the texts of any finding."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from mcp_oauth_discovery.doctor.language import said
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEPS
from mcp_oauth_discovery.standards.server_cards import check_remotes
from tests.doctor import faults_tokens, test_rules
from tests.doctor.world import World, diagnose
from tests.translations.catalogues import LANGUAGES, compiled, messages
from tests.translations.pseudo import NO_BREAK, outside

# The words that hold English sentences together, and that no name or value has.
_ENGLISH = re.compile(
    r"(?<![\w/=.-])(?:the|an|is|are|has|have|of|and|or|in|to|for|with|without|from|at|it|its|not"
    r"|no|that|this|which|than|was|were|be|by|on|as|if|but)(?![\w/=+-]|\.\w)"
)
# What a server or a library said is quoted as it is.
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`")
# What system checks, servers and Python say in planted faults: the report has it without quotes.
_OF_OTHERS = (
    "MCP_ISSUER is None: this site has keys.",
    "Pin it.",
    "No key is active.",
    "It is too old",
    "Expecting property name enclosed in double quotes",
    "no admission",
)


def english(text: str) -> list[str]:
    """Return the words of English sentences outside of all brackets."""
    text = outside(text)
    for part in _OF_OTHERS:
        text = text.replace(part, " ")
    return _ENGLISH.findall(_QUOTED.sub(" ", text))


@pytest.mark.usefixtures("pseudo_french")
@pytest.mark.parametrize("fault", test_rules.FAULTS, ids=lambda fault: fault.name)
def test_findings_are_translated(fault):
    world = World()
    fault.plant(world)
    for finding in diagnose(world, fault.url, in_process=fault.in_process):
        texts = [finding.seen, finding.fix, finding.django_fix, finding.expected]
        left = {text: words for text in texts if (words := english(text))}
        assert left == {}, finding.code
        # That of a translation is printed. That of a value is escaped.
        assert [text for text in texts if repr(NO_BREAK)[1:-1] in text] == [], finding.code


def test_problem_within_a_value_is_translated_and_an_exception_of_python_is_quoted():
    with pytest.raises(ValueError, match=r"^remotes\[0\]: 'url': expected a string") as problem:
        check_remotes([{"type": "sse", "url": 5}])
    with translation.override("de"):
        assert said(problem.value) == "remotes[0]: 'url': erwartet wird ein String, nicht int"
        assert said(ValueError("in the words of Python")) == "in the words of Python"


def test_status_has_the_colon_of_the_language():
    world = World()
    faults_tokens.token_with_a_description(world)
    with translation.override("fr"):
        texts = [one.seen for one in diagnose(world) if one.code == "token-refused"]
    assert [text.partition("\n")[0] for text in texts] == ["401\xa0: invalid_token: It is too old."]


def test_texts_of_every_code_and_step_are_in_the_catalogues():
    known = {message.text for message in messages()}
    texts = [
        text
        for entry in ENTRIES.values()
        for text in (entry.seen, entry.expected, entry.fix, entry.django_fix)
    ]
    texts += [text for step in STEPS for text in (step.title, step.holds, step.lacks)]
    # A text that is computed from names is a value, and has no words.
    assert [text for text in texts if text and text not in known and english(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_name_of_a_member_takes_the_place_of_the_same_words_in_every_language(language):
    catalogue = compiled(language)
    words = catalogue.gettext("the member")
    for entry in ENTRIES.values():
        for text in (entry.fix, entry.django_fix):
            if "the member " in text:
                assert words in catalogue.gettext(text), entry.code


def test_english_is_found_outside_of_brackets_and_quotes():
    assert english("⟦401 of the endpoint⟧ is 'the value'") == ["is"]
    assert english("in the body") == ["in", "the"]
    assert english("https://app.example.com/the/path is=on") == []
