"""The documentation says what the code does: names, defaults, examples, layers, links."""

from __future__ import annotations

import ast
import configparser
import json
import re
import sys
from datetime import datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from cryptography.fernet import Fernet
from django.core import checks as levels
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path

from mcp_oauth_discovery import checks, rotation
from mcp_oauth_discovery.checks import check_settings
from mcp_oauth_discovery.conf import Settings, conf
from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.management.commands.mcp_keys import Command
from mcp_oauth_discovery.models import SigningKey, State
from tests.clients.environments import CHROMIUM_IS_MISSING, NODE_IS_MISSING
from tests.databases.postgresql import POSTGRESQL_IS_MISSING
from tests.markdown import CHECKOUT, blocks, headings, read, section
from tests.proxies import NGINX_IS_MISSING

README = read("README.md")
CONFIGURATION = read("docs/configuration.md")
DOCUMENTS = read("docs/documents.md")
PACKAGE = CHECKOUT / "mcp_oauth_discovery"
ARCHITECTURE = read("docs/architecture.md")
KEYS = read("docs/keys.md")
REFERENCE = read("docs/keys-reference.md")

SETTINGS = [name for name in vars(Settings) if name.startswith("MCP_")]
CHECK_IDS = {f"{checks.TAG}.{number}": name for name, number in checks.ERRORS.items()}
CHECK_IDS[f"{checks.TAG}.{checks.NO_ALGORITHMS}"] = "MCP_AUTHORIZATION_SERVER_METADATA"
PAGES = sorted(
    str(page.relative_to(CHECKOUT))
    for folder in (".", "docs", "docs/integrations", "example_project")
    for page in (CHECKOUT / folder).glob("*.md")
)
PYTHON = [
    pytest.param(block, id=f"{page}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks(read(page), "python"), 1)
]
START_COMMAND = (
    "python3 -m venv .venv && .venv/bin/pip install --quiet --editable '.[example]' "
    "&& .venv/bin/python manage.py start"
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
    monkeypatch.setenv("MCP_KEY_ENCRYPTION_KEYS", Fernet.generate_key().decode())


def settings_examples() -> dict[str, list[str]]:
    """Return the blocks that say something about the settings of this app, by their page.

    Those of `docs/integrations/` are parts of whole projects, which `tests/integrations/` makes.
    """
    alone = [page for page in PAGES if not page.startswith("docs/integrations/")]
    found = {
        page: [one for one in blocks(read(page), "python") if re.search(r"^MCP_\w+ = ", one, re.M)]
        for page in alone
    }
    return {page: codes for page, codes in found.items() if codes}


def refused_examples(name: str) -> list[str]:
    return re.findall(r"^  - `(MCP_\w+ = .+?)`: ", section(CONFIGURATION, f"`{name}`"), re.M)


def names_of(code: str) -> dict:
    """Return what an example assigns."""
    names: dict = {"timedelta": timedelta}
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


def layers(text: str) -> list[set[str]]:
    return [set(line.split(" | ")) for line in text.strip().splitlines()]


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read_string(read("setup.cfg"))
    return parser


def test_every_setting_has_a_heading():
    headed = headings(section(CONFIGURATION, "The settings"), 3)
    assert headed == [f"`{name}`" for name in SETTINGS]


def test_no_page_names_a_setting_that_does_not_exist():
    # These are constants of the package, the environment of the tests, and callers' own names.
    others = {"MCP_REQUEST_HEADERS", "MCP_EXPOSED_HEADERS", "MCP_REQUIRE_CLIENTS"}
    others.add("MCP_TEST_DATABASE_URL")
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


def subcommands() -> list[str]:
    parser = CommandParser()
    Command().add_arguments(parser)
    [choices] = [action.choices for action in parser._actions if action.choices]  # noqa: SLF001
    return list(choices)


def test_every_subcommand_has_a_heading():
    assert headings(section(REFERENCE, "The command"), 3) == [
        f"`mcp_keys {name}`" for name in subcommands()
    ]


@pytest.fixture
def run(settings, tmp_path):
    """Return a function that runs a subcommand with `--json` on keys that it can work on."""
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    active = rotation.rotate("EdDSA")
    pem = tmp_path / "key.pem"
    pem.write_text(jwk.to_pem(jwk.generate("ES256")))
    arguments = {"retire": [active.kid], "revoke": [active.kid], "import": [str(pem)]}

    def run(name: str) -> dict:
        output = StringIO()
        call_command("mcp_keys", name, *arguments.get(name, ()), "--json", stdout=output)
        return json.loads(output.getvalue())

    return run


@pytest.mark.django_db
@pytest.mark.parametrize("name", subcommands())
def test_documented_json_is_printed(run, name):
    told = section(REFERENCE, f"`mcp_keys {name}`").partition("JSON: ")[2]
    documented = re.findall(r"`(\w+)`", told)
    assert [one for one in documented if one not in ("kid", "null")] == list(run(name))


@pytest.mark.django_db
def test_documented_key_object_is_printed(run):
    told = re.search(
        r"A key in it is an object with (.+?)\. ", section(REFERENCE, "The command"), re.S
    )
    [key] = run("list")["keys"]
    assert re.findall(r"`(\w+)`", told[1]) == list(key)


def test_documented_states_are_all_there_are():
    rows = re.findall(r"^\| (\w+) \| ", section(KEYS, "The timeline"), re.M)
    assert rows[rows.index("State") + 1 :] == [state.value for state in State]


@pytest.mark.django_db
def test_documented_days_are_those_of_the_defaults():
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    first, found = None, []
    for day in range(180):
        now = start + timedelta(days=day)
        key = rotation.rotate("EdDSA", now=now, if_due=True)
        first = first or key
        states = {one: one.state(now).value for one in SigningKey.objects.order_by("pk")}
        seen = states.pop(first), next(iter(states.values()), "")
        if key.created_at == now or (found and seen != found[-1][1:]):
            found.append((f"day {day}", *seen))
    rows = re.findall(r"^\| (day \d+) \| .+ \| (\w+) \| (\w*) ?\|$", KEYS, re.M)
    assert found == rows


def test_documented_refusals_are_all_there_are():
    source = read("mcp_oauth_discovery/signing/verify.py")
    raised = set(re.findall(r'InvalidToken\(f?"([^"]+)"', source))
    told = set(re.findall(r"`(The [^`]+)`", section(REFERENCE, "What `verify_jwt` refuses")))
    written = {text.replace("{name}", name) for text in raised for name in ("exp", "nbf")}
    assert told == written


@pytest.fixture
def endpoints(settings):
    """Return the names of both endpoints of the page, on a site that has a key."""
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA")
    names: dict = {}
    for code in blocks(section(REFERENCE, "Sign and verify"), "python"):
        exec(compile(code, "example", "exec"), names)  # noqa: S102
    return names


@pytest.mark.django_db
def test_documented_endpoints_go_together(endpoints, rf):
    token = endpoints["access_token"](7, "client", endpoints["RESOURCE"], "mcp")
    response = endpoints["mcp"](rf.post("/mcp", headers={"authorization": f"Bearer {token}"}))
    assert json.loads(response.content) == {"hello": "7"}


@pytest.mark.django_db
def test_documented_endpoint_refuses_a_token_for_somebody_else(endpoints, rf):
    token = endpoints["access_token"](7, "client", "https://app.example.com/mc", "mcp")
    response = endpoints["mcp"](rf.post("/mcp", headers={"authorization": f"bearer {token}"}))
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == (
        f'Bearer resource_metadata="{endpoints["METADATA"]}", error="invalid_token", '
        'error_description="The token is not valid for this resource"'
    )


@pytest.mark.django_db
def test_documented_endpoint_names_no_error_where_there_is_no_token(endpoints, rf):
    response = endpoints["mcp"](rf.post("/mcp"))
    assert (response.status_code, "error" in response["WWW-Authenticate"]) == (401, False)


@pytest.fixture
def lines(settings):
    """Return the names of the two lines for the endpoints, on a site that has a key."""
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA")
    [code] = blocks(section(KEYS, "Start"), "python")
    assert "sign_jwt({" in code
    assert "verify_jwt(token, audience=" in code
    assert "except InvalidToken" in code
    names: dict = {}
    exec(compile(code, "example", "exec"), names)  # noqa: S102
    return names


@pytest.mark.django_db
def test_documented_lines_go_together(lines):
    token = lines["access_token"](7, lines["RESOURCE"])
    assert lines["user_of"](token) == "7"


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "a.b.c", "for-another-resource"])
def test_documented_line_refuses_what_is_no_token_for_it(lines, token):
    if token == "for-another-resource":
        token = lines["access_token"](7, "https://app.example.com/other")
    assert lines["user_of"](token) is None


def test_picture_has_a_text_alternative_and_reads_in_the_dark():
    picture = read("docs/key-timeline.svg")
    root = ElementTree.fromstring(picture)  # noqa: S314
    svg = "{http://www.w3.org/2000/svg}"
    for tag in ("title", "desc"):
        assert root.findtext(f"{svg}{tag}")
    assert "prefers-color-scheme: dark" in picture
    named = set(re.findall(r"MCP_\w+", picture))
    assert named == {
        "MCP_KEY_ROTATION_INTERVAL",
        "MCP_KEY_PUBLISH_AHEAD",
        "MCP_KEY_RETENTION",
    }
    assert "](key-timeline.svg)" in KEYS


def test_operator_has_it_all_in_one_page():
    assert headings(KEYS, 2) == [
        "Start",
        "Rotate on a schedule",
        "When a key may have leaked",
        "The timeline",
    ]
    assert len(KEYS.splitlines()) <= 150


def test_documented_layers_are_the_enforced_ones():
    [documented] = blocks(section(ARCHITECTURE, "Layers"), "text")
    enforced = setup_cfg()["importlinter:contract:layers"]["layers"]
    assert layers(documented) == layers(enforced)


def test_every_entry_of_the_package_is_documented_as_a_door_or_a_room():
    entries = {
        path.stem
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    } - {"__init__"}
    doors, rooms = named(section(ARCHITECTURE, "Doors")), named(section(ARCHITECTURE, "Rooms"))
    assert doors & rooms == set()
    assert doors | rooms == entries
    assert len(entries) <= 26
    for name in rooms:
        assert read(f"mcp_oauth_discovery/{name}/__init__.py").startswith('"""Internal: '), name


def named(text: str) -> set[str]:
    return set(re.findall(r"^- `(\w+)`: ", text, re.M))


def test_every_module_of_a_room_is_mentioned():
    for init in PACKAGE.glob("*/__init__.py"):
        if init.parent.name in {"migrations", "doctor", "checks"}:
            continue
        modules = {module.stem for module in init.parent.glob("*.py")} - {"__init__"}
        mentioned = set(re.findall(r"`(\w+)`", ARCHITECTURE))
        assert modules - mentioned == set(), init.parent.name


def test_every_relative_link_resolves():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?://)([^)]+)\)", read(page)):
            name, _, anchor = target.partition("#")
            linked = (CHECKOUT / page).parent / name if name else CHECKOUT / page
            assert linked.is_file(), f"{page}: {target}"
            text = linked.read_text(encoding="utf-8") if anchor else ""
            assert not anchor or anchor in anchors(text), f"{page}: {target}"


def anchors(text: str) -> set[str]:
    titles = [title for level in (1, 2, 3) for title in headings(text, level)]
    return {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}


def test_every_page_is_linked_from_the_index():
    index = read("docs/index.md")
    pages = {page.relative_to(CHECKOUT / "docs") for page in (CHECKOUT / "docs").rglob("*.md")}
    assert [page for page in pages - {Path("index.md")} if f"({page})" not in index] == []


def test_readme_has_the_command_in_a_block_of_its_own():
    assert f"{START_COMMAND}\n" in blocks(README, "console")


def test_readme_tells_the_reasons_for_which_tests_are_skipped():
    quoted = re.findall(r"\| `([^`|]+ missing\.)` \|$", section(README, "Run the tests"), re.M)
    reasons = NODE_IS_MISSING, CHROMIUM_IS_MISSING, NGINX_IS_MISSING, POSTGRESQL_IS_MISSING
    assert [reason[: len(start)] for reason, start in zip(reasons, quoted, strict=True)] == quoted


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_page_names_the_supported_versions(page):
    framework = "Programming Language :: Python :: 3.", "Framework :: Django :: "
    classifiers = setup_cfg()["metadata"]["classifiers"].split("\n")
    versions = [one.rpartition(" ")[2] for one in classifiers if one.startswith(framework)]
    pythons = [version for version in versions if version.startswith("3.")]
    djangos = [version for version in versions if not version.startswith("3.")]
    assert f"Python {pythons[0]} to {pythons[-1]}" in read(page)
    assert f"Django {', '.join(djangos[:-1])} and {djangos[-1]}" in read(page)


def test_no_module_of_the_package_has_more_than_300_lines():
    lengths = {str(path): len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert [path for path, length in lengths.items() if length > 300] == []
