"""docs/security.md: the code and the tests that it names exist, and each attack has a defence."""

from __future__ import annotations

import re

from oauth2_provider.settings import DEFAULTS

from mcp_oauth_discovery.contrib.oauth_toolkit import AT_ONCE
from mcp_oauth_discovery.doctor.transport.deadlines import BUDGET, TIMEOUT
from mcp_oauth_discovery.doctor.transport.messages import SIZE_LIMIT
from mcp_oauth_discovery.keys.cache import READ_AT_MOST_EVERY
from mcp_oauth_discovery.verifiers import issuer_documents
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


def words(attack: str) -> str:
    return " ".join(section(SECURITY, attack).split())


def test_documented_limits_are_those_of_the_code():
    doctor = words("A malicious server and the doctor")
    assert f"at most {SIZE_LIMIT // 1024} KB of a document" in doctor
    assert f"at most {TIMEOUT:g} seconds for an answer, and {BUDGET:g} seconds for all" in doctor
    metadata = issuer_documents._METADATA_LIMIT // 1024  # noqa: SLF001
    keys = issuer_documents._KEYS_LIMIT // 1024**2  # noqa: SLF001
    assert f"{metadata} KB and {keys} MB" in words("Requests that your site sends")
    seconds = READ_AT_MOST_EVERY.seconds
    assert f"in every process within {seconds} seconds" in words("A stolen signing key")
    assert f"after {AT_ONCE.seconds} seconds" in words("A stolen or replayed code")


def test_documented_limits_of_the_toolkit_are_its_defaults():
    size, timeout, number = (
        DEFAULTS[f"CIMD_{name}"]
        for name in ("MAX_DOCUMENT_SIZE", "FETCH_TIMEOUT_SECONDS", "MAX_CONCURRENT_FETCHES")
    )
    limits = f"{size // 1024} KB, {timeout} seconds, {number} at a time"
    assert limits in words("Requests that your site sends")
    code = DEFAULTS["AUTHORIZATION_CODE_EXPIRE_SECONDS"]
    assert f"for its {code} seconds" in words("A database dump")
