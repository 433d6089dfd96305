"""The documentation says what the code does: names, defaults, examples, layers, links."""

from __future__ import annotations

import ast
import json
import re
import sys
from datetime import timedelta
from types import ModuleType

import pytest
from cryptography.fernet import Fernet
from django.core import checks as levels
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path

from mcp_oauth_discovery import checks
from mcp_oauth_discovery.checks import check_settings
from mcp_oauth_discovery.conf import Settings, conf
from tests.markdown import PAGES, blocks, headings, read, section

CONFIGURATION = read("docs/configuration.md")
DOCUMENTS = read("docs/documents.md")
KEYS = read("docs/keys.md")

SETTINGS = [name for name in vars(Settings) if name.startswith("MCP_")]
CHECK_IDS = {f"{checks.TAG}.{number}": name for name, number in checks.ERRORS.items()}
CHECK_IDS[f"{checks.TAG}.{checks.NO_ALGORITHMS}"] = "MCP_AUTHORIZATION_SERVER_METADATA"
PYTHON = [
    pytest.param(block, id=f"{page}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks(read(page), "python"), 1)
]
PROJECTS = (
    "README.md",
    "docs/tutorial.md",
    "docs/integrations/",
    "docs/howto/service-accounts.md",
)
WHERE = "/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server"


def endpoint(request) -> HttpResponse:
    return HttpResponse()


# The URLconf of the examples: the names are those of django-oauth-toolkit.
oauth2_provider = [
    path("authorize/", endpoint, name="authorize"),
    path("token/", endpoint, name="token"),
    path("revoke_token/", endpoint, name="revoke-token"),
    path("introspect/", endpoint, name="introspect"),
    path("register/", endpoint, name="dcr-register"),
]
urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("o/", include((oauth2_provider, "oauth2_provider"))),
]


@pytest.fixture(autouse=True)
def encryption_keys(monkeypatch):
    """Put what the examples read into the environment; a key in a page would be copied."""
    for name in ("SECRET_KEY", "DATABASE_PASSWORD"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("MCP_KEY_ENCRYPTION_KEYS", Fernet.generate_key().decode())


def settings_examples() -> dict[str, list[str]]:
    """Return the blocks that say something about the settings of this app, by their page.

    Others are parts of whole projects, which `tests/integrations/`, `tests/howto/` and
    `tests/tutorial/` make.
    """
    alone = [page for page in PAGES if not page.startswith(PROJECTS)]
    found = {
        page: [one for one in blocks(read(page), "python") if re.search(r"^MCP_\w+ = ", one, re.M)]
        for page in alone
    }
    return {page: codes for page, codes in found.items() if codes}


def refused_examples(name: str) -> list[str]:
    return re.findall(r"^  - `(MCP_\w+ = .+?)`: ", section(CONFIGURATION, f"`{name}`"), re.M)


def names_of(code: str) -> dict:
    """Return what an example assigns."""
    names: dict = {"timedelta": timedelta, "MIDDLEWARE": []}
    exec(compile(code, "example", "exec"), names)  # noqa: S102
    return names


def applied(code: str) -> override_settings:
    """Give the settings the values of an example for a block, in a project that has the URLs."""
    values = {name: one for name, one in names_of(code).items() if name.startswith("MCP_")}
    return override_settings(ROOT_URLCONF=__name__, **values)


def value_of(text: str) -> object:
    """Return the value of a literal, or of a timedelta in days."""
    days = re.fullmatch(r"timedelta\(days=(\d+)\)", text)
    return timedelta(days=int(days[1])) if days else ast.literal_eval(text)


def test_every_setting_has_a_heading():
    headed = headings(section(CONFIGURATION, "The settings"), 3)
    assert headed == [f"`{name}`" for name in SETTINGS]


def test_table_has_every_setting_in_order_with_its_default():
    table = section(CONFIGURATION, "The settings").partition("### ")[0]
    rows = re.findall(r"^\| \[`(\w+)`\]\(#(\w+)\) \| `(.+?)`", table, re.M)
    assert [name for name, _, _ in rows] == SETTINGS
    for name, anchor, default in rows:
        assert anchor == name.lower()
        assert f"- Default: `{default}`" in section(CONFIGURATION, f"`{name}`"), name


def test_no_page_names_a_setting_that_does_not_exist():
    # These are constants of the package, the environment of the tests, and callers' own names.
    others = {"MCP_REQUEST_HEADERS", "MCP_EXPOSED_HEADERS", "MCP_REQUIRE_CLIENTS"}
    others |= {"MCP_TEST_DATABASE_URL", "MCP_PROPERTIES"}
    # These are settings of django-mcp-oauth.
    others |= {"MCP_RESOURCE_URL", "MCP_OAUTH_", "MCP_OAUTH_AUTHORIZE_USER"}
    others |= {"MCP_OAUTH_CONSENT_TEMPLATE", "MCP_OAUTH_PRIVATE_KEY", "MCP_OAUTH_REFRESH_GRACE"}
    pages = [page for page in PAGES if page != "CHANGELOG.md"]
    named = {name for page in pages for name in re.findall(r"\bMCP_\w+", read(page))}
    assert named - others <= set(SETTINGS)


def test_every_documented_default_is_the_default(settings):
    for name in SETTINGS:
        if hasattr(settings, name):
            delattr(settings, name)
        documented = re.search(r"^- Default: `(.+?)`", section(CONFIGURATION, f"`{name}`"), re.M)
        assert value_of(documented[1]) == getattr(conf, name), name


def test_every_setting_has_type_refusals_and_example():
    for name in SETTINGS:
        text = section(CONFIGURATION, f"`{name}`")
        assert re.search(r"^- Type: `", text, re.M), name
        assert re.search(rf"^- Refused:\n  - `{name} = ", text, re.M), name
        assert any(f"{name} = " in block for block in blocks(text, "python")), name


def test_every_python_block_compiles():
    for block in PYTHON:
        compile(block.values[0], block.id, "exec")


@pytest.mark.django_db
@pytest.mark.parametrize("page", settings_examples())
def test_settings_examples_are_right_and_answer(fetch, page):
    for code in settings_examples()[page]:
        with applied(code):
            assert check_settings() == [], code
            for url in WHERE:
                assert fetch(f"https://a.example.com{url}").status_code in (200, 404), code


@pytest.mark.parametrize("name", SETTINGS)
def test_every_refused_example_is_refused(name):
    assert refused_examples(name)
    for code in refused_examples(name):
        with applied(code):
            [message] = check_settings()
        assert isinstance(message, levels.Error), code
        assert CHECK_IDS[message.id] in names_of(code), code


def test_cors_example_lets_a_browser_client_in(settings, client):
    [code] = blocks(section(CONFIGURATION, "CORS on the MCP endpoint"), "python")
    settings.ROOT_URLCONF = __name__
    for name, value in names_of(code).items():
        if name.startswith(("CORS_", "MCP_")):
            setattr(settings, name, value)
    headers = {
        "origin": "https://client.example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,mcp-protocol-version",
    }
    allowed = client.options("/mcp", headers=headers)["access-control-allow-headers"].split(", ")
    assert set(headers["access-control-request-headers"].split(",")) <= set(allowed)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("title", "url"),
    {
        "Protected resource metadata": "/.well-known/oauth-protected-resource",
        "Authorization server metadata": "/.well-known/oauth-authorization-server",
        "JWK Set": "/.well-known/jwks.json",
    }.items(),
)
def test_shown_document_is_the_published_one(settings, fetch, title, url):
    settings.MCP_ISSUER = "https://app.example.com"
    [document] = blocks(section(DOCUMENTS, title), "json")
    assert list(fetch(url).json().items()) == list(json.loads(document).items())


@pytest.mark.django_db
@pytest.mark.parametrize("suffix", ["", "/", "/t1"])
@pytest.mark.parametrize("middleware", [[], ["DiscoveryMiddleware"]], ids=["without", "with"])
def test_subclassed_view_is_served(settings, monkeypatch, fetch, suffix, middleware):
    [code] = blocks(section(DOCUMENTS, "A view of your own"), "python")
    module = ModuleType("documented_urls")
    exec(code, vars(module))  # noqa: S102
    monkeypatch.setitem(sys.modules, module.__name__, module)
    settings.ROOT_URLCONF = module.__name__
    settings.MIDDLEWARE = [f"mcp_oauth_discovery.middleware.{name}" for name in middleware]
    settings.MCP_ISSUER = "https://app.example.com/t1"
    document = fetch(f"/.well-known/oauth-authorization-server{suffix}").json()
    assert document["scopes_supported"] == ["mcp", "offline_access"]


def test_heading_of_every_error_is_about_its_setting():
    page = read("docs/checks.md")
    for check_id, setting in CHECK_IDS.items():
        assert f"`{setting}`" in section(page, f"`{check_id}`"), check_id


def test_operator_has_it_all_in_one_page():
    assert headings(KEYS, 2) == [
        "Start",
        "Rotate on a schedule",
        "When a key may have leaked",
        "The timeline",
    ]
    assert len(KEYS.splitlines()) <= 150
