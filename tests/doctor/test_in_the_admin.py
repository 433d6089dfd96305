"""The doctor as a page of the admin: who may run it, what it shows, and what it never does."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.handlers.base import BaseHandler
from django.db import connections
from django.test import Client
from django.urls import path, resolve

from mcp_oauth_discovery.admin import doctor as page_of_the_doctor
from mcp_oauth_discovery.doctor import EndpointReport, Finding, Report, Severity, Skipped
from mcp_oauth_discovery.models import SigningKey
from tests.doctor.healthy_urls import urlpatterns
from tests.overview.pages import HOST, visitor

pytestmark = pytest.mark.django_db

DOCTOR = "/admin/mcp_oauth_discovery/overview/doctor/"


@pytest.fixture(autouse=True)
def with_admin(healthy):
    patterns = [path("admin/", admin.site.urls), *urlpatterns]
    healthy.ROOT_URLCONF = type("urlconf", (), {"urlpatterns": patterns})


@pytest.fixture
def operator():
    return visitor("view", "rotate")


@pytest.fixture
def run(operator):
    """Return a function that runs the doctor, and returns its page and the template context."""

    def run(**headers):
        response = operator.post(DOCTOR, secure=True, headers={**HOST, **headers})
        assert response.status_code == 200
        return unescape(response.content.decode()), response.context

    return run


@pytest.mark.parametrize("verbs", [(), ("view",), ("rotate",), ("view", "retire", "revoke")])
@pytest.mark.parametrize("method", ["get", "post"])
def test_doctor_needs_permission_to_view_and_rotate(verbs, method):
    assert getattr(visitor(*verbs), method)(DOCTOR).status_code == 403


def test_anonymous_visitors_are_asked_to_log_in(client):
    assert client.post(DOCTOR).url.startswith("/admin/login/")


def test_overview_links_to_the_doctor_for_those_who_may_run_it(operator):
    where = "/admin/mcp_oauth_discovery/overview/"
    assert f'href="{DOCTOR}"' in operator.get(where).content.decode()
    assert f'href="{DOCTOR}"' not in visitor("view").get(where).content.decode()


def test_another_site_cannot_run_the_doctor():
    user = User.objects.create_superuser("operator")
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.post(DOCTOR).status_code == 403


def test_get_explains_and_examines_nothing(operator, monkeypatch):
    monkeypatch.delattr(page_of_the_doctor, "examine")
    response = operator.get(DOCTOR)
    assert "connects to no other machine" in response.content.decode()
    assert "report" not in response.context


def test_healthy_project_has_no_errors(run):
    page, context = run()
    assert context["report"].ok
    assert [client.text for client in context["clients"]][:2] == ["Claude", "ChatGPT"]
    assert "https://app.example.com/mcp" in page
    assert "CORS: web pages of another origin can read the documents" in page


def test_cause_comes_first_with_its_fix_and_its_documentation(run, healthy):
    healthy.MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": "/nowhere"}
    page, context = run()
    problem = context["problems"][0]
    assert problem.code == "oauth-endpoint-not-found"
    assert problem.fix in page
    assert 'readthedocs.io/en/latest/doctor.html#oauth-endpoint-not-found"' in page
    assert f"Start with {problem.code}." in page


def test_run_changes_neither_keys_nor_sessions(operator):
    rows = [list(model.objects.values()) for model in (SigningKey, Session)]
    operator.post(DOCTOR, secure=True, headers=HOST)
    assert [list(model.objects.values()) for model in (SigningKey, Session)] == rows


def test_page_has_no_transaction_that_a_late_view_could_keep(monkeypatch):
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", True)
    view = resolve(DOCTOR).func
    assert BaseHandler().make_view_atomic(view) is view


def test_page_has_no_token(run):
    assert not re.search(r"eyJ[\w-]+\.[\w-]+", run()[0])


def test_host_of_the_page_is_examined_where_no_setting_names_the_site(run, healthy):
    healthy.MCP_ISSUER = None
    context = run(host="tenant.example.com")[1]
    assert context["endpoints"] == ["https://tenant.example.com/mcp"]


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("MCP_RESOURCES", {"/mcp": {"enabled": False}}, "This project has no enabled resource."),
        ("MCP_ISSUER", "http://app.example.com", "MCP_ISSUER is 'http://app.example.com'"),
    ],
    ids=["no resource", "wrong setting"],
)
def test_project_that_cannot_be_examined_says_why(run, healthy, setting, value, problem):
    setattr(healthy, setting, value)
    page, context = run()
    assert context["problem"].startswith(problem)
    assert problem in page


def test_second_run_at_the_same_time_is_refused(run):
    with page_of_the_doctor._running:  # noqa: SLF001
        assert "The doctor is running already." in run()[0]
    assert "problem" not in run()[1]


def finding(seen="", *, code="cors-document", severity=Severity.ERROR, subject="https://a/mcp"):
    return Finding(code, severity, subject, seen, "a", "RFC 9728", (), "Write it.")


@pytest.fixture
def page_of(operator, monkeypatch):
    """Return a function that returns the page of a report."""

    def page_of(*reports):
        monkeypatch.setattr(page_of_the_doctor, "examine", lambda **options: Report(reports))
        return operator.post(DOCTOR)

    return page_of


def test_text_of_a_site_is_escaped(page_of):
    response = page_of(EndpointReport("https://a/mcp", (finding("<script>\u202e"),)))
    assert "<pre>&lt;script&gt;\\u202e</pre>" in response.content.decode()


def test_long_lists_are_cut_and_counted(page_of):
    urls = [finding("x", subject=f"https://a/{number}") for number in range(10)]
    others = [finding(str(number), code="cors-post") for number in range(6)]
    page = page_of(EndpointReport("https://a/mcp", (*urls, *others))).content.decode()
    assert "and 2 more URLs" in page
    assert "and 2 more observations" in page


def test_what_is_true_for_one_of_two_endpoints_names_it(page_of):
    skipped = Skipped("cors", "CORS", "the time is over")
    reports = [EndpointReport("https://a/1", (), (skipped,)), EndpointReport("https://a/2", ())]
    [line] = page_of(*reports).context["steps"]
    assert (line.text, line.urls) == ("CORS: the time is over", ["https://a/1"])


def test_skipped_step_is_not_listed_as_one_without_problems(page_of):
    skipped = Skipped("cors", "CORS", "the time is over")
    page = page_of(EndpointReport("https://a/mcp", (), (skipped,))).content.decode()
    assert ">Other steps</h2>" in page
    assert "Steps without problems" not in page
