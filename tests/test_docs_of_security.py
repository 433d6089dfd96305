"""docs/security.md: the code and the tests that it names exist, and each attack has a defence."""

from __future__ import annotations

import re

from tests.markdown import CHECKOUT, headings, read, section

SECURITY = read("docs/security.md")
PACKAGE = CHECKOUT / "mcp_oauth_discovery"


def test_code_and_tests_that_the_threat_model_names_exist():
    tests = set(re.findall(r"`(tests/[\w/.]+)`", SECURITY))
    modules = set(re.findall(r"`((?!tests/)[a-z_]+/(?:[a-z_]+(?:\.py)?)?)`", SECURITY))
    assert len(tests) > 20
    assert len(modules) > 10
    assert [name for name in tests if not (CHECKOUT / name).is_file()] == []
    assert [name for name in modules if not (PACKAGE / name).exists()] == []


def test_every_attack_has_a_defence_and_names_its_test():
    contents = headings(SECURITY, 2)
    attacks = contents[contents.index("A forged Host") : contents.index("What is not covered")]
    assert len(attacks) == 16
    for attack in attacks:
        text = section(SECURITY, attack)
        assert text.lstrip().startswith("**Attack.**"), attack
        assert "**This app**" in text or "**The doctor**" in text or "| What limits it |" in text
        assert "`tests/" in text, attack
