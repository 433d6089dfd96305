"""`MCP_ALLOWED_ORIGINS`: which origins a protected endpoint accepts."""

from __future__ import annotations

import pytest
from django.urls import path
from ninja import NinjaAPI
from ninja.security import APIKeyHeader

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.contrib.ninja import BearerAuth, bearer_urls
from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.protection.origins import allowed_origins

ALLOWED = ["https://chat.example.com", "http://localhost:6274", "null", "vscode-webview://abc"]


@pytest.fixture
def status(rf):
    """Return a function that gives the status of a request from a page."""

    def status(origin, method="post"):
        headers = {"host": "app.example.com"} | ({} if origin is None else {"origin": origin})
        request = getattr(rf, method)("/mcp", headers=headers, secure=True)
        return BearerProtection("/mcp", scope="mcp")(request).status_code

    return status


@pytest.mark.parametrize("origin", [None, "https://evil.example.com", "null", "nonsense"])
def test_every_origin_is_accepted_by_default(status, origin):
    assert status(origin) == 401


@pytest.mark.parametrize("origin", [None, *ALLOWED])
def test_listed_origin_is_accepted(status, settings, origin):
    settings.MCP_ALLOWED_ORIGINS = ALLOWED
    assert (status(origin), status(origin, "options")) == (401, 204)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.com",
        "https://chat.example.com.evil.example.com",
        "http://chat.example.com",
        "https://chat.example.com:444",
        "https://chat.example.com/",
        "HTTPS://chat.example.com",
        "https://chat.example.com, https://chat.example.com",
        "https://app.example.com",
        "*",
        "",
    ],
)
def test_any_other_origin_is_refused_with_every_method(status, settings, origin):
    settings.MCP_ALLOWED_ORIGINS = ALLOWED
    assert {status(origin, method) for method in ("get", "post", "options", "delete")} == {403}


def test_empty_list_refuses_all_pages(status, settings):
    settings.MCP_ALLOWED_ORIGINS = []
    assert (status(None), status("https://app.example.com")) == (401, 403)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("https://chat.example.com", "expected a list, not str"),
        (None, "expected a list, not NoneType"),
        (["*"], "without a list"),
        ([7], "expected a string, not int"),
        (["chat.example.com"], "expected scheme, host and port"),
        (["https://chat.example.com/"], "expected scheme, host and port"),
        (["https://Chat.example.com"], "expected scheme, host and port"),
        (["https://ada@chat.example.com"], "expected scheme, host and port"),
        (["https://chat.example.com:0443"], "expected scheme, host and port"),
        (["https://chat.example.com:443"], "write 'https://chat.example.com'"),
    ],
)
def test_wrong_setting_is_refused_with_what_to_type(settings, value, problem):
    settings.MCP_ALLOWED_ORIGINS = value
    with pytest.raises(Misconfigured, match="MCP_ALLOWED_ORIGINS") as caught:
        allowed_origins()
    assert problem in str(caught.value)


@pytest.mark.parametrize("origin", ["http://[::1]:8000", "https://xn--bcher-kva.example", *ALLOWED])
def test_origins_as_browsers_send_them_are_allowed(settings, origin):
    settings.MCP_ALLOWED_ORIGINS = (origin,)
    assert allowed_origins() == (origin,)


def test_wrong_setting_lets_no_page_in_and_programs_as_before(status, settings, caplog):
    settings.MCP_ALLOWED_ORIGINS = "https://chat.example.com"
    assert (status("https://chat.example.com"), status(None)) == (500, 401)
    assert "MCP_ALLOWED_ORIGINS" in caplog.text


def test_origin_in_the_log_is_one_line_and_short(status, settings, caplog):
    settings.MCP_ALLOWED_ORIGINS = []
    status("https://evil.example.com/" + "\x1b\u2028" + "x" * 5000)
    [record] = caplog.records
    assert record.event == "origin.refused"
    assert record.getMessage().isprintable()
    assert len(record.getMessage()) < 400


class Key(APIKeyHeader):
    """Another way in, which comes before the token."""

    param_name = "x-key"

    def authenticate(self, request, key):
        return key


api = NinjaAPI(auth=[Key(), BearerAuth(BearerProtection("/mcp"))], urls_namespace="origins")


@api.post("")
def by_key(request):
    return {}


@api.post("async")
async def by_key_async(request):
    return {}


urlpatterns = [path("keys/", bearer_urls(api))]


@pytest.mark.parametrize("url", ["/keys/", "/keys/async"])
def test_other_way_in_does_not_open_the_view_to_foreign_pages(client, settings, caplog, url):
    settings.ROOT_URLCONF = __name__
    settings.MCP_ALLOWED_ORIGINS = ["https://chat.example.com"]
    for origin, status in (("https://evil.example.com", 403), ("https://chat.example.com", 200)):
        headers = {"host": "app.example.com", "x-key": "1", "origin": origin}
        assert client.post(url, headers=headers).status_code == status
    settings.MCP_ALLOWED_ORIGINS = "https://chat.example.com"
    assert client.post(url, headers=headers).json() == {"error": "server_error"}
    assert [record.event for record in caplog.records if hasattr(record, "event")] == [
        "origin.refused",
        "endpoint.failed",
    ]
