"""Metadata that is not used: of another issuer, from elsewhere, or unsafe."""

from __future__ import annotations

import json

import pytest

from mcp_oauth_discovery.signing import Unavailable
from mcp_oauth_discovery.verifiers.exchanges import Answer
from mcp_oauth_discovery.verifiers.issuer_documents import IssuerDocuments, Unreachable
from tests.outside.servers import Reply, serving


@pytest.fixture
def problem(provider, verify):
    """Return why the keys cannot be read."""

    def problem():
        with pytest.raises(Unavailable) as caught:
            verify(provider.token())
        return str(caught.value)

    return problem


@pytest.fixture
def elsewhere():
    with serving() as server:
        yield server


@pytest.mark.parametrize("name", ["", "https://login.example.com", None, 7, "x" * 1000 + "\n"])
def test_metadata_of_another_issuer_is_not_used(provider, problem, name):
    provider.publish_metadata(issuer=name)
    text = problem()
    assert f"it is the metadata of the issuer {name!r:.200}" in text
    assert text.isprintable()
    assert len(text) < 1000


def test_metadata_with_and_without_a_final_slash_is_of_two_issuers(provider, problem):
    provider.publish_metadata(issuer=f"{provider.issuer}/")
    assert f"the issuer '{provider.issuer}/', not '{provider.issuer}'" in problem()


def test_escaped_characters_of_the_issuer_are_compared_unescaped(provider, server, verify):
    document = {"issuer": provider.issuer, "jwks_uri": provider.jwks_uri}
    escaped = json.dumps(document).replace("/", "\\u002f").encode()
    server.replies[provider.form.metadata] = Reply(escaped)
    assert verify(provider.token())["iss"] == provider.issuer


def test_next_location_is_tried_after_metadata_of_another_issuer(provider, server, verify):
    path = f"/.well-known/oauth-authorization-server{provider.form.issuer}"
    server.replies[path] = Reply({"issuer": server.origin, "jwks_uri": provider.jwks_uri})
    assert verify(provider.token())


def test_redirect_is_not_followed(provider, server, elsewhere, problem):
    elsewhere.replies["/"] = server.replies[provider.form.metadata]
    redirect = Reply(b"", 302, {"Location": f"{elsewhere.origin}/"})
    server.replies[provider.form.metadata] = redirect
    assert f"it redirects to '{elsewhere.origin}/', which is not followed" in problem()
    assert elsewhere.received == []


def test_redirect_of_the_keys_is_not_followed(provider, server, elsewhere, problem):
    elsewhere.replies["/"] = server.replies[provider.form.jwks]
    redirect = Reply(b"", 307, {"Location": f"{elsewhere.origin}/"})
    server.replies[provider.form.jwks] = redirect
    assert f"{provider.jwks_uri}: it redirects to " in problem()
    assert elsewhere.received == []


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        (None, "its jwks_uri is None: expected a string"),
        ("/keys", "its jwks_uri is '/keys': expected an absolute URL"),
        ("http://login.example.com/keys", "plain http is allowed on loopback hosts only"),
        ("https://user@login.example.com/keys", "a user name or password"),
        ("file:///etc/passwd", "expected an absolute URL"),
    ],
)
def test_unsafe_jwks_uri_is_not_used(provider, problem, uri, text):
    provider.publish_metadata(jwks_uri=uri)
    assert text in problem()


class Canned:
    """Answers every request in the same way, without a network."""

    def __init__(self, **document):
        self.body = json.dumps(document).encode()

    def send(self, method, url, deadline, **kwargs):
        return Answer(200, {}, self.body)


def test_issuer_elsewhere_cannot_name_keys_on_this_machine():
    issuer = "https://login.example.com"
    client = Canned(issuer=issuer, jwks_uri="http://127.0.0.1:8080/keys")
    with pytest.raises(Unreachable, match="expected the https scheme"):
        IssuerDocuments(issuer, client, 5).read()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<html>", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        ([], "it is not a JSON object"),
        ({}, "it is not a JWK Set"),
        ({"keys": {}}, "it is not a JWK Set"),
        (b" " * (2**22 + 1), "the answer has more than 4,194,304 octets"),
    ],
    ids=["html", "binary", "deep", "list", "empty", "object", "large"],
)
def test_what_is_no_jwk_set_is_not_used(provider, server, problem, body, text):
    server.replies[provider.form.jwks] = Reply(body)
    assert f"{provider.jwks_uri}: {text}" in problem()


def test_keys_that_have_moved_are_found_again(provider, server, verify, clock):
    verify(provider.token())
    server.replies["/moved"] = server.replies.pop(provider.form.jwks)
    provider.publish_metadata(jwks_uri=f"{server.origin}/moved")
    clock.now += 301
    verify(provider.token())
    clock.now += 2
    verify(provider.token())
    assert server.paths()[-1] == "/moved"
