"""DPoP that is announced and not done, that no client can use, or that forgets used proofs."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.urls import path

from mcp_oauth_discovery.protection import bearer_required
from tests.checks.conftest import OAUTH, OURS
from tests.urls import page

PREFIX = "django.core.cache.backends."
ALGORITHMS = ["ES256", "EdDSA", "RS256"]
SUPPORTED = "dpop_signing_alg_values_supported"
REQUIRED = "dpop_bound_access_tokens_required"


def view(dpop, name="/mcp"):
    return bearer_required(name, scope="mcp", dpop=dpop)(page)


@pytest.fixture
def shared_cache(settings):
    settings.CACHES = {"default": {"BACKEND": PREFIX + "memcached.PyMemcacheCache"}}


@pytest.fixture
def site(urlconf, server, shared_cache):
    """Route views of the default resource with these values of `dpop`; all else is healthy."""

    def site(*modes, announced=True):
        views = [path(f"mcp/{at}", view(mode)) for at, mode in enumerate(modes)]
        urlconf(OURS, *OAUTH, *views)
        if announced:
            server(dpop_signing_alg_values_supported=ALGORITHMS)

    return site


@pytest.fixture
def report(run):
    """Return the messages with an ID, and check that there are no others."""

    def report(number):
        messages = run()
        assert {message.id[-4:] for message in messages} <= {number}
        return messages

    return report


# What the settings announce


@pytest.mark.parametrize("modes", [[], ["accept"], ["require"], ["accept", None]])
def test_site_whose_views_do_what_is_announced_is_healthy(site, ids, modes):
    site(*modes)
    assert ids() == []


@pytest.mark.parametrize(
    ("modes", "members"),
    [
        (["require"], {REQUIRED: True, SUPPORTED: ALGORITHMS}),
        (["accept"], {REQUIRED: False, SUPPORTED: [*reversed(ALGORITHMS)]}),
        (["accept"], {REQUIRED: None, SUPPORTED: None}),
        ([None], {REQUIRED: False}),
        # The views may be on another server.
        ([], {REQUIRED: True, SUPPORTED: ["ES384"]}),
    ],
)
def test_members_that_are_true_are_healthy(site, ids, settings, modes, members):
    site(*modes)
    settings.MCP_RESOURCE_METADATA = members
    assert ids() == []


@pytest.mark.parametrize("modes", [["accept"], [None], ["require", None]])
def test_required_that_a_view_does_not_require_is_reported(site, report, settings, modes):
    site(*modes)
    settings.MCP_RESOURCE_METADATA = {REQUIRED: True}
    [message] = report("W050")
    assert message.msg.startswith(f"MCP_RESOURCE_METADATA['{REQUIRED}'] is True: the view at ")
    assert f"'mcp/{len(modes) - 1}' takes Bearer tokens" in message.msg
    assert 'dpop="require"' in message.hint


def test_not_required_where_all_views_require_is_reported(site, report, settings):
    site("require", "require")
    settings.MCP_RESOURCES = {"/mcp": {REQUIRED: False}}
    [message] = report("W050")
    assert message.msg.startswith(f"MCP_RESOURCES['/mcp']['{REQUIRED}'] is False: the view at ")
    assert "refuses Bearer tokens" in message.msg
    assert f'Leave "{REQUIRED}" out' in message.hint


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (["ES256", "ES384", "PS256"], "no view of '/mcp' accepts proofs with ES384 and PS256"),
        (["ES256"], "it lacks EdDSA and RS256, which the views of '/mcp' accept"),
    ],
)
def test_other_algorithms_than_the_views_accept_are_reported(
    site, report, settings, written, problem
):
    site("accept")
    members = {SUPPORTED: [*written, *(() if len(written) == 1 else ALGORITHMS)]}
    settings.MCP_RESOURCES = {"/mcp": members}
    [message] = report("W050")
    assert problem in message.msg
    assert f'Leave "{SUPPORTED}" out' in message.hint


def test_algorithms_of_views_without_dpop_are_reported(site, report, settings):
    site(None)
    settings.MCP_RESOURCE_METADATA = {SUPPORTED: ["ES256"]}
    [message] = report("W050")
    assert "no view of '/mcp' verifies DPoP proofs" in message.msg
    assert 'dpop="accept"' in message.hint


def test_one_setting_of_several_resources_is_reported_once(site, report, settings, urlconf):
    settings.MCP_RESOURCES = {"/files": {}, "/mail": {}}
    settings.MCP_RESOURCE_METADATA = {SUPPORTED: ["ES256"]}
    views = [path("files", view(None, "/files")), path("mail", view(None, "/mail"))]
    urlconf(OURS, *OAUTH, *views)
    [message] = report("W050")
    assert "no view of '/files' and '/mail' verifies DPoP proofs" in message.msg


def test_disabled_resource_is_not_reported(site, ids, settings):
    settings.MCP_RESOURCES = {"/mcp": {"enabled": False, REQUIRED: True}, "/files": {}}
    site("accept", None)
    assert ids() == []


# What no client can use


@pytest.mark.parametrize("issuer", [None, lambda request: "https://app.example.com"])
@pytest.mark.parametrize("mode", ["accept", "require"])
def test_dpop_for_an_unpinned_resource_is_reported(site, run, settings, issuer, mode):
    site(mode)
    settings.MCP_ISSUER = issuer
    [message] = [message for message in run() if message.id.endswith("W050")]
    assert message.msg.startswith("ROOT_URLCONF has a view at 'mcp/0' with dpop=")
    assert "the view refuses every token with a proof" in message.msg
    assert 'MCP_ISSUER = "https://app.example.com"' in message.hint


def test_dpop_for_a_resource_that_is_pinned_itself_is_healthy(site, run, settings):
    site("accept")
    settings.MCP_ISSUER = None
    settings.MCP_RESOURCE = "https://app.example.com/mcp"
    assert "W050" not in {message.id[-4:] for message in run()}


def test_unpinned_view_without_dpop_is_not_reported(site, run, settings):
    site(None)
    settings.MCP_ISSUER = None
    assert "W050" not in {message.id[-4:] for message in run()}


def test_requirement_that_the_token_endpoint_does_not_know_is_reported(site, report):
    site("require", announced=False)
    [message] = report("W050")
    assert f"MCP_AUTHORIZATION_SERVER_METADATA does not have {SUPPORTED}" in message.msg
    assert "'mcp/0'" in message.msg
    assert f'"{SUPPORTED}": ["ES256", "EdDSA", "RS256"]' in message.hint


def test_views_that_take_bearer_need_no_bound_tokens(site, ids):
    site("accept", announced=False)
    assert ids() == []


def test_requirement_is_healthy_if_another_server_issues_the_tokens(site, ids, settings):
    site("require", announced=False)
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    assert ids() == []


# The cache


CULLED = {"OPTIONS": {"MAX_ENTRIES": 10_000}}
DATABASE = {"BACKEND": PREFIX + "db.DatabaseCache", "LOCATION": "cache"}


@pytest.mark.parametrize(
    ("backend", "problem"),
    [
        ("dummy.DummyCache", "remembers nothing"),
        ("locmem.LocMemCache", "each process has its own"),
        ("filebased.FileBasedCache", "two processes can store the same proof at the same time"),
    ],
)
def test_cache_that_cannot_detect_a_replay_is_reported(site, report, settings, backend, problem):
    site("accept")
    settings.CACHES = {"default": {"BACKEND": PREFIX + backend, **CULLED}}
    [message] = report("W051")
    assert message.msg.startswith("CACHES['default'] is ")
    assert problem in message.msg
    assert "django.core.cache.backends.redis.RedisCache" in message.hint


@pytest.mark.parametrize("options", [{}, {"OPTIONS": {"MAX_ENTRIES": 9_999}}])
def test_cache_that_forgets_used_proofs_is_reported(site, report, settings, options):
    site("accept")
    settings.CACHES = {"default": {**DATABASE, **options}}
    [message] = report("W051")
    most = options.get("OPTIONS", {}).get("MAX_ENTRIES", 300)
    assert f"keeps at most {most} entries" in message.msg
    assert '"OPTIONS": {"MAX_ENTRIES": 100000}' in message.hint


def test_spelling_of_the_limit_that_django_reads_first_counts(site, ids, settings):
    site("accept")
    settings.CACHES = {"default": {**DATABASE, "max_entries": "10000"}}
    assert ids() == []


def test_large_shared_cache_is_healthy(site, ids, settings):
    site("require")
    settings.CACHES = {"default": {**DATABASE, **CULLED}}
    assert ids() == []


@pytest.mark.parametrize("backend", ["dummy.DummyCache", "locmem.LocMemCache"])
def test_cache_is_no_concern_without_dpop(site, ids, settings, backend):
    site(None)
    settings.CACHES = {"default": {"BACKEND": PREFIX + backend}}
    assert ids() == []


@pytest.mark.parametrize(
    "entry", [{"BACKEND": "missing.Cache"}, {"BACKEND": PREFIX + "dummy.Missing"}, {}]
)
def test_cache_that_django_cannot_load_is_left_to_django(site, ids, settings, entry):
    site("accept")
    settings.CACHES = {"default": entry}
    assert "W051" not in ids()


def test_limit_that_is_no_number_is_djangos_default(site, report, settings):
    site("accept")
    settings.CACHES = {"default": {**DATABASE, "OPTIONS": {"MAX_ENTRIES": "many"}}}
    [message] = report("W051")
    assert "keeps at most 300 entries" in message.msg


def test_cache_is_no_concern_before_deployment(site, settings):
    site("accept")
    settings.CACHES = {"default": {"BACKEND": PREFIX + "dummy.DummyCache"}}
    assert run_checks(tags=["mcp_oauth_discovery"]) == []
