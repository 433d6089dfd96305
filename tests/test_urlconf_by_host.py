"""A middleware behind ours that chooses the URLconf of the request, as django-hosts does."""

from __future__ import annotations

import json
from contextlib import suppress
from io import StringIO
from types import ModuleType

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction, markcoroutinefunction
from django.core.management import CommandError, call_command
from django.http import HttpResponse, HttpResponseRedirect
from django.test import AsyncClient, Client
from django.urls import path, re_path, set_urlconf

from mcp_oauth_discovery.views import ProtectedResourceMetadataView
from tests import ASM, JWKS, ORIGIN, PRM, urls
from tests.urls import page

pytestmark = pytest.mark.django_db

OURS = "mcp_oauth_discovery.middleware.DiscoveryMiddleware"
BY_HOST = f"{__name__}.by_host"
HOSTS = [
    "django_hosts.middleware.HostsRequestMiddleware",
    "django_hosts.middleware.HostsResponseMiddleware",
]
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
BEHIND = [
    "django.middleware.gzip.GZipMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    SESSIONS,
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
]
HEADERS = {
    "origin": "https://stranger.example.com",
    "accept-encoding": "gzip",
    "accept-language": "de",
}
# Django's client for async stacks sends a Host of its own.
HOST = {"x-forwarded-host": "app.example.com"}
DOCUMENTS = [PRM, f"{PRM}/mcp", f"{PRM}/mcp/", ASM, JWKS]
NEAR_MISSES = ["/.well-known/jwks.json/x", "/.well-known//jwks.json", f"{PRM};x", f"{PRM}\\x"]
UNROUTED = [PRM, JWKS, *NEAR_MISSES[:2]]


class Named(ProtectedResourceMetadataView):
    def get_document(self, request, **kwargs):
        return {**super().get_document(request, **kwargs), "resource_name": "By host"}


urlpatterns = [path(f"{PRM[1:]}/named", Named.as_view()), *urls.urlpatterns]


def by_host(get_response):
    """Choose the URLconf as a project does by hand, in both kinds of stack."""

    def choose(request):
        if request.get_host() == "app.example.com":
            request.urlconf = __name__

    def by_host(request):
        choose(request)
        return get_response(request)

    async def by_host_async(request):
        choose(request)
        return await get_response(request)

    if iscoroutinefunction(get_response):
        return markcoroutinefunction(by_host_async)
    return by_host


by_host.async_capable = True


@pytest.fixture(params=["sync", "async"])
def ask(request):
    async def ask_async(path, method="GET", host="app.example.com", **headers):
        headers = {**HEADERS, "x-forwarded-host": host, **headers}
        return await AsyncClient().generic(method, path, secure=True, headers=headers)

    def ask_sync(path, method="GET", host="app.example.com", **headers):
        headers = {**HEADERS, "x-forwarded-host": host, **headers}
        return Client().generic(method, path, secure=True, headers=headers)

    return ask_sync if request.param == "sync" else async_to_sync(ask_async)


@pytest.fixture(params=[[BY_HOST], HOSTS], ids=["by-hand", "django-hosts"])
def project(request, settings):
    """Have a project whose discovery URLs belong to app.example.com alone."""
    first, *last = request.param
    settings.MIDDLEWARE = [OURS, first, *BEHIND, *last]
    settings.ROOT_URLCONF = "tests.www_urls"
    settings.ROOT_HOSTCONF, settings.DEFAULT_HOST = "tests.host_patterns", "www"
    settings.PARENT_HOST = "example.com"
    settings.USE_X_FORWARDED_HOST = True
    settings.SESSION_SAVE_EVERY_REQUEST = True
    settings.MCP_ISSUER = ORIGIN


def seen(response):
    return response.status_code, response.content, dict(response.items()), str(response.cookies)


def as_alone(settings, path, method):
    """Return what our view sends with nothing around it."""
    settings.MIDDLEWARE = [BY_HOST]
    return seen(Client().generic(method, path, secure=True, headers=HOST))


BY_HAND = pytest.mark.parametrize("project", [[BY_HOST]], ids=["by-hand"], indirect=True)


def test_document_is_found_in_either_way_of_choosing(project, ask):
    assert ask(PRM).json()["resource"] == f"{ORIGIN}/mcp"


@BY_HAND
@pytest.mark.parametrize(
    ("url", "method"),
    [
        *[(url, "GET") for url in DOCUMENTS],
        (PRM, "HEAD"),
        (PRM, "OPTIONS"),
        (PRM, "POST"),
    ],
)
def test_document_of_the_chosen_urlconf_is_served_as_if_nothing_were_around(
    settings, project, ask, url, method
):
    answer = ask(url, method)
    assert answer.status_code == {"GET": 200, "HEAD": 200, "OPTIONS": 204, "POST": 405}[method]
    assert seen(answer) == as_alone(settings, url, method)


def test_host_that_is_not_allowed_is_refused_as_json(settings, project, ask):
    settings.ALLOWED_HOSTS = ["www.example.com"]
    answer = ask(PRM)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_path_of_no_resource_on_that_host_is_a_json_404(project, ask):
    answer = ask(f"{PRM}/nowhere")
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found"})
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_document_is_not_modified_for_a_client_that_has_it(project, ask):
    assert ask(PRM, **{"if-none-match": ask(PRM)["ETag"]}).status_code == 304


def test_view_that_the_chosen_urlconf_alone_has_is_honoured(settings, project, ask):
    settings.MCP_RESOURCES = {"/named": {}}
    assert ask(f"{PRM}/named").json()["resource_name"] == "By host"


@BY_HAND
@pytest.mark.parametrize("url", UNROUTED)
def test_discovery_url_of_a_host_without_documents_is_a_json_404(project, ask, url):
    answer = ask(url, host="www.example.com")
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found"})
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies
    assert "Vary" not in answer


@BY_HAND
@pytest.mark.parametrize("url", NEAR_MISSES)
def test_near_miss_on_the_host_of_the_documents_is_a_json_404(project, ask, url):
    answer = ask(url)
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found"})


@BY_HAND
@pytest.mark.parametrize("url", UNROUTED)
def test_preflight_on_a_host_without_documents_lets_the_client_read_the_404(project, ask, url):
    preflight = {"access-control-request-method": "GET"}
    answer = ask(url, "OPTIONS", host="www.example.com", **preflight)
    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Headers"] == "*, Authorization"


@BY_HAND
@pytest.mark.parametrize("url", ["/page/", "/page", "/nowhere", "/.well-known/unknown"])
def test_other_urls_are_left_to_the_stack(settings, project, ask, url):
    ours = seen(ask(url))
    settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    theirs = seen(ask(url))
    without = {"Set-Cookie", "Vary"}
    assert ours[:2] == theirs[:2]
    assert ours[2].keys() - without == theirs[2].keys() - without


def test_document_behind_a_page_for_all_that_is_left_is_found(settings, project, ask):
    settings.ROOT_URLCONF = ModuleType("single_page")
    settings.ROOT_URLCONF.urlpatterns = [re_path(r"^.*\Z", page)]
    assert ask(PRM).json()["resource"] == f"{ORIGIN}/mcp"


def test_page_for_all_that_is_left_on_another_host_is_left_to_it(settings, ask):
    settings.MIDDLEWARE, settings.ROOT_URLCONF = [OURS], ModuleType("single_page")
    settings.ROOT_URLCONF.urlpatterns = [re_path(r"^.*\Z", page)]
    assert ask(PRM)["X-Page"] == "yes"


def login(get_response):
    return lambda request: HttpResponseRedirect("/login/?next=/")


def maintenance(get_response):
    return lambda request: HttpResponse("<h1>Later</h1>", status=503)


def by_file(get_response):
    return lambda request: HttpResponse('{"issuer": "x"}', content_type="application/json")


@pytest.mark.parametrize("url", UNROUTED)
def test_redirect_of_what_is_not_routed_is_a_json_404(settings, ask, url):
    settings.MIDDLEWARE, settings.ROOT_URLCONF = [OURS, f"{__name__}.login"], "tests.www_urls"
    answer = ask(url)
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found"})


def test_failure_of_the_stack_keeps_its_status_and_is_json(settings, ask):
    settings.MIDDLEWARE = [OURS, f"{__name__}.maintenance"]
    settings.ROOT_URLCONF = "tests.www_urls"
    answer = ask(PRM)
    assert (answer.status_code, answer.json()) == (503, {"error": "server_error"})
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_document_that_a_middleware_has_as_a_file_is_left_to_it(settings, ask):
    settings.MIDDLEWARE, settings.ROOT_URLCONF = [OURS, f"{__name__}.by_file"], "tests.www_urls"
    assert ask(ASM).json() == {"issuer": "x"}


@pytest.mark.parametrize("url", NEAR_MISSES)
def test_misspelt_url_is_a_json_404_whatever_answers(settings, ask, url):
    settings.MIDDLEWARE, settings.ROOT_URLCONF = [OURS, f"{__name__}.by_file"], "tests.www_urls"
    assert ask(url).status_code == 404


@pytest.mark.parametrize("project", [HOSTS], ids=["django-hosts"], indirect=True)
def test_documents_of_the_chosen_urlconf_are_shown(settings, project):
    settings.USE_X_FORWARDED_HOST = False
    output = StringIO()
    call_command("mcp_discovery", "show", "--json", "--host", "app.example.com", stdout=output)
    shown = json.loads(output.getvalue())["documents"]
    assert [one["status"] for one in shown] == [200, 200, 200]
    assert shown[1]["sources"]["jwks_uri"]["kind"] == "default"


@pytest.mark.parametrize(
    "project", [[BY_HOST], HOSTS], ids=["by-hand", "django-hosts"], indirect=True
)
def test_doctor_in_process_visits_the_chosen_urlconf(settings, project):
    settings.USE_X_FORWARDED_HOST = False
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {
        "client_id_metadata_document_supported": True,
        "authorization_response_iss_parameter_supported": True,
    }
    call_command("mcp_keys", "rotate", stdout=StringIO())
    output = StringIO()
    with suppress(CommandError):
        call_command("mcp_discovery", "check", "--json", stdout=output)
    [report] = json.loads(output.getvalue())["reports"]
    codes = {one["code"] for one in report["findings"]}
    assert {"protected-resource-ok", "authorization-server-ok", "jwks-ok"} <= codes


def thread_urlconf(get_response):
    def middleware(request):
        set_urlconf(__name__)
        try:
            return get_response(request)
        finally:
            set_urlconf(None)

    return middleware


def test_urlconf_of_the_thread_does_not_route_for_us_as_it_does_not_for_django(settings):
    settings.MIDDLEWARE = [f"{__name__}.thread_urlconf", OURS]
    settings.ROOT_URLCONF = "tests.www_urls"
    assert Client().get(PRM).status_code == 404
