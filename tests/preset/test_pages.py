"""The pages of the preset: where users sign in, and what the pages may load."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.urls import clear_script_prefix, set_script_prefix
from oauth2_provider.models import Application

from mcp_oauth_discovery.contrib.oauth_toolkit import ConsentView, MetadataFetcher
from tests.markdown import blocks, read
from tests.preset.conftest import CALLBACK

AUTHORIZE, LOGIN = "/oauth/mcp/authorize", "/oauth/mcp/login"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


def sign_in_page(visitor, question):
    return visitor.get(AUTHORIZE, question)["location"].partition("?")[0]


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ("/accounts/login/", LOGIN),
        ("nonsense", LOGIN),
        ("", LOGIN),
        ("own-login", "/own/login/"),
        ("/own/login/", "/own/login/"),
        ("https://login.example.com/", "https://login.example.com/"),
        # LocaleMiddleware redirects it.
        ("/members/", "/members/"),
    ],
    ids=["default", "unknown-name", "empty", "name", "path", "elsewhere", "language"],
)
def test_users_sign_in_where_the_site_has_a_page(preset, visitor, question, configured, expected):
    preset.LOGIN_URL = configured
    assert sign_in_page(visitor, question) == expected


def test_sign_in_page_needs_no_row_of_the_sites_app(preset, visitor):
    assert "django.contrib.sites" in preset.INSTALLED_APPS
    page = visitor.get(LOGIN)
    assert page.status_code == 200
    assert page.context["site_name"] == "app.example.com"


def test_login_url_stays_without_the_page_of_the_preset(preset):
    preset.ROOT_URLCONF, preset.LOGIN_URL = "tests.urls", "/outside/login/"
    assert ConsentView().get_login_url() == "/outside/login/"


@pytest.fixture
def prefix():
    set_script_prefix("/app/")
    yield
    clear_script_prefix()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/app/own/login/", "/app/own/login/"),
        ("/app/accounts/login/", f"/app{LOGIN}"),
        ("/own/login/", f"/app{LOGIN}"),
    ],
    ids=["served", "not-served", "not-below"],
)
@pytest.mark.usefixtures("prefix")
def test_login_url_is_looked_up_below_the_prefix(preset, path, expected):
    preset.LOGIN_URL = path
    assert ConsentView().get_login_url() == expected


def test_user_signs_in_and_is_asked(browser, question):
    browser.logout()
    asked = browser.get(AUTHORIZE, question)["location"]
    form = {"username": "ada", "password": "of a user for one test"}
    target = parse_qs(urlsplit(asked).query)["next"][0]
    back = browser.post(LOGIN, {**form, "next": target})
    assert back["location"] == target
    page = browser.get(target).content.decode()
    assert "Use the MCP server" in page
    assert "127.0.0.1:41234" in page


def test_wrong_password_is_said_on_the_page(browser):
    page = browser.post(LOGIN, {"username": "ada", "password": "wrong"}).content.decode()
    assert page.count('role="alert"') == 1


def test_other_user_may_sign_in_for_the_same_request(browser, question):
    page = browser.get(AUTHORIZE, question)
    target = page.wsgi_request.get_full_path()
    assert 'action="/oauth/mcp/logout"' in page.content.decode()
    assert browser.post("/oauth/mcp/logout", {"next": target})["location"] == target
    assert browser.get(target)["location"].startswith(LOGIN)


def test_user_who_signs_out_elsewhere_comes_to_the_sign_in_page(browser):
    assert browser.post("/oauth/mcp/logout")["location"] == LOGIN


def test_second_click_on_the_button_that_signs_out_leads_to_the_same_page(preset, visitor):
    preset.MIDDLEWARE = [*preset.MIDDLEWARE, LOGIN_REQUIRED]
    assert visitor.post("/oauth/mcp/logout", {"next": AUTHORIZE})["location"] == AUTHORIZE


def test_pages_open_on_a_site_that_requires_a_sign_in(preset, visitor, question):
    preset.MIDDLEWARE = [*preset.MIDDLEWARE, LOGIN_REQUIRED]
    assert visitor.get(LOGIN).status_code == 200
    assert sign_in_page(visitor, question) == LOGIN
    assert visitor.post("/oauth/mcp/token").status_code == 400


@pytest.mark.parametrize("path", [LOGIN, AUTHORIZE])
def test_other_sites_cannot_send_a_form_even_without_the_middleware(preset, browser, path):
    preset.MIDDLEWARE = [name for name in preset.MIDDLEWARE if "Csrf" not in name]
    browser.handler.enforce_csrf_checks = True
    assert browser.post(path, {"allow": "true"}).status_code == 403


@pytest.mark.parametrize("prompt", ["", "none", "create"])
def test_document_of_a_client_is_fetched_for_a_user_alone(browser, question, prompt, monkeypatch):
    fetched = []
    monkeypatch.setattr(MetadataFetcher, "fetch", lambda self, url: fetched.append(url))
    # The toolkit remembers the failure for each document.
    client_id = f"https://client.example/{prompt}.json"
    question = {**question, "client_id": client_id, "prompt": prompt}
    browser.logout()
    assert sign_in_page(browser, question) == LOGIN
    assert fetched == []
    browser.force_login(User.objects.get())
    browser.get(AUTHORIZE, question)
    assert fetched == [client_id]


@pytest.mark.parametrize("path", [LOGIN, AUTHORIZE])
def test_page_loads_only_its_own_style(browser, question, path):
    response = browser.get(path, question)
    policy = response["content-security-policy"]
    assert "default-src 'none'; style-src 'self';" in policy
    assert "form-action" not in policy
    assert response["cache-control"] == "no-store"
    page = response.content.decode()
    assert "<script" not in page
    assert " style=" not in page


@pytest.mark.parametrize("cdn", ["https://cdn.example.com", "//cdn.example.com"])
def test_policy_allows_the_style_on_a_cdn(preset, visitor, cdn):
    preset.STATIC_URL = f"{cdn}/static/"
    policy = visitor.get(LOGIN)["content-security-policy"]
    assert f"style-src {cdn.removeprefix('//')};" in policy


def test_trusted_client_gets_its_code_without_a_page(browser, question):
    Application.objects.update(skip_authorization=True)
    answer = browser.get(AUTHORIZE, question)["location"]
    assert answer.startswith(f"{CALLBACK}?code=")


def test_page_about_bad_parameters_loads_only_its_own_style(browser):
    response = browser.get(f"{AUTHORIZE}?client_id=%00")
    assert response.status_code == 400
    assert "default-src 'none'" in response["content-security-policy"]


@pytest.mark.parametrize("mark", ["?", "#", "?a=b#"])
def test_error_waits_for_the_user_wherever_it_stands_in_the_url(rf, mark):
    view = ConsentView()
    view.setup(rf.get(AUTHORIZE))
    page = view.redirect(f"https://client.example/{mark}error=invalid_scope", None)
    assert page.status_code == 400
    assert page.context_data["error"] == {"error": "invalid_scope", "description": ""}


def test_block_of_a_page_is_replaced_as_the_documentation_shows(preset, visitor, tmp_path):
    [block] = blocks(read("docs/integrations/oauth-toolkit.md"), "html")
    path = tmp_path / "mcp_oauth_discovery" / "oauth" / "base.html"
    path.parent.mkdir(parents=True)
    path.write_text(block)
    [engine] = preset.TEMPLATES
    preset.TEMPLATES = [{**engine, "DIRS": [tmp_path]}]
    page = visitor.get(LOGIN).content.decode()
    assert "<header>Example Ltd.</header>" in page
    assert 'type="password"' in page
