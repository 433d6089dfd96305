"""Every text that people see on a page of this app is translated; so are its dates."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.urls import path

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.doctor import Client
from mcp_oauth_discovery.doctor.steps import ENTRIES
from mcp_oauth_discovery.models import SigningKey, State
from tests.overview.pages import LIST, OVERVIEW, ago, visitor
from tests.translations.catalogues import LANGUAGES
from tests.translations.pseudo import faults

pytestmark = pytest.mark.django_db

HOST = {"host": "app.example.com"}


@pytest.fixture(autouse=True)
def quick(settings):
    """Leave RSA out: its keys take their time."""
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA", "ES256"]


@pytest.fixture
def staff():
    return visitor("view", "rotate", "retire", "revoke")


@pytest.fixture
def keys():
    """One key in each state."""
    for days in (200, 100, 2, 0):
        rotation.rotate("EdDSA", now=ago(days))
    rotation.revoke(rotation.rotate("ES256", now=ago(95)), now=ago(93))
    rotation.rotate("ES256")
    return {key.state(): key for key in SigningKey.objects.order_by("-pk")}


def read(response):
    assert response.status_code == 200
    return response.content.decode()


def confirming(staff, verb, *keys):
    chosen = [key.pk for key in keys]
    data = {"action": f"{verb}_keys", "_selected_action": chosen}
    return read(staff.post(f"{LIST}?state=all", data))


@pytest.mark.usefixtures("pseudo")
def test_list_is_translated(staff, keys):
    assert faults(read(staff.get(LIST))) == []
    assert faults(read(staff.get(LIST, {"q": "nothing"}))) == []


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("verbs", [("view",), ("view", "rotate")], ids=["reader", "operator"])
def test_list_and_overview_without_keys_are_translated(verbs):
    client = visitor(*verbs)
    assert faults(read(client.get(LIST))) == []
    assert faults(read(client.get(OVERVIEW))) == []


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
def test_pages_of_a_key_are_translated(staff, keys, state):
    page = f"{LIST}{keys[state].pk}"
    assert faults(read(staff.get(f"{page}/change/"))) == []
    assert faults(read(staff.get(f"{page}/history/"))) == []


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("verb", ["retire", "revoke"])
def test_confirmations_and_their_results_are_translated(staff, keys, verb):
    assert faults(confirming(staff, verb, *keys.values())) == []
    data = {"action": f"{verb}_keys", "_selected_action": [key.pk for key in keys.values()]}
    done = staff.post(f"{LIST}?state=all", {**data, "confirmed": "Yes"}, follow=True)
    assert faults(read(done)) == []


@pytest.mark.usefixtures("pseudo")
def test_rotation_is_translated(staff):
    rotate = f"{LIST}rotate/"
    for _ in ("no key", "an active key", "a pending key"):
        assert faults(read(staff.get(rotate))) == []
        assert faults(read(staff.post(rotate, follow=True))) == []


@pytest.mark.usefixtures("pseudo")
def test_overview_is_translated(settings, staff, keys):
    settings.MCP_RESOURCES = {"/mcp": {}, "/off": {"enabled": False}}
    assert faults(read(staff.get(OVERVIEW, headers=HOST))) == []


@pytest.mark.usefixtures("pseudo")
def test_overview_of_a_broken_site_is_translated(settings, staff, keys):
    patterns = [path("admin/", admin.site.urls)]
    settings.ROOT_URLCONF = type("urlconf", (), {"urlpatterns": patterns})
    page = read(staff.get(OVERVIEW, headers=HOST))
    assert "⟦Not served⟧" in page
    assert faults(page) == []


@pytest.mark.usefixtures("pseudo")
def test_index_of_the_admin_is_translated(settings, staff):
    index = read(staff.get("/admin/", headers=HOST))
    assert "⟦MCP OAuth discovery⟧" in index
    assert faults(index) == []


@pytest.mark.usefixtures("pseudo")
def test_doctor_is_translated_with_its_findings(staff):
    page = f"{OVERVIEW}doctor/"
    assert faults(read(staff.get(page, headers=HOST))) == []
    report = read(staff.post(page, headers=HOST))
    assert "⟦Clients⟧" in report
    # Names of clients and codes are the same in every language.
    names = {*" ".join(client.value for client in Client).split(), *"-".join(ENTRIES).split("-")}
    assert [word for word in faults(report) if word not in names] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_of_the_doctor_declares_only_the_names_of_standards_to_be_in_english(
    settings, staff, language
):
    settings.LANGUAGE_CODE = language
    report = read(staff.post(f"{OVERVIEW}doctor/", headers=HOST))
    declared = re.findall(r'lang="en"[^>]*>([^<]*)<', report)
    assert set(declared) <= {entry.section for entry in ENTRIES.values()}


def test_faults_are_the_words_outside_of_brackets():
    page = """<p title="A title">⟦Run <code>it</code> ⟦now⟧⟧ and then <img alt="x">⟦stop⟧</p>
    <p lang="en">Some data</p> <b>user1</b> <input type="submit" value="Go on">"""
    assert faults(page) == ["and", "then", "title", "Go", "on"]
