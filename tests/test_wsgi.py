from __future__ import annotations

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test.utils import override_script_prefix

from mcp_oauth_discovery.conf import fixed_script_prefix
from mcp_oauth_discovery.standards.wsgi import environ


def test_path_and_query_arrive_as_a_server_passes_them_on():
    made = environ("POST", "http://a.example.com:8000/%C3%BC%2Fb?x=%20", [("Content-Type", "a/b")])
    assert made["PATH_INFO"] == "/ü/b".encode().decode("latin-1")
    assert (made["QUERY_STRING"], made["SERVER_PORT"]) == ("x=%20", "8000")
    assert (made["HTTP_HOST"], made["CONTENT_TYPE"]) == ("a.example.com:8000", "a/b")


@pytest.mark.parametrize(("scheme", "port"), [("https", "443"), ("http", "80")])
def test_port_is_that_of_the_scheme(scheme, port):
    assert environ("GET", f"{scheme}://a.example.com")["SERVER_PORT"] == port


@pytest.mark.parametrize(
    ("prefix", "path", "mounted"),
    [
        ("/", "/app/mcp", ("", "/app/mcp")),
        ("/app/", "/app/mcp", ("/app", "/mcp")),
        ("/app/", "/app/", ("/app", "/")),
        ("/app/", "/app", ("/app", "")),
        ("/app", "/app/mcp", ("/app", "/mcp")),
        ("/app/", "/apple/mcp", ("", "/apple/mcp")),
        ("/app/", "/.well-known/jwks.json", ("", "/.well-known/jwks.json")),
        ("/a/b/", "/a/b/c", ("/a/b", "/c")),
        ("/ü/", "/%C3%BC/x", ("/Ã¼", "/x")),
        ("/app/", "", ("", "/")),
        ("/", "", ("", "/")),
    ],
)
def test_prefix_is_the_script_name_and_not_a_part_of_the_path(prefix, path, mounted):
    made = environ("GET", f"https://a.example.com{path}", prefix=prefix)
    assert (made["SCRIPT_NAME"], made["PATH_INFO"]) == mounted


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/app/page/", 200),
        ("/page/", 200),
        ("/apple/page/", 404),
        ("/.well-known/oauth-protected-resource/app/mcp", 200),
        ("/app/.well-known/jwks.json", 200),
    ],
)
def test_django_routes_what_is_below_the_prefix_and_beside_it(settings, path, status):
    settings.FORCE_SCRIPT_NAME = "/app"
    settings.MCP_ISSUER = "https://app.example.com/app"
    settings.MCP_RESOURCE = "https://app.example.com/app/mcp"
    made = environ("GET", f"https://app.example.com{path}", prefix=fixed_script_prefix())
    answered = []
    # Django sets the prefix for the thread.
    with override_script_prefix("/"):
        list(WSGIHandler()(made, lambda line, *_: answered.append(int(line.split()[0]))))
    assert answered == [status]
