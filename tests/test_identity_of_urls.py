"""The URLs that a site makes, and what in them comes from a request."""

from __future__ import annotations

import pytest
from django.core.exceptions import SuspiciousOperation
from django.urls import get_script_prefix, set_script_prefix, set_urlconf
from django.utils import translation

from mcp_oauth_discovery.identity import Site
from tests.resources import find

ISSUER = "https://id.example.com/t1"


def test_url_of_a_pattern_is_on_the_origin_of_the_issuer(settings, site):
    settings.MCP_ISSUER = "https://id.example.com/t1"
    assert site.url_for("oauth2_provider:token") == "https://id.example.com/o/token/"
    assert site.is_pinned


@pytest.fixture
def script_prefix():
    """Set the prefix that a handler sets from SCRIPT_NAME at the start of each request."""
    yield set_script_prefix
    set_script_prefix("/")


def test_script_name_of_a_request_unpins(settings, site, script_prefix):
    settings.MCP_ISSUER = "https://id.example.com"
    script_prefix("/evil")
    assert site.url_for("page") == "https://id.example.com/evil/page/"
    assert not site.is_pinned


def test_forced_script_name_is_pinned(settings, site, script_prefix):
    settings.MCP_ISSUER = "https://id.example.com"
    settings.FORCE_SCRIPT_NAME = "/app"
    script_prefix("/app")
    assert site.url_for("page") == "https://id.example.com/app/page/"
    assert site.is_pinned


def test_urls_are_reversed_in_the_default_language(settings, site):
    settings.MCP_ISSUER = "https://id.example.com"
    settings.ROOT_URLCONF, settings.LANGUAGE_CODE = "tests.localised_urls", "en"
    with translation.override("fr"):
        assert site.url_for("page") == "https://id.example.com/en/page/"


def test_example_host_decides_where_there_is_no_request(settings):
    settings.MCP_RESOURCES = {"https://b.example.com/mcp": {}, "/mcp": {}}
    assert find(Site(None), "/mcp") == "https://this-site.invalid/mcp"


def test_derived_http_origin_carries_the_resources_of_path_keys(settings, site_at):
    settings.MCP_RESOURCES = {"/files": {}}
    assert find(site_at("http://app.example.com"), "/files") == "http://app.example.com/files"


@pytest.mark.parametrize("host", ["app.example.com:99999", "[:::::::]", "[:::]"])
def test_host_that_makes_no_url_is_refused(settings, site_at, host):
    settings.ALLOWED_HOSTS = ["*"]
    with pytest.raises(SuspiciousOperation, match="Host"):
        site_at(f"https://{host}").issuer  # noqa: B018


def test_callable_may_refuse_a_suspicious_request(settings, site):
    def issuer(request):
        raise SuspiciousOperation("not you")

    settings.MCP_ISSUER = issuer
    with pytest.raises(SuspiciousOperation, match="not you"):
        site.issuer  # noqa: B018


def test_urlconf_of_a_request_unpins(settings, site_at):
    settings.MCP_ISSUER = "https://id.example.com"
    site = site_at("https://app.example.com")
    site._request.urlconf = "tests.localised_urls"  # noqa: SLF001
    assert site.url_for("page") == "https://id.example.com/en-us/page/"
    assert not site.is_pinned


def test_urlconf_of_a_request_that_is_the_root_one_keeps_it_pinned(settings, site):
    settings.MCP_ISSUER = "https://id.example.com"
    site._request.urlconf = settings.ROOT_URLCONF  # noqa: SLF001
    assert site.url_for("page") == "https://id.example.com/page/"
    assert site.is_pinned


@pytest.fixture
def thread_urlconf():
    set_urlconf("tests.prefixed_urls")
    yield
    set_urlconf(None)


def test_urlconf_of_the_thread_is_in_no_document(settings, site, thread_urlconf):
    settings.MCP_ISSUER = "https://id.example.com"
    assert (
        site.url_for("mcp_oauth_discovery:jwks") == "https://id.example.com/.well-known/jwks.json"
    )
    assert site.is_pinned


def test_site_without_a_request_ignores_the_urlconf_of_the_thread(settings, thread_urlconf):
    assert Site(None).url_for("page") == "https://this-site.invalid/page/"


def test_script_prefix_that_a_middleware_sets_unpins(settings, site):
    settings.MCP_ISSUER = "https://id.example.com"
    before = get_script_prefix()
    set_script_prefix("/tenant/")
    try:
        assert site.url_for("page") == "https://id.example.com/tenant/page/"
    finally:
        set_script_prefix(before)
    assert not site.is_pinned
