"""Settings that cannot be right: one table, three places where each of them has to be said."""

from __future__ import annotations

import logging

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_oauth_discovery.checks import check_settings
from tests import ASM, JWKS, PRM

# The JWK Set and the AS metadata tell of the keys in the database.
pytestmark = pytest.mark.django_db

# What the hint of each setting has to contain, and the check that reports it.
SETTINGS = {
    "MCP_ISSUER": ("E001", 'MCP_ISSUER = "https://app.example.com"'),
    "MCP_RESOURCE": ("E002", 'MCP_RESOURCE = "https://app.example.com/mcp"'),
    "MCP_RESOURCES": ("E003", 'MCP_RESOURCES = {"/files/mcp": {"resource_name": "Files"}}'),
    "MCP_RESOURCE_METADATA": ("E004", 'MCP_RESOURCE_METADATA = {"scopes_supported": ["mcp"]}'),
    "MCP_AUTHORIZATION_SERVERS": (
        "E005",
        'MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]',
    ),
    "MCP_AUTHORIZATION_SERVER_METADATA": (
        "E006",
        'MCP_AUTHORIZATION_SERVER_METADATA = {"scopes_supported": ["mcp"]}',
    ),
    "MCP_SIGNING_ALGORITHMS": ("E007", 'MCP_SIGNING_ALGORITHMS = ["RS256", "EdDSA"]'),
    "MCP_METADATA_MAX_AGE": ("E008", "MCP_METADATA_MAX_AGE = 300"),
    "MCP_JWKS_MAX_AGE": ("E009", "MCP_JWKS_MAX_AGE = 300"),
    "MCP_SIGNED_METADATA": ("E014", "MCP_SIGNED_METADATA = True"),
}
ENDPOINT = "Write an absolute https URL, a path that begins with '/', or the name of a URL pattern"
SERVER = "MCP_AUTHORIZATION_SERVER_METADATA"


def row(setting, value, problem, *, id, hint=None, shown=None):  # noqa: A002
    shown = repr(value) if shown is None else shown
    return pytest.param(setting, value, shown, problem, hint or SETTINGS[setting][1], id=id)


def member(setting, name, value, problem, *, id, hint=None):  # noqa: A002
    own = setting == "MCP_RESOURCES"
    members = {"/mcp": {name: value}} if own else {name: value}
    place = "['/mcp']" if own else ""
    shown = f"{setting}{place}[{name!r}] is {value!r}"
    hint = hint or f'Write, for example, "{name}": ['
    return row(setting, members, problem, id=id, hint=hint, shown=shown)


def identifier(setting):
    """Yield what can be neither an issuer nor a resource."""
    for id_, value, problem in [
        ("relative", "app.example.com", "expected an absolute URL, with scheme and host"),
        ("http", "http://app.example.com", "plain http is allowed on loopback hosts only"),
        ("userinfo", "https://me:pw@h", "a user name or password in a URL is not allowed"),
        ("well-known", f"https://h{PRM}/mcp", "not the URL of its metadata document"),
        ("number", 7, "expected a string, not int"),
    ]:
        shown = "'https://***@h'" if id_ == "userinfo" else None
        yield row(setting, value, problem, id=f"{setting}-{id_}", shown=shown)


ROWS = [
    *identifier("MCP_ISSUER"),
    row("MCP_ISSUER", "https://h?x", "a query (?) is not allowed in an issuer", id="issuer-query"),
    *identifier("MCP_RESOURCE"),
    row("MCP_RESOURCES", ["/mcp"], "expected a dict", id="resources-list"),
    row("MCP_RESOURCES", {"/mcp": None}, "expected a dict of members", id="resources-none"),
    row("MCP_RESOURCES", {"/a": {"enabled": "no"}}, "expected True or False", id="enabled"),
    row("MCP_RESOURCES", {"mcp": {}}, "an absolute URL", id="resources-relative", shown="'mcp'"),
    row("MCP_RESOURCES", {"/a#b": {}}, "a fragment (#) is not allowed", id="resources-fragment"),
    row("MCP_RESOURCES", {"/a": {}, "/a/": {}}, "share one metadata URL", id="resources-collide"),
    member("MCP_RESOURCES", "scopes_supported", "mcp", "not str", id="own-string"),
    row(
        "MCP_RESOURCES",
        {"/a": {"resource": "https://h"}},
        "'resource' cannot be set here",
        id="own-resource",
        hint="Leave it out: the key is the identifier.",
        shown="MCP_RESOURCES['/a'] is {'resource': 'https://h'}",
    ),
    row("MCP_RESOURCE_METADATA", ["x"], "expected a dict of members", id="metadata-list"),
    member("MCP_RESOURCE_METADATA", "scopes_supported", "mcp", "not str", id="metadata-string"),
    member("MCP_RESOURCE_METADATA", "authorization_servers", [], "at least one", id="no-server"),
    member(
        "MCP_RESOURCE_METADATA",
        "jwks_uri",
        "no-such:pattern",
        "no URL pattern",
        id="metadata-pattern",
        hint=ENDPOINT,
    ),
    row("MCP_AUTHORIZATION_SERVERS", "https://h", "a list of issuers", id="servers-string"),
    row("MCP_AUTHORIZATION_SERVERS", [], "a list of issuers", id="servers-empty"),
    row("MCP_AUTHORIZATION_SERVERS", ["h"], "an absolute URL", id="servers-relative", shown="'h'"),
    row(SERVER, "token_endpoint", "expected a dict of members", id="server-string"),
    member(
        SERVER, "token_endpoint", "no-such:pattern", "no URL pattern", id="pattern", hint=ENDPOINT
    ),
    member(SERVER, "jwks_uri", "no-such-pattern", "no URL pattern", id="jwks", hint=ENDPOINT),
    member(SERVER, "response_types_supported", "code", "not str", id="server-list"),
    member(
        SERVER,
        "x",
        {1},
        "a value that JSON can carry, not set",
        id="server-set",
        hint="Write a value that JSON can carry",
    ),
    row(
        SERVER,
        {"token_endpoint": None},
        "cannot be left out",
        id="removed",
        hint="Give it a value, or change the member that needs it.",
    ),
    row(
        SERVER,
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
        "cannot be left out while token_endpoint_auth_methods_supported needs it",
        id="jwt-algorithms",
        hint='Write, for example, "token_endpoint_auth_signing_alg_values_supported": ["RS256"]',
    ),
    row(
        SERVER,
        {"issuer": "https://h"},
        "'issuer' cannot be set here",
        id="server-issuer",
        hint="Leave it out, and set MCP_ISSUER instead.",
    ),
    row("MCP_SIGNING_ALGORITHMS", "RS256", "expected a list of one or more", id="algorithm"),
    row(
        "MCP_SIGNING_ALGORITHMS",
        ["none"],
        "one or more of RS256, ES256, EdDSA",
        id="algorithm-none",
    ),
    row("MCP_METADATA_MAX_AGE", "300", "a whole number of seconds", id="age"),
    row("MCP_METADATA_MAX_AGE", 10**15, "a whole number of seconds", id="huge-age"),
    row("MCP_JWKS_MAX_AGE", -1, "a whole number of seconds, 0 to 31536000", id="keys-age"),
    row("MCP_SIGNED_METADATA", "yes", "expected True or False", id="signed-metadata"),
]
EVERY_ROW = pytest.mark.parametrize(("setting", "value", "shown", "problem", "hint"), ROWS)


def url_of(setting):
    """Return the URL of a document that needs a setting."""
    server = setting.startswith(("MCP_AUTHORIZATION_SERVER_", "MCP_SIGNING"))
    return JWKS if setting == "MCP_JWKS_MAX_AGE" else ASM if server else PRM


@pytest.mark.parametrize(
    ("setting", "value"),
    [("MCP_ISSUER", 7), (SERVER, {"x": {1}}), ("MCP_JWKS_MAX_AGE", -1)],
    ids=["resource", "server", "keys"],
)
def test_request_gets_a_server_error_that_scripts_can_read(settings, fetch, setting, value):
    setattr(settings, setting, value)
    response = fetch(url_of(setting))
    assert (response.status_code, response.content) == (500, b'{"error": "server_error"}')
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "no-store"


@EVERY_ROW
def test_log_names_setting_and_value_and_what_to_write(
    settings, fetch, caplog, setting, value, shown, problem, hint
):
    setattr(settings, setting, value)
    fetch(url_of(setting))
    (record,) = [one for one in caplog.records if one.name == "mcp_oauth_discovery"]
    assert record.levelno == logging.ERROR
    assert isinstance(record.exc_info[1], ImproperlyConfigured)
    for text in (setting, shown, problem, hint):
        assert text in record.getMessage()


@EVERY_ROW
def test_check_says_so_before_any_request(settings, setting, value, shown, problem, hint):
    setattr(settings, setting, value)
    (message,) = check_settings()
    # One fault of this setting has an ID of its own.
    number = "E015" if "signing_alg_values" in hint else SETTINGS[setting][0]
    assert message.id == f"mcp_oauth_discovery.{number}"
    assert message.is_serious()
    for text in (setting, shown, problem):
        assert text in message.msg
    assert hint in message.hint
