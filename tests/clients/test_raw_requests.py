"""What a client should never send, sent all the same, and what servers make of our answers.

Left out is what a server refuses by itself, in its own words, before Django hears of it: blanks,
control characters and letters beyond ASCII in the request line, a line longer than it takes, more
than one Host, no Host in HTTP/1.1 (uvicorn), `Expect` (gunicorn), SCRIPT_NAME as a header
(gunicorn believes it from loopback, and answers 500 when the path does not fit).
"""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from tests.clients.deployments import Deploy, Deployment, Plan
from tests.clients.wire import Answer, ask

pytestmark = pytest.mark.clients

# Put wherever a request has room for it; an answer that contains it has reflected the request.
MARK = "m4rk3r"

PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"
AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
JWKS = "/.well-known/jwks.json"
DOCUMENTS = {
    "default-resource": PROTECTED_RESOURCE,
    "resource": f"{PROTECTED_RESOURCE}/mcp",
    "server": AUTHORIZATION_SERVER,
    "jwks": JWKS,
}

# What may follow a well-known name without being the path of anybody.
NOBODIES = {
    "unknown-path-and-query": f"/{MARK}?{MARK}={MARK}",
    "parents-out-of-the-root": "/../../../../../etc/passwd",
    "encoded-slashes": f"/..%2f..%2f{MARK}",
    "nul": f"/mcp%00{MARK}",
    "final-line-feed": "/mcp%0a",
    "header": f"/%0d%0aX-Injected:{MARK}",
    "not-utf-8": f"/%ff%fe{MARK}",
    "not-percent-encoded": f"/%zz{MARK}",
    "3500-characters": f"/{MARK * 600}"[:3500],
    "double-slash-and-host": f"//{MARK}.example",
    "absolute-url": f"/https://{MARK}.example/mcp",
}

FORGED_HOSTS = {
    "another-site": f"{MARK}.example",
    "user-name": f"{MARK}@127.0.0.1",
    "path": f"127.0.0.1/{MARK}",
    "not-a-port": f"127.0.0.1:{MARK}",
    "not-an-address": f"[::{MARK}]",
    "list": f"127.0.0.1, {MARK}.example",
    "blank": " ",
}

METHODS = ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", MARK.upper()]


ANY_PATH = {**DOCUMENTS, "nobody": f"{PROTECTED_RESOURCE}/{MARK}"}


@pytest.fixture(params=DOCUMENTS.values(), ids=DOCUMENTS)
def document(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=ANY_PATH.values(), ids=ANY_PATH)
def path(request: pytest.FixtureRequest) -> str:
    return request.param


def assert_refused(answer: Answer, status: HTTPStatus) -> None:
    """Hold an answer to what every refusal of ours is: JSON, open to scripts, and no mirror."""
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    assert list(json.loads(answer.body)) == ["error"]
    assert answer.headers.get_all("Access-Control-Allow-Origin") == ["*"]
    assert answer.headers["Location"] is None
    assert MARK.encode() not in answer.octets.lower()


@pytest.mark.parametrize("rest", NOBODIES.values(), ids=NOBODIES)
def test_path_of_nobody_is_not_found(usual_deployment: Deployment, rest: str):
    assert_refused(ask(usual_deployment, PROTECTED_RESOURCE + rest), HTTPStatus.NOT_FOUND)


def test_path_of_no_issuer_is_not_found(usual_deployment: Deployment):
    assert_refused(ask(usual_deployment, f"{AUTHORIZATION_SERVER}/{MARK}"), HTTPStatus.NOT_FOUND)


@pytest.mark.parametrize("front", ["/", f"//{MARK}.example"], ids=["slash", "host"])
def test_double_slash_in_front_is_not_ours_and_leads_nowhere(
    usual_deployment: Deployment, front: str
):
    answer = ask(usual_deployment, front + JWKS)
    assert (answer.status, answer.headers["Location"]) == (HTTPStatus.NOT_FOUND, None)
    assert MARK.encode() not in answer.octets


@pytest.mark.parametrize("host", FORGED_HOSTS.values(), ids=FORGED_HOSTS)
def test_forged_host_is_a_bad_request(usual_deployment: Deployment, host: str):
    for path in ANY_PATH.values():
        assert_refused(ask(usual_deployment, path, host=host), HTTPStatus.BAD_REQUEST)


@pytest.mark.parametrize(
    ("method", "path"),
    [*[(method, JWKS) for method in METHODS], *[("POST", path) for path in ANY_PATH.values()]],
)
def test_other_methods_are_not_allowed(usual_deployment: Deployment, path: str, method: str):
    body = f'{{"{MARK}": "{MARK}"}}'
    headers = ["Content-Type: application/json", f"X-{MARK}: {MARK}"]
    answer = ask(usual_deployment, path, *headers, method=method, body=body)
    assert_refused(answer, HTTPStatus.METHOD_NOT_ALLOWED)
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data", f"text/plain; charset={MARK}"],
)
def test_no_body_is_looked_into(usual_deployment: Deployment, content_type: str):
    header = f"Content-Type: {content_type}"
    answer = ask(usual_deployment, JWKS, header, method="POST", body=f"--{MARK}")
    assert_refused(answer, HTTPStatus.METHOD_NOT_ALLOWED)


def substance(answer: Answer) -> list[tuple[str, str]]:
    """Return the headers without the one that says when."""
    return [(name, value) for name, value in answer.headers.items() if name.lower() != "date"]


def test_host_may_be_missing(usual_deployment: Deployment, document: str):
    with_host = ask(usual_deployment, document, version="1.0")
    without = ask(usual_deployment, document, version="1.0", host=None)
    assert without.status == HTTPStatus.OK
    assert (without.body, substance(without)) == (with_host.body, substance(with_host))


@pytest.mark.parametrize(
    "forged",
    [
        f"X-Forwarded-Host: {MARK}.example",
        "X-Forwarded-Proto: https",
        f"X-Forwarded-For: {MARK}",
        f"Forwarded: host={MARK}.example;proto=https",
        f"X-Original-URL: /{MARK}",
        f"Origin: https://{MARK}.example",
        f"Cookie: sessionid={MARK}",
        f"Authorization: Bearer {MARK}",
        f"Accept: text/{MARK}",
        "Accept-Encoding: gzip",
        "Range: bytes=0-3",
    ],
)
def test_document_is_the_same_whatever_a_header_says(usual_deployment: Deployment, forged: str):
    for document in DOCUMENTS.values():
        plain, answer = ask(usual_deployment, document), ask(usual_deployment, document, forged)
        assert answer.status == HTTPStatus.OK
        assert (answer.body, substance(answer)) == (plain.body, substance(plain))


def test_head_is_get_without_the_body(usual_deployment: Deployment, path: str):
    get, head = ask(usual_deployment, path), ask(usual_deployment, path, method="HEAD")
    assert (head.status, substance(head)) == (get.status, substance(get))
    assert (int(get.headers["Content-Length"]), head.body) == (len(get.body), b"")


def test_etag_saves_the_body(usual_deployment: Deployment, document: str):
    first = ask(usual_deployment, document)
    second = ask(usual_deployment, document, f"If-None-Match: {first.headers['ETag']}")
    assert (second.status, second.body) == (HTTPStatus.NOT_MODIFIED, b"")
    for name in ("ETag", "Cache-Control", "Access-Control-Allow-Origin"):
        assert second.headers[name] == first.headers[name]


def test_another_etag_saves_nothing(usual_deployment: Deployment, document: str):
    assert ask(usual_deployment, document, 'If-None-Match: "x"').status == HTTPStatus.OK


def test_preflight_is_204_without_a_body(usual_deployment: Deployment, path: str):
    answer = ask(
        usual_deployment,
        path,
        f"Origin: https://{MARK}.example",
        "Access-Control-Request-Method: GET",
        "Access-Control-Request-Headers: authorization,mcp-protocol-version",
        method="OPTIONS",
    )
    assert (answer.status, answer.body) == (HTTPStatus.NO_CONTENT, b"")
    assert answer.headers["Access-Control-Allow-Headers"] == "*, Authorization"
    assert MARK.encode() not in answer.octets


def test_all_processes_send_the_same_octets(deploy: Deploy, document: str):
    """Ask, again and again, four processes of three servers that are pinned to one identity."""
    identity = ("https://app.example.com/tenants/one", "https://app.example.com/mcp")
    servers = [
        deploy(Plan("gunicorn", *identity)),
        deploy(Plan("gunicorn", *identity, options=("--workers", "2"))),
        deploy(Plan("uvicorn", *identity)),
    ]
    answers = [ask(one, document) for one in servers for _ in range(10)]
    assert {answer.status for answer in answers} == {HTTPStatus.OK}
    assert len({(answer.body, answer.headers["ETag"]) for answer in answers}) == 1
