from __future__ import annotations

import pytest

from mcp_oauth_discovery.wsgi_environ import environ


def test_path_and_query_arrive_as_a_server_passes_them_on():
    made = environ("POST", "http://a.example.com:8000/%C3%BC%2Fb?x=%20", [("Content-Type", "a/b")])
    assert made["PATH_INFO"] == "/ü/b".encode().decode("latin-1")
    assert (made["QUERY_STRING"], made["SERVER_PORT"]) == ("x=%20", "8000")
    assert (made["HTTP_HOST"], made["CONTENT_TYPE"]) == ("a.example.com:8000", "a/b")


@pytest.mark.parametrize(("scheme", "port"), [("https", "443"), ("http", "80")])
def test_port_is_that_of_the_scheme(scheme, port):
    assert environ("GET", f"{scheme}://a.example.com")["SERVER_PORT"] == port
