"""What `init` reads of a project: settings, URLs, middleware, packages and the database."""

from __future__ import annotations

import json
import sys
from io import StringIO
from types import ModuleType

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.http import HttpResponse
from django.urls import include, path
from django.utils import translation
from django.views import View
from rest_framework.decorators import api_view
from rest_framework.views import APIView

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.contrib.oauth_toolkit import (
    authorization_server_metadata,
    oauth2_provider_settings,
    verify_token,
)
from mcp_oauth_discovery.doctor import examine
from mcp_oauth_discovery.management.init import endpoints, reading
from mcp_oauth_discovery.management.init.project import Endpoint, Middleware, Server
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.protection import bearer_required, find_user
from tests.init.projects import COMPLETE
from tests.keys import broken_database

pytestmark = pytest.mark.django_db

ISSUER = "https://app.example.com"
OURS = "mcp_oauth_discovery.middleware.DiscoveryMiddleware"


def page(request):
    return HttpResponse()


class Page(View):
    pass


class RestPage(APIView):
    pass


@api_view(["POST"])
def rest_page(request):
    return HttpResponse()


class CallablePage:
    def __call__(self, request):
        return HttpResponse()


DISCOVERY = path("", include("mcp_oauth_discovery.urls"))
OAUTH = path("oauth/mcp/", include("mcp_oauth_discovery.contrib.oauth_toolkit.urls"))
MCP = path("mcp", bearer_required("/mcp", scope="mcp", verify=verify_token, user=find_user)(page))


@pytest.fixture
def urlconf(settings, monkeypatch):
    """Return a function that replaces the URLconf by one with these patterns."""

    def urlconf(*patterns):
        module = ModuleType("urls_of_the_test")
        module.urlpatterns = list(patterns)
        module.__file__ = __file__
        monkeypatch.setitem(sys.modules, module.__name__, module)
        settings.ROOT_URLCONF = module.__name__

    return urlconf


@pytest.fixture
def complete(settings, urlconf):
    """Make the project of the tests complete; a test then spoils one thing."""
    # The protection sends the CORS headers of the endpoint itself.
    others = [name for name in settings.MIDDLEWARE if not name.startswith("corsheaders.")]
    settings.MIDDLEWARE = [OURS, *others]
    settings.MCP_ISSUER = ISSUER
    settings.MCP_RESOURCES = {"/mcp": {"scopes_supported": ["mcp"]}}
    settings.OAUTH2_PROVIDER = oauth2_provider_settings(scopes={"mcp": "Use the server"})
    settings.MCP_AUTHORIZATION_SERVER_METADATA = authorization_server_metadata(
        settings.OAUTH2_PROVIDER
    )
    urlconf(DISCOVERY, OAUTH, MCP)
    # An RSA key takes a while to make.
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA")
    return settings


def init(*options):
    output = StringIO()
    call_command("mcp_discovery", "init", *options, stdout=output)
    return output.getvalue()


def missing():
    steps = json.loads(init("--json"))["steps"]
    return {step["step"]: step for step in steps if not step["done"]}


def test_complete_project_gets_good_news_and_the_next_command(complete):
    assert init() == COMPLETE


def test_doctor_finds_no_problems_in_a_complete_project(complete):
    assert examine().problems == ()


def test_init_queries_nothing_that_writes(complete):
    statements = []

    def note(execute, sql, params, many, context):
        statements.append(sql.split()[0])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        init()
    assert set(statements) <= {"SELECT", "SAVEPOINT", "RELEASE"}


def test_document_is_in_english_whatever_the_language(complete):
    before = init("--json")
    with translation.override("de"):
        assert init("--json") == before


def test_files_are_those_of_the_project(complete, urlconf):
    urlconf(DISCOVERY, MCP)
    step = missing()["oauth-urls"]
    assert (step["where"], step["file"]) == ("urls", "tests/init/test_reading.py")
    assert '    path("oauth/mcp/", include("' in step["lines"][3]


def test_what_the_checks_say_of_a_complete_project_remains(complete):
    complete.MCP_RESOURCES = {"/mcp": {"scopes_supported": ["mcp"]}, "/gone": {"enabled": True}}
    complete.MCP_METADATA_MAX_AG = 1
    [step] = missing().values()
    assert step["step"] == "mcp_oauth_discovery.W004"
    assert step["lines"] == []
    assert "MCP_METADATA_MAX_AG" in step["text"]


def test_check_that_is_silenced_is_no_step(complete):
    complete.MCP_METADATA_MAX_AG = 1
    complete.SILENCED_SYSTEM_CHECKS = ["mcp_oauth_discovery.W004"]
    assert missing() == {}


def test_wrong_setting_comes_before_everything(complete):
    complete.MCP_ISSUER = "app.example.com"
    [step] = missing().values()
    assert step["step"] == "mcp_oauth_discovery.E001"
    assert "1. Correct this:" in init()


def test_names_of_urls_that_are_missing_are_no_wrong_setting(complete, urlconf):
    urlconf(DISCOVERY, MCP)
    assert list(missing()) == ["oauth-urls"]


def test_urls_of_the_toolkit_itself_are_replaced(complete, urlconf):
    theirs = "oauth2_provider.urls"
    urlconf(DISCOVERY, MCP, path("o/", include(theirs)))
    step = missing()["oauth-urls"]
    assert "are the views of django-oauth-toolkit" in step["text"]
    urlconf(DISCOVERY, MCP, OAUTH, path("o/", include(theirs, namespace="toolkit")))
    assert missing() == {}


def test_urls_of_the_toolkit_beside_those_of_the_preset_have_another_namespace(complete, urlconf):
    def beside(**options):
        urlconf(DISCOVERY, OAUTH, MCP, path("o/", include("oauth2_provider.urls", **options)))
        return missing()

    assert 'namespace="toolkit"' in beside()["oauth-urls"]["text"]
    assert beside(namespace="toolkit") == {}


def test_urls_that_are_missing(complete, urlconf):
    urlconf(OAUTH, MCP)
    [step] = missing().values()
    assert step["step"] == "urls"
    complete.SILENCED_SYSTEM_CHECKS = ["mcp_oauth_discovery.W001"]
    assert missing() == {}


def test_process_without_urls_is_an_error(complete):
    complete.ROOT_URLCONF = ""
    with pytest.raises(CommandError, match="ROOT_URLCONF is not set"):
        init()


@pytest.mark.parametrize(
    ("middleware", "place"),
    [
        ([], Middleware.MISSING),
        ([OURS], Middleware.FIRST),
        (["project.middleware.Tenants", OURS], Middleware.FIRST),
        (["django.middleware.common.CommonMiddleware", OURS], Middleware.LATE),
        (["corsheaders.middleware.CorsMiddleware", OURS], Middleware.LATE),
    ],
    ids=str,
)
def test_place_of_the_middleware(complete, middleware, place):
    complete.MIDDLEWARE = middleware
    assert reading.setup().middleware is place


@pytest.mark.parametrize(
    ("hosts", "debug", "issuer"),
    [
        ([], True, "http://127.0.0.1:8000"),
        ([], False, "https://app.example.com"),
        (["*"], False, "https://app.example.com"),
        (["localhost", "127.0.0.1"], False, "http://127.0.0.1:8000"),
        (["www.example.org"], False, "https://www.example.org"),
        ([".example.org", "localhost"], True, "https://example.org"),
        (["a.example.org", "b.example.org"], True, "http://127.0.0.1:8000"),
        (["a.example.org", "b.example.org"], False, "https://a.example.org"),
    ],
    ids=str,
)
def test_issuer_that_is_suggested(complete, hosts, debug, issuer):
    del complete.MCP_ISSUER
    complete.ALLOWED_HOSTS, complete.DEBUG = hosts, debug
    step = missing()["issuer"]
    assert step["lines"] == [f'MCP_ISSUER = "{issuer}"']


@pytest.mark.parametrize(
    ("issuer", "hosts", "debug", "refused"),
    [
        (ISSUER, ["app.example.com"], False, ()),
        (ISSUER, ["*"], False, ()),
        (ISSUER, [], True, ("app.example.com",)),
        ("http://127.0.0.1:8000", [], True, ()),
        (lambda request: ISSUER, ["localhost"], False, ()),
    ],
    ids=["listed", "any", "refused", "debug", "callable"],
)
def test_hosts_that_django_would_refuse(complete, issuer, hosts, debug, refused):
    complete.MCP_ISSUER, complete.ALLOWED_HOSTS, complete.DEBUG = issuer, hosts, debug
    assert reading.setup().refused_hosts == refused


@pytest.mark.parametrize(
    ("provider", "state"),
    [
        ({}, (False, False)),
        ({"PKCE_REQUIRED": True}, (False, True)),
        ({"ACCESS_TOKEN_GENERATOR": "project.token"}, (True, False)),
    ],
    ids=["none", "own", "generator"],
)
def test_settings_of_the_toolkit(complete, provider, state):
    complete.OAUTH2_PROVIDER = provider
    found = reading.setup()
    assert (found.has_provider_settings, found.extends_provider_settings) == state


def test_server_is_the_one_that_the_settings_choose(complete, monkeypatch):
    installed = {"oauth2_provider"}
    monkeypatch.setattr(reading.apps, "is_installed", lambda name: name in installed)
    assert reading.setup().server is Server.TOOLKIT
    installed.add("allauth.idp.oidc")
    assert reading.setup().server is Server.ALLAUTH
    installed.clear()
    assert reading.setup().server is Server.OWN
    complete.MCP_AUTHORIZATION_SERVER_METADATA = {}
    found = reading.setup()
    assert (found.server, found.is_server_chosen) == (Server.TOOLKIT, False)
    complete.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    found = reading.setup()
    assert (found.server, found.is_server_chosen) == (Server.OUTSIDE, True)
    complete.MCP_AUTHORIZATION_SERVERS = [ISSUER]
    assert reading.setup().server is Server.TOOLKIT


def test_outside_provider_needs_no_database(complete):
    complete.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    with broken_database():
        assert init() == COMPLETE


def test_path_and_scopes_are_those_of_the_settings(complete):
    complete.MCP_RESOURCES = {"/api/mcp": {"scopes_supported": ["read", "write"]}}
    found = reading.setup()
    assert (found.path, found.scopes) == ("/api/mcp", ("read", "write"))
    complete.MCP_RESOURCES = {"/mcp": {}}
    assert reading.setup().scopes == ("mcp",)


def test_path_is_that_of_a_protected_view_without_the_setting(complete, urlconf):
    complete.MCP_RESOURCES = {}
    urlconf(DISCOVERY, OAUTH, path("tools", bearer_required(scope="mcp")(page)))
    assert reading.setup().path == "/tools"
    assert missing()["resources"]["lines"] == [
        'MCP_RESOURCES = {"/tools": {"scopes_supported": ["mcp"]}}'
    ]


def test_suggested_path_has_the_slash_of_the_route(complete, urlconf):
    complete.MCP_RESOURCES = {}
    urlconf(DISCOVERY, OAUTH, path("mcp/", page))
    assert reading.setup().path == "/mcp/"


@pytest.mark.parametrize(
    ("patterns", "endpoint", "view"),
    [
        ([MCP], Endpoint.PROTECTED, ""),
        ([path("mcp", page)], Endpoint.FUNCTION, f"{__name__}.page"),
        ([path("mcp/", page)], Endpoint.FUNCTION, f"{__name__}.page"),
        ([path("mcp", Page.as_view())], Endpoint.CLASS, f"{__name__}.Page"),
        ([path("mcp", RestPage.as_view())], Endpoint.REST_FRAMEWORK, f"{__name__}.RestPage"),
        ([path("mcp", rest_page)], Endpoint.REST_FRAMEWORK, f"{__name__}.rest_page"),
        ([path("mcp", CallablePage())], Endpoint.FOREIGN, f"{__name__}.CallablePage"),
        ([path("mcp", View.as_view())], Endpoint.FOREIGN, "django.views.generic.base.View"),
        ([], Endpoint.MISSING, ""),
    ],
    ids=[
        "protected",
        "function",
        "slash",
        "class",
        "rest-framework",
        "api-view",
        "object",
        "package",
        "missing",
    ],
)
def test_mcp_endpoint(complete, urlconf, patterns, endpoint, view):
    urlconf(DISCOVERY, OAUTH, *patterns)
    found = reading.setup()
    assert (found.endpoint, found.view) == (endpoint, view)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ('server.http_app(path="/mcp")', Endpoint.IN_ASGI),
        ("application = get_asgi_application()", Endpoint.MISSING),
        (None, Endpoint.MISSING),
    ],
    ids=["mounted", "django", "none"],
)
def test_mcp_server_in_asgi(complete, urlconf, monkeypatch, tmp_path, text, endpoint):
    urlconf(DISCOVERY, OAUTH)
    package = tmp_path / "site_of_the_test"
    package.mkdir()
    (package / "__init__.py").touch()
    if text is not None:
        (package / "asgi.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "site_of_the_test", raising=False)
    complete.ASGI_APPLICATION = "site_of_the_test.asgi.application"
    assert reading.setup().endpoint is endpoint


def test_package_that_has_an_mcp_server_is_found(complete, monkeypatch):
    assert reading.setup().mcp_package == ("django-mcpz", "integrations/django-mcpz")
    monkeypatch.setattr(endpoints, "_PACKAGES", {"no-such-package": "integrations/none"})
    assert reading.setup().mcp_package is None


def test_toolkit_that_is_not_installed(complete, monkeypatch):
    monkeypatch.setattr(reading, "find_spec", lambda name: None)
    assert reading.setup().has_package is False


def test_prefix_of_the_site_is_part_of_the_path(complete, urlconf):
    complete.FORCE_SCRIPT_NAME = "/app"
    complete.MCP_RESOURCES = {}
    urlconf(DISCOVERY, OAUTH)
    found = reading.setup()
    assert (found.path, found.route) == ("/app/mcp", "mcp")


@pytest.mark.parametrize(
    ("code", "base"),
    [("from .base import *", "base.py"), ("from os import path", ""), (None, "")],
    ids=["base", "other-import", "no-file"],
)
def test_file_for_all_environments(complete, monkeypatch, tmp_path, code, base):
    for name, text in (("base", ""), ("dev", code)):
        module = ModuleType(f"settings_of_the_test.{name}")
        if text is not None:
            module.__file__ = str(tmp_path / f"{name}.py")
            (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    complete.SETTINGS_MODULE = "settings_of_the_test.dev"
    monkeypatch.chdir(tmp_path)
    assert reading.setup().files.base_settings == base


def test_urlconf_without_a_file_is_named_by_the_setting(complete):
    module = ModuleType("urls_without_a_file")
    module.urlpatterns = [DISCOVERY, OAUTH, MCP]
    complete.ROOT_URLCONF = module
    assert reading.setup().files.urls == "ROOT_URLCONF"


def test_database_without_keys(complete):
    SigningKey.objects.all().delete()
    assert missing()["keys"]["lines"] == ["python manage.py mcp_keys rotate"]


def test_database_that_is_down_is_no_traceback(complete):
    with broken_database():
        [step] = missing().values()
    assert step["text"] == "The database cannot be read: the database is down"


def test_tables_that_are_missing(complete, monkeypatch):
    monkeypatch.setattr(
        "django.db.migrations.recorder.MigrationRecorder.applied_migrations", lambda self: {}
    )
    assert missing()["migrations"]["lines"] == ["python manage.py migrate"]


def test_sqlite_file_that_is_missing_is_not_made(complete, monkeypatch, tmp_path):
    file = tmp_path / "db.sqlite3"
    other = DatabaseWrapper({**connection.settings_dict, "NAME": str(file)})
    monkeypatch.setattr(
        "mcp_oauth_discovery.management.init.database.present_connection", lambda: other
    )
    assert reading.database() == reading.Database()
    assert not file.exists()


def test_files_elsewhere_are_printed_with_their_whole_path(complete, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert reading.setup().files.urls == __file__
