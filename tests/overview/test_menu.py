"""The overview in the menu of the admin, and the line about the health of the site on its index."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import unescape

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.urls import path

from mcp_oauth_discovery import checks, rotation
from mcp_oauth_discovery.admin import SigningKeyAdmin
from mcp_oauth_discovery.checks.registry import Rule
from mcp_oauth_discovery.models import SigningKey
from tests.keys import unreadable_keys
from tests.markdown import CHECKOUT
from tests.overview.pages import LIST, OVERVIEW, visitor
from tests.overview.test_page import only_reads
from tests.urls import urlpatterns

pytestmark = pytest.mark.django_db

INDEX, APP_INDEX = "/admin/", "/admin/mcp_oauth_discovery/"


@pytest.fixture
def healthy(settings):
    """Let the checks pass, apart from those for deployment."""
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    settings.MCP_RESOURCES = {"/page/": {}}
    settings.DEBUG = True


def names(client, where):
    """Return the names in the menu that link to the overview."""
    page = client.get(where).content.decode()
    return [
        unescape(name)
        for name in re.findall(rf'<th[^>]*>\s*<a href="{OVERVIEW}"[^>]*>([^<]+)</a>', page)
    ]


@pytest.mark.parametrize("where", [INDEX, APP_INDEX])
def test_index_says_that_there_are_no_problems(staff, healthy, where):
    assert names(staff, where) == ["Overview · no problems found"]


@pytest.mark.parametrize("where", [INDEX, APP_INDEX])
def test_index_counts_problems_and_names_the_worst(staff, healthy, settings, where):
    settings.MCP_JWKS_MAX_AGE = settings.MCP_METADATA_MAX_AGE = -1
    [name] = names(staff, where)
    assert name.startswith("Overview · 2 problems: MCP_METADATA_MAX_AGE is -1: expected a whole")


def test_one_problem_is_one(staff, healthy, settings):
    settings.MCP_JWKS_MAX_AGE = -1
    [name] = names(staff, INDEX)
    assert name.startswith("Overview · 1 problem: MCP_JWKS_MAX_AGE is -1")


def test_checks_for_deployment_count_where_a_site_is_deployed(staff, healthy, settings):
    settings.MCP_ISSUER = None
    in_development = names(staff, INDEX)
    settings.DEBUG = False
    assert names(staff, INDEX) != in_development


def test_other_pages_have_the_name_alone(staff, healthy):
    staff.get(INDEX)
    assert names(staff, LIST)[0] == "Overview"


def test_menu_marks_the_overview_as_the_current_page(staff):
    assert f'href="{OVERVIEW}" aria-current="page"' in staff.get(OVERVIEW).content.decode()


def test_menu_has_the_overview_only_for_those_who_may_view_keys():
    assert OVERVIEW not in visitor("rotate").get(INDEX).content.decode()


def test_index_costs_few_queries_and_no_writes(staff, settings):
    staff.get(INDEX)
    rotation.rotate("EdDSA")
    keys = []

    def count(execute, sql, params, many, context):
        keys.append(SigningKey._meta.db_table in sql and sql.startswith("SELECT"))  # noqa: SLF001
        return only_reads(execute, sql, params, many, context)

    with connection.execute_wrapper(count):
        staff.get(INDEX)
    assert 0 < sum(keys) <= 7


def test_index_survives_a_check_that_fails(staff, monkeypatch):
    def fail(**kwargs):
        raise RuntimeError("The moon is down. " * 9)

    monkeypatch.setitem(checks.RULES, "W001", Rule(fail, (), False))
    [name] = names(staff, INDEX)
    assert re.fullmatch(r"Overview · the checks failed: (The moon is down\. )+.+…", name)


def test_index_survives_keys_that_cannot_be_read(staff, healthy):
    with unreadable_keys():
        [name] = names(staff, INDEX)
    assert name.startswith("Overview · the keys cannot be read: ")


def test_overview_is_no_model_of_the_project():
    assert "overview" not in apps.get_app_config("mcp_oauth_discovery").models


@pytest.fixture
def own_site(settings):
    """Return an admin site of the project's own, which is served at /own/."""
    site = admin.AdminSite("own")
    site.register(SigningKey, SigningKeyAdmin)
    patterns = [path("own/", site.urls), *urlpatterns]
    settings.ROOT_URLCONF = type("urlconf", (), {"urlpatterns": patterns})
    return site


def test_admin_site_of_a_project_that_has_the_keys_has_the_overview(own_site, staff):
    page = staff.get("/own/").content.decode()
    assert 'href="/own/mcp_oauth_discovery/overview/"' in page
    overview = staff.get("/own/mcp_oauth_discovery/overview/").content.decode()
    assert 'href="/own/mcp_oauth_discovery/signingkey/"' in overview
    assert 'href="/admin/' not in overview


def test_project_may_replace_the_admin_of_the_keys(own_site, staff):
    own_site.unregister(SigningKey)
    own_site.register(SigningKey, type("OwnAdmin", (SigningKeyAdmin,), {}))
    assert staff.get("/own/mcp_oauth_discovery/overview/").status_code == 200


def test_admin_without_the_keys_has_no_overview(own_site, staff):
    own_site.unregister(SigningKey)
    assert "overview" not in staff.get("/own/").content.decode()
    assert staff.get("/own/mcp_oauth_discovery/overview/").status_code == 403


def test_start_of_a_process_does_not_import_the_doctor():
    code = "import django, sys; django.setup(); print('mcp_oauth_discovery.doctor' in sys.modules)"
    started = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert started.stdout == "False\n"
