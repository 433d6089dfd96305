from __future__ import annotations

import logging
from functools import partial

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import Http404

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.identity import Site, UnusableRequest
from tests.resources import identifiers

ISSUER = "https://id.example.com/t1"


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


def test_odd_host_is_not_taken_for_loopback(settings, site_at, caplog):
    settings.ALLOWED_HOSTS = ["*"]
    site = site_at("http://a..b")
    site.log_if_http(site.issuer)
    assert site.issuer == "http://a..b"
    assert len(caplog.records) == 1


def test_host_that_clients_cannot_read_is_refused(settings, site_at):
    settings.ALLOWED_HOSTS = ["*"]
    with pytest.raises(UnusableRequest, match=r"cannot read the host '999\.0\.0\.1'"):
        _ = site_at("http://999.0.0.1").issuer


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


@pytest.mark.parametrize("scheme", ["ws", "wss", "ftp"])
def test_scheme_that_is_not_http_is_refused(rf, scheme):
    # As uvicorn says it, when a proxy that it trusts passes on X-Forwarded-Proto.
    request = rf.get("/", headers={"host": "app.example.com"}, **{"wsgi.url_scheme": scheme})
    with pytest.raises(SuspiciousOperation, match=scheme):
        Site(request).issuer  # noqa: B018
