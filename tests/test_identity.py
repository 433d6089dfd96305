from __future__ import annotations

import logging
from functools import partial

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import Http404
from django.urls import get_script_prefix, set_script_prefix, set_urlconf
from django.utils import translation

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.identity import Resource, Site

ISSUER = "https://id.example.com/t1"


@pytest.fixture
def site_at(rf):
    """The site as a request to another origin sees it."""

    def site_at(origin):
        scheme, _, host = origin.partition("://")
        return Site(rf.get("/", secure=scheme == "https", headers={"host": host}))

    return site_at


def identifiers(site):
    return [resource.identifier for resource in site.resources]


def find(site, path, query=""):
    found = site.find_resource(path, query)
    return found and found.identifier


# The issuer


def test_issuer_is_the_origin_of_the_request(site):
    assert site.issuer == "https://app.example.com"


def test_issuer_is_published_byte_for_byte(settings, site):
    settings.MCP_ISSUER = "HTTPS://ID.example.com:443/T1/"
    assert site.issuer == "HTTPS://ID.example.com:443/T1/"
    assert site.origin == "HTTPS://ID.example.com:443"


def test_callable_issuer_gets_the_request(settings, rf):
    settings.MCP_ISSUER = lambda request: f"https://id.example.com/{request.GET['tenant']}"
    assert Site(rf.get("/?tenant=7")).issuer == "https://id.example.com/7"


@pytest.mark.parametrize(
    ("origin", "issuer"),
    [
        ("https://APP.Example.com", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://localhost:80", "http://localhost"),
        ("https://app.example.com:80", "https://app.example.com:80"),
        ("https://app.example.com:8443", "https://app.example.com:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_derived_issuer_has_the_canonical_spelling(site_at, origin, issuer):
    assert site_at(origin).issuer == issuer


def test_forwarded_headers_are_not_believed_unasked(rf):
    headers = {"x-forwarded-host": "evil.example.com", "x-forwarded-proto": "https"}
    request = rf.get("/", headers={"host": "localhost", **headers, "forwarded": "host=evil"})
    assert Site(request).issuer == "http://localhost"


def test_forwarded_headers_count_where_the_project_says_so(settings, rf):
    settings.USE_X_FORWARDED_HOST = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {"x-forwarded-host": "app.example.com", "x-forwarded-proto": "https"}
    assert Site(rf.get("/", headers=headers)).issuer == "https://app.example.com"


def test_derived_http_issuer_is_served_with_a_warning(site_at, caplog):
    site = site_at("http://app.example.com")
    site.log_if_http({"resource": "https://id.example.com", "issuer": site.issuer})
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("mcp_oauth_discovery", logging.WARNING)
    assert "'app.example.com'" in record.getMessage()
    assert "SECURE_PROXY_SSL_HEADER" in record.getMessage()
    assert "MCP_ISSUER" in record.getMessage()


def test_http_issuer_that_is_only_compared_gives_no_warning(site_at, caplog):
    site = site_at("http://app.example.com")
    assert site.issuer == "http://app.example.com"
    site.log_if_http({"resource": "https://id.example.com"})
    assert caplog.records == []


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST.",
        "x.localhost",
        "127.0.0.1",
        "127.8.9.1:8000",
        "[::1]",
        "[::1]:8000",
    ],
)
def test_derived_http_issuer_on_loopback_gives_no_warning(settings, site_at, caplog, host):
    settings.ALLOWED_HOSTS = ["*"]
    site = site_at(f"http://{host}")
    site.log_if_http(site.issuer)
    assert site.issuer == f"http://{host.lower()}"
    assert caplog.records == []


@pytest.mark.parametrize("host", ["a..b", "999.0.0.1"])
def test_odd_host_is_not_taken_for_loopback(settings, site_at, caplog, host):
    settings.ALLOWED_HOSTS = ["*"]
    site = site_at(f"http://{host}")
    site.log_if_http(site.issuer)
    assert site.issuer == f"http://{host}"
    assert len(caplog.records) == 1


def test_derived_https_issuer_gives_no_warning(site, caplog):
    assert site.issuer.startswith("https:")
    assert caplog.records == []


def test_without_a_request_the_issuer_is_an_example():
    assert Site(None).issuer == "https://this-site.invalid"


@pytest.mark.parametrize(
    ("setting", "example"), [("ISSUER", ""), ("RESOURCE", "/mcp")], ids=["issuer", "resource"]
)
def test_without_a_request_a_callable_is_not_called(settings, setting, example):
    setattr(settings, f"MCP_{setting}", lambda request: request.no_such_thing)
    site = Site(None)
    value = site.issuer if setting == "ISSUER" else site.default_resource.identifier
    assert value == f"https://this-site.invalid{example}"


# Callables that go wrong


@pytest.fixture(params=["MCP_ISSUER", "MCP_RESOURCE"])
def read(request, settings, site):
    """Return a function that sets a callable identifier and has it called."""

    def read(identify):
        setattr(settings, request.param, identify)
        return site.issuer if request.param == "MCP_ISSUER" else site.resources

    read.setting = request.param
    return read


def fail(request, error):
    raise error


def test_callable_that_raises_names_the_setting_and_the_error(read):
    error = KeyError("no tenant")
    with pytest.raises(Misconfigured, match=r"the callable raised KeyError: 'no tenant'") as caught:
        read(partial(fail, error=error))
    assert caught.value.setting == read.setting
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [Http404(), Http404("no such tenant")], ids=["bare", "text"])
def test_callable_may_say_that_there_is_no_such_tenant(read, error):
    with pytest.raises(Http404) as caught:
        read(partial(fail, error=error))
    assert caught.value is error


@pytest.mark.parametrize(
    "answer", [None, 7, "", "app.example.com", "http://app.example.com", "https://h#x"], ids=repr
)
def test_callable_that_returns_nonsense_names_setting_and_answer(read, answer):
    with pytest.raises(Misconfigured) as caught:
        read(lambda request: answer)
    assert str(caught.value).startswith(f"{read.setting} is <function ")
    assert f": the callable returned {answer!r}: " in str(caught.value)
    assert f"{read.setting} = " in caught.value.hint


# What is pinned


@pytest.mark.parametrize(
    "pinned",
    [
        pytest.param({"MCP_ISSUER": ISSUER}, id="issuer"),
        pytest.param(
            {"MCP_RESOURCE": f"{ISSUER}/mcp", "MCP_AUTHORIZATION_SERVERS": [ISSUER]},
            id="resource-and-servers",
        ),
    ],
)
def test_site_is_pinned_while_nothing_comes_from_the_request(settings, site, pinned):
    for name, value in pinned.items():
        setattr(settings, name, value)
    assert site.resources
    assert site.authorization_servers
    assert site.is_pinned


def test_site_is_pinned_until_the_request_is_asked(site):
    assert site.is_pinned
    assert site.issuer
    assert not site.is_pinned


@pytest.mark.parametrize("setting", ["MCP_ISSUER", "MCP_RESOURCE"])
def test_callable_unpins(settings, site, setting):
    settings.MCP_ISSUER = ISSUER
    setattr(settings, setting, lambda request: ISSUER)
    assert identifiers(site)
    assert not site.is_pinned


def test_path_as_key_of_a_resource_unpins_a_derived_issuer(settings, site):
    settings.MCP_RESOURCES = {"/mcp": {}}
    assert identifiers(site) == ["https://app.example.com/mcp"]
    assert not site.is_pinned


# Authorization servers


def test_site_is_its_own_authorization_server(settings, site):
    settings.MCP_ISSUER = ISSUER
    assert site.authorization_servers == [ISSUER]
    assert site.is_authorization_server


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        (["https://login.example.com"], False),
        (["https://login.example.com", ISSUER], True),
        ((ISSUER,), True),
        ([f"{ISSUER}/"], False),
    ],
    ids=["other", "both", "tuple", "other-spelling"],
)
def test_site_is_authorization_server_if_it_is_listed(settings, site, servers, expected):
    settings.MCP_ISSUER, settings.MCP_AUTHORIZATION_SERVERS = ISSUER, servers
    assert site.authorization_servers == list(servers)
    assert site.is_authorization_server is expected


# Resources


def test_default_resource_is_below_the_issuer(settings, site):
    settings.MCP_ISSUER = ISSUER
    assert site.resources == [Resource(f"{ISSUER}/mcp", {})]
    assert site.default_resource == site.resources[0]


def test_only_resource_listed_is_the_default(settings, site):
    settings.MCP_RESOURCES = {"/files/mcp": {"resource_name": "Files"}}
    members = {"resource_name": "Files"}
    expected = Resource("https://app.example.com/files/mcp", members, key="/files/mcp")
    assert site.resources == [expected]
    assert site.default_resource == expected


def test_of_several_resources_none_is_the_default(settings, site):
    settings.MCP_RESOURCES = {"/a": {}, "/b": {}}
    assert site.default_resource is None


def test_set_resource_is_the_default_beside_those_listed(settings, site):
    settings.MCP_RESOURCE = "https://app.example.com/mcp"
    settings.MCP_RESOURCES = {"/a": {}}
    assert identifiers(site) == ["https://app.example.com/a", "https://app.example.com/mcp"]
    assert site.default_resource == Resource("https://app.example.com/mcp", {})


def test_set_resource_may_have_its_members_in_the_list(settings, site):
    settings.MCP_RESOURCE = "https://app.example.com/mcp"
    settings.MCP_RESOURCES = {"/mcp": {"resource_name": "Main"}, "/a": {}}
    assert len(site.resources) == 2
    assert site.default_resource.members == {"resource_name": "Main"}


@pytest.mark.parametrize(
    ("key", "identifier"),
    [
        ("/files/mcp", "https://id.example.com/files/mcp"),
        ("/", "https://id.example.com/"),
        ("/mcp?tenant=7", "https://id.example.com/mcp?tenant=7"),
        ("https://files.example.com/mcp/", "https://files.example.com/mcp/"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_key_of_a_resource_is_a_path_or_a_uri(settings, site, key, identifier):
    settings.MCP_ISSUER = ISSUER
    settings.MCP_RESOURCES = {key: {}}
    assert identifiers(site) == [identifier]


def test_enabled_is_not_a_member(settings, site):
    settings.MCP_RESOURCES = {"/a": {"enabled": False, "x": 1}, "/b": {"enabled": True}}
    assert [(one.enabled, one.members) for one in site.resources] == [(False, {"x": 1}), (True, {})]


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(["/mcp"], id="list"),
        pytest.param("/mcp", id="string"),
        pytest.param({"/mcp": None}, id="members-none"),
        pytest.param({"/mcp": ["x"]}, id="members-list"),
        pytest.param({"/mcp": {"enabled": "no"}}, id="enabled-string"),
        pytest.param({"/mcp": {"enabled": 0}}, id="enabled-number"),
        pytest.param({"/mcp": {"enabled": None}}, id="enabled-none"),
        pytest.param({"mcp": {}}, id="relative"),
        pytest.param({"//evil.example.com/mcp": {}}, id="scheme-relative"),
        pytest.param({"": {}}, id="empty"),
        pytest.param({7: {}}, id="number"),
        pytest.param({None: {}}, id="none"),
        pytest.param({"/mcp#x": {}}, id="fragment"),
        pytest.param({"/a/../b": {}}, id="dot-segments"),
        pytest.param({"http://app.example.com/mcp": {}}, id="http"),
    ],
)
def test_malformed_list_of_resources(settings, site, listed):
    settings.MCP_RESOURCES = listed
    with pytest.raises(Misconfigured, match="MCP_RESOURCES = ") as caught:
        _ = site.resources
    assert caught.value.setting == "MCP_RESOURCES"


@pytest.mark.parametrize(
    "keys",
    [
        ("/a", "/a/"),
        ("/a", "https://app.example.com/a"),
        ("https://h", "https://h/"),
        ("https://h/a", "https://H:443/a/"),
        ("https://h/a", "https://h/%61"),
        ("https://h?t=1", "https://h/?t=1"),
    ],
    ids=" and ".join,
)
@pytest.mark.parametrize("enabled", [True, False], ids=["enabled", "disabled"])
def test_two_resources_at_one_place_collide(settings, site, keys, enabled):
    settings.MCP_RESOURCES = {key: {"enabled": enabled} for key in keys}
    with pytest.raises(Misconfigured, match="share one metadata URL"):
        _ = site.resources


def test_set_resource_collides_with_another_spelling_of_it(settings, site):
    settings.MCP_RESOURCE = "https://app.example.com/mcp"
    settings.MCP_RESOURCES = {"/mcp/": {}}
    with pytest.raises(Misconfigured, match="share one metadata URL"):
        _ = site.resources


@pytest.mark.parametrize("keys", [("/a", "/A"), ("/a", "/a//"), ("/a?t=1", "/a?t=2", "/a")])
def test_resources_at_different_places_do_not_collide(settings, site, keys):
    settings.MCP_RESOURCES = {key: {} for key in keys}
    assert len(site.resources) == len(keys)


# Finding a resource


def test_resource_is_found_by_its_path(settings, site):
    settings.MCP_RESOURCES = {"/a": {}, "/b/": {}}
    assert find(site, "/b") == "https://app.example.com/b/"


@pytest.mark.parametrize("path", ["", "/", "/a/", "/A", "/a/b", "a", "/.."])
def test_no_resource_is_found_at_another_path(settings, site, path):
    settings.MCP_RESOURCES = {"/a": {}}
    assert find(site, path) is None


def test_resource_is_found_by_path_whatever_the_host(settings, site_at):
    settings.MCP_RESOURCES = {"https://files.example.com/mcp": {}}
    site = site_at("http://localhost:8000")
    assert find(site, "/mcp") == "https://files.example.com/mcp"
    assert site.is_pinned


TWO_HOSTS = {"https://a.example.com/mcp": {}, "https://b.example.com:8443/mcp": {}}


@pytest.mark.parametrize(
    ("origin", "identifier"),
    [
        ("https://a.example.com", "https://a.example.com/mcp"),
        ("https://A.example.com:443", "https://a.example.com/mcp"),
        ("http://a.example.com", "https://a.example.com/mcp"),
        ("https://b.example.com:8443", "https://b.example.com:8443/mcp"),
        ("https://b.example.com", None),
        ("https://c.example.com", None),
    ],
)
def test_host_decides_between_resources_that_share_a_path(settings, site_at, origin, identifier):
    settings.MCP_RESOURCES = TWO_HOSTS
    site = site_at(origin)
    assert find(site, "/mcp") == identifier
    assert not site.is_pinned


def test_disabled_resource_is_not_found(settings, site_at):
    settings.MCP_RESOURCES = {**TWO_HOSTS, "https://a.example.com/mcp": {"enabled": False}}
    site = site_at("https://a.example.com")
    assert find(site, "/mcp") == "https://b.example.com:8443/mcp"
    assert site.is_pinned


@pytest.mark.parametrize(
    ("query", "identifier"),
    [
        ("tenant=7", "https://app.example.com/mcp?tenant=7"),
        ("tenant=8", "https://app.example.com/mcp"),
        ("", "https://app.example.com/mcp"),
    ],
)
def test_query_selects_a_resource(settings, site, query, identifier):
    settings.MCP_RESOURCES = {"/mcp": {}, "/mcp?tenant=7": {}}
    assert find(site, "/mcp", query) == identifier


def test_resource_with_a_query_does_not_answer_without_it(settings, site):
    settings.MCP_RESOURCES = {"/mcp?tenant=7": {}}
    assert find(site, "/mcp") is None


@pytest.mark.parametrize("scheme", ["ws", "wss", "ftp"])
def test_scheme_that_is_not_http_is_refused(rf, scheme):
    # As uvicorn says it, when a proxy that it trusts passes on X-Forwarded-Proto.
    request = rf.get("/", headers={"host": "app.example.com"}, **{"wsgi.url_scheme": scheme})
    with pytest.raises(SuspiciousOperation, match=scheme):
        Site(request).issuer  # noqa: B018


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
