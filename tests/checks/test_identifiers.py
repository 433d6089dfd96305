from __future__ import annotations

import pytest
from django.urls import path

from tests.checks.conftest import OAUTH, OURS
from tests.urls import page


def test_issuer_with_a_final_slash(settings, run):
    settings.MCP_ISSUER = "https://app.example.com/"
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W008"
    assert message.msg.startswith("MCP_ISSUER is 'https://app.example.com/': ")
    assert message.hint == "Write 'https://app.example.com'."


@pytest.mark.parametrize("resource", ["https://app.example.com/mcp/", "https://app.example.com/"])
def test_resource_with_a_final_slash(settings, run, urlconf, resource):
    settings.MCP_RESOURCE = resource
    urlconf(OURS, *OAUTH)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W008"
    assert message.msg.startswith(f"MCP_RESOURCE is {resource!r}: ")
    assert message.hint == f"Write {resource[:-1]!r}."


def test_resource_with_a_final_slash_among_several(settings, run):
    settings.MCP_RESOURCES = {"/mcp": {}, "/files/mcp/": {}}
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W008"
    assert message.msg.startswith("MCP_RESOURCES['/files/mcp/'] is ")


def test_final_slash_that_the_route_of_the_endpoint_has_is_healthy(settings, ids, urlconf):
    settings.MCP_RESOURCE = "https://app.example.com/mcp/"
    urlconf(OURS, *OAUTH, path("mcp/", page))
    assert ids() == []


def test_final_slash_of_somebody_elses_issuer_is_theirs(settings, ids):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://tenant.auth.example.com/"]
    assert ids() == []


CAPITALS = {
    "MCP_ISSUER": "https://App.example.com",
    "MCP_RESOURCE": "https://App.example.com/Mcp",
    "MCP_AUTHORIZATION_SERVERS": ["https://App.example.com/Realm"],
    "MCP_RESOURCES": {"https://App.example.com/Mcp": {}},
    "MCP_RESOURCE_METADATA": {"authorization_servers": ["https://App.example.com/Realm"]},
}


@pytest.mark.parametrize("name", CAPITALS)
def test_capitals_in_a_host(settings, run, urlconf, name):
    setattr(settings, name, CAPITALS[name])
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W009"
    assert message.msg.startswith(name)
    assert "https://App.example.com" in message.msg
    assert "'https://app.example.com" in message.hint
    assert "mcp'" not in message.hint


def test_capitals_in_a_scheme(settings, ids):
    settings.MCP_ISSUER = "HTTPS://app.example.com"
    assert ids() == ["W009"]


@pytest.mark.parametrize(
    ("written", "read"),
    {
        "https://0x7f.1/mcp": "https://127.0.0.1/mcp",
        "https://app.ex%61mple.com/mcp": "https://app.example.com/mcp",
        "https://[0:0::1]/mcp": "https://[::1]/mcp",
        "https://app.example.com:08443/mcp": "https://app.example.com:8443/mcp",
    }.items(),
)
def test_host_that_parsers_write_in_another_way(settings, run, written, read):
    settings.MCP_RESOURCE = written
    messages = {message.id: message for message in run()}
    assert messages["mcp_oauth_discovery.W009"].hint == f"Write {read!r}."


def test_capitals_in_a_path_are_healthy(settings, ids):
    settings.MCP_RESOURCE = "https://app.example.com/MCP"
    assert ids() == []


@pytest.mark.parametrize("name", ["MCP_ISSUER", "MCP_RESOURCE"])
@pytest.mark.parametrize(
    ("written", "short"),
    {
        "https://app.example.com:443": "https://app.example.com",
        "http://localhost:80/a": "http://localhost/a",
        "https://[::1]:443/a": "https://[::1]/a",
    }.items(),
)
def test_default_port(settings, run, name, written, short):
    setattr(settings, name, written)
    messages = {message.id: message for message in run()}
    message = messages["mcp_oauth_discovery.W010"]
    assert message.msg.startswith(f"{name} is {written!r}: ")
    assert message.hint == f"Write {short!r}."


@pytest.mark.parametrize("port", [8443, 80, 4430])
def test_other_port_is_healthy(settings, ids, port):
    settings.MCP_ISSUER = f"https://app.example.com:{port}"
    assert ids() == []


def test_query_in_a_resource(settings, run):
    settings.MCP_RESOURCE = "https://app.example.com/mcp?tenant=1"
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W011"
    assert message.msg.startswith("MCP_RESOURCE is 'https://app.example.com/mcp?tenant=1': ")


def test_query_in_one_of_several_resources(settings, run):
    settings.MCP_RESOURCES = {"/mcp": {}, "/mcp?tenant=1": {}}
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W011"
    assert message.msg.startswith("MCP_RESOURCES['/mcp?tenant=1'] is ")


@pytest.mark.parametrize(
    ("spelling", "others"),
    {
        "https://app.example.com/": [],
        "https://APP.example.com": ["W009"],
        "https://app.example.com:443": ["W010"],
        "http://localhost": [],
    }.items(),
)
def test_issuer_spelt_in_two_ways(settings, run, spelling, others):
    settings.MCP_ISSUER = "https://localhost" if "local" in spelling else "https://app.example.com"
    settings.MCP_AUTHORIZATION_SERVERS = [spelling]
    *rest, message = run()
    assert message.id == "mcp_oauth_discovery.W012"
    assert f"MCP_ISSUER has {settings.MCP_ISSUER!r}" in message.msg
    assert f"MCP_AUTHORIZATION_SERVERS has {spelling!r}" in message.msg
    assert [one.id[-4:] for one in rest] == others


@pytest.mark.parametrize(
    ("issuer", "server"),
    [
        ("https://app.example.com/T1", "https://app.example.com/t1"),
        ("http://localhost:8000", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/a", "http://[::1]:8000/a"),
        ("http://localhost", "http://127.0.0.1:80"),
        ("http://app.localhost:8000", "http://APP.localhost:8000"),
    ],
)
def test_issuer_that_differs_in_the_case_of_its_path_or_in_its_loopback_host(
    settings, run, issuer, server
):
    settings.MCP_ISSUER = issuer
    settings.MCP_AUTHORIZATION_SERVERS = [server]
    told = {message.id[-4:]: message.msg for message in run()}
    assert f"MCP_ISSUER has {issuer!r} and MCP_AUTHORIZATION_SERVERS has {server!r}" in told["W012"]


@pytest.mark.parametrize(
    "servers",
    [
        ["http://localhost:8000", "http://127.0.0.1:9000"],
        ["http://a.localhost:8000", "http://b.localhost:8000"],
    ],
)
def test_two_issuers_on_this_machine_are_healthy(settings, ids, servers):
    settings.MCP_AUTHORIZATION_SERVERS = servers
    assert "W012" not in ids()


def test_somebody_elses_issuer_spelt_in_two_ways(settings, run):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://a.example.com/t", "https://app.example.com"]
    settings.MCP_RESOURCES = {"/mcp": {"authorization_servers": ["https://a.example.com/t/"]}}
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W012"
    assert "MCP_RESOURCES['/mcp'] has 'https://a.example.com/t/'" in message.msg


def test_two_issuers_on_one_host_are_healthy(settings, ids):
    servers = ["https://app.example.com", "https://app.example.com/t1", "https://b.example.com"]
    settings.MCP_AUTHORIZATION_SERVERS = servers
    settings.MCP_RESOURCES = {"/mcp": {"authorization_servers": servers}, "/b": {}}
    assert ids() == []
