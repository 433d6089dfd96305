"""Every rule has an ID of its own, is registered, and is silent on a healthy site."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.checks import Tags, run_checks
from django.core.checks import Warning as CheckWarning
from django.core.checks.registry import registry

from mcp_oauth_discovery import checks, rotation
from mcp_oauth_discovery.checks.registry import about, listed, places
from tests.checks.conftest import MCP, OURS
from tests.deprecations import STRICT
from tests.markdown import CHECKOUT, blocks, headings, read, section

SOURCES = sorted((CHECKOUT / "mcp_oauth_discovery" / "checks").glob("*.py"))
PAGE = read("docs/checks.md")
DOCUMENTED = headings(PAGE, 2)


def test_healthy_site_hears_nothing(ids):
    assert ids() == []


@pytest.mark.django_db
def test_healthy_site_with_keys_hears_nothing(ids, settings):
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA")
    assert ids(databases=["default"]) == []


def test_site_where_somebody_else_issues_tokens_hears_nothing(ids, settings, urlconf):
    # Not even about members that would be wrong if they were published.
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com/"]
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {
        "registration_endpoint": None,
        "code_challenge_methods_supported": ["plain"],
        "scopes_supported": ["a"],
    }
    settings.MCP_RESOURCE_METADATA = {"scopes_supported": ["b"]}
    urlconf(OURS, MCP)
    assert ids() == []
    del settings.MCP_ISSUER
    settings.MCP_RESOURCE = "https://app.example.com/mcp"
    assert ids() == []


def test_site_whose_resources_name_another_server_hears_nothing(ids, settings, urlconf):
    settings.MCP_RESOURCE_METADATA = {"authorization_servers": ["https://login.example.com"]}
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {}
    urlconf(OURS, MCP)
    assert ids() == []


def test_site_with_tenants_hears_nothing(ids, settings):
    settings.MCP_ISSUER = settings.MCP_RESOURCE = lambda request: 1 / 0
    assert ids() == []


def test_wrong_setting_is_an_error_and_nothing_else(ids, settings):
    settings.MCP_RESOURCES = {"mcp": {}}
    assert ids() == ["E003"]


ODD = [None, 5, 3.5, True, b"x", "x", [5], {"x": 5}, {5: "x"}, object(), len]


@pytest.mark.parametrize("setting", checks.ERRORS)
def test_no_rule_fails_on_a_value_that_is_an_error(run, settings, setting):
    for value in ODD:
        setattr(settings, setting, value)
        said = {message.id[-4:] for message in run() if message.id[-4] == "E"}
        # Some of these values are right for some settings.
        assert said <= {checks.ERRORS[setting]}, value


def test_every_rule_is_registered():
    everything = registry.get_checks(include_deployment_checks=True)
    for number, rule in checks.RULES.items():
        assert rule.check in everything, number
        assert (rule.check in registry.get_checks()) is not rule.deploy, number
        assert rule.check.tags == rule.tags, number


def test_check_of_the_settings_is_registered_once():
    assert checks.check_settings in registry.get_checks()
    assert checks.check_settings.tags == ("mcp_oauth_discovery",)


class CountedReads:
    """The settings, with the number of reads of each."""

    configured = True

    def __init__(self, settings):
        self._settings = settings
        self.reads = Counter()

    @property
    def _wrapped(self):
        return self

    def __getattr__(self, name):
        self.reads[name] += 1
        return getattr(self._settings, name)

    def __dir__(self):
        return dir(self._settings)


@pytest.fixture
def reads(settings, monkeypatch):
    counted = CountedReads(settings)
    monkeypatch.setattr("mcp_oauth_discovery.conf.settings", counted)
    return counted.reads


def test_run_checks_the_settings_once(reads):
    run_checks(tags=[checks.TAG])
    # No other check reads these two.
    assert (reads["MCP_SIGNED_METADATA"], reads["MCP_METADATA_MAX_AGE"]) == (1, 1)


def test_check_of_the_settings_reads_the_resources_once(reads):
    checks.check_settings()
    assert reads["MCP_RESOURCES"] == reads["MCP_RESOURCE"] == 1


def test_rules_that_read_the_database_say_so():
    database = [number for number, rule in checks.RULES.items() if rule.tags == (Tags.database,)]
    others = [number for number, rule in checks.RULES.items() if rule.tags == (checks.TAG,)]
    assert database == ["W029", "W030", "W031", "W039", "W049"]
    assert len(others) + len(database) == len(checks.RULES)


def test_rules_for_deployment_are_these():
    deploy = [number for number, rule in checks.RULES.items() if rule.deploy]
    assert sorted(deploy) == [
        *("W013", "W014", "W015", "W037"),
        *("W041", "W043", "W044", "W045", "W046", "W051"),
    ]


def test_ids_are_unique():
    given = [
        number
        for source in SOURCES
        for number in re.findall(r'(?:@rule\(|: |= )"([EW]\d{3})"', source.read_text())
    ]
    assert sorted(given) == sorted({*checks.ERROR_IDS, *checks.RULES})


def test_every_id_is_documented_and_no_other():
    numbers = [*checks.ERROR_IDS, *sorted(checks.RULES)]
    assert [f"`mcp_oauth_discovery.{number}`" for number in numbers] == DOCUMENTED


def test_documentation_of_every_check_shows_what_to_type():
    for heading in DOCUMENTED:
        assert re.search(r"^```(python|console)\n", section(PAGE, heading), re.M), heading


def documented_settings() -> list:
    """Return the examples of each section that are settings, with the ID that they are to cure."""
    found = [(h, code) for h in DOCUMENTED for code in blocks(section(PAGE, h), "python")]
    return [(h[-5:-1], code) for h, code in found if re.search(r"^[A-Z_]+ = ", code, re.M)]


@pytest.mark.parametrize(("number", "code"), documented_settings())
def test_documented_example_cures_what_its_section_is_about(settings, ids, number, code):
    names = {"timedelta": timedelta}
    exec(compile(code.replace("oauth2_provider:", ""), "example", "exec"), names)  # noqa: S102
    for name in filter(str.isupper, names):
        setattr(settings, name, names[name])
    assert not [one for one in ids() if one == number or one.startswith("E")]


def test_rule_has_name_and_sentence_of_its_function():
    names = {rule.check.__name__ for rule in checks.RULES.values()}
    assert len(names) == len(checks.RULES)
    for rule in checks.RULES.values():
        assert rule.check.__name__.startswith("check_")
        assert rule.check.__doc__.startswith("Report ")


def test_advice_is_a_warning_with_setting_value_and_hint():
    problem, hint = about("MCP_X", "a" * 300, "it is too long", "Write less.")
    assert problem.startswith("MCP_X is 'aaa")
    assert problem.endswith("aaa': it is too long.")
    assert len(problem) < 250
    message = CheckWarning(problem, hint, id="x")
    assert message.hint == "Write less."


@pytest.mark.parametrize(
    ("items", "text"), {("a",): "a", ("a", "b"): "a and b", ("a", "b", "c"): "a, b and c"}.items()
)
def test_list_is_written_as_people_do(items, text):
    assert listed(items) == text


@pytest.mark.parametrize(
    ("routes", "text"),
    [
        ("a", "'a'"),
        ("abab", "'a' and 'b'"),
        ("abcde", "'a', 'b', 'c', 'd' and 'e'"),
        ("abcdef", "'a', 'b', 'c', 'd' and 2 others"),
    ],
)
def test_message_has_only_the_first_of_many_routes(routes, text):
    assert places(routes) == text


def test_checks_bring_in_no_package_that_the_project_does_not_use():
    code = (
        "import django, sys; django.setup(); from django.core.checks import run_checks; "
        "run_checks(include_deployment_checks=True); "
        "print([n for n in ('rest_framework', 'corsheaders.middleware') if n in sys.modules])"
    )
    env = {"DJANGO_SETTINGS_MODULE": "tests.checks.bare_settings", "PATH": "", **STRICT}
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, env=env, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_every_module_of_the_checks_is_in_use():
    named = {Path(rule.check.__module__.replace(".", "/")).name for rule in checks.RULES.values()}
    others = {"__init__", "announced", "guards", "registry", "routes", "signers", "site"}
    others |= {"settings"}
    assert named | others == {source.stem for source in SOURCES}
